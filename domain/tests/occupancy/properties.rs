//! Properties that hold for any events in any order.

use std::collections::{BTreeMap, HashMap};

use parking_domain::occupancy::{Change, DeviceFacts, Presence, Spaces, Stay, confirm};
use parking_domain::policy::{Policy, PolicyOverrides};
use parking_domain::space::{Confirmation, OverrideKind, SpaceEvent, StateByHand};
use parking_domain::stored::Event;
use parking_domain::uplinks::{Standing, UplinkEvent};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::steps::{
    Counter, Step, TENANT, alive, approached, assigned, booked, cancelled, checked_out, claimed, completed,
    confirmed, created, deleted, device_updated, disabled, fell_silent, not_taken_up, occupied,
    override_cleared, override_ended, override_set, override_started, policy_activated, policy_is, released,
    rescheduled, retired, sensor, set_by_hand, site_is, space_updated, started, unassigned, vacant, with,
};
use crate::world::{World, loaded, store_touched, stored};

/// Any step in a small world, in any order, so that ids and times collide often.
fn any_step() -> impl Strategy<Value = Step> {
    let frame = (1..4_u64, 0..400_i64, 0..3_u8, 0..6_u8).prop_map(|(dev, second, says, counter)| {
        let frame = match says {
            0 => occupied(dev, second),
            1 => vacant(dev, second),
            _ => alive(dev, second),
        };
        let counter = match counter {
            0 => Counter::Skipped,
            1 => Counter::Same,
            _ => Counter::Next,
        };
        with(frame, counter)
    });
    let other = (0..30_u8, 1..4_u64, 1..4_u128, 0..400_i64, any::<bool>());
    prop_oneof![
        frame,
        other.prop_map(|(kind, dev, n, second, either)| any_other(kind, dev, n, second, either))
    ]
}

pub(crate) fn any_other(kind: u8, dev: u64, n: u128, second: i64, either: bool) -> Step {
    let own = PolicyOverrides {
        debounce_readings: Some(1 + u8::from(either)),
        reserved_soon_threshold_sec: Some(if either { 60 } else { 1800 }),
        free_color: either.then(Default::default),
        allow_sensor_override: Some(n == 1),
        ..PolicyOverrides::default()
    };
    let states = [
        StateByHand::Free,
        StateByHand::Occupied,
        StateByHand::Reserved,
        StateByHand::Maintenance,
        StateByHand::Unknown,
    ];
    match kind {
        0 | 1 => assigned(dev, n, second),
        2 => unassigned(dev, n, second),
        3 => claimed(dev, if either { TENANT } else { TENANT + 1 }, sensor(), second),
        4 => claimed(dev, TENANT, sensor(), second),
        5 => device_updated(dev, if either { sensor() } else { disabled() }, second),
        6 => {
            if either {
                released(dev, second)
            } else {
                retired(dev, second)
            }
        }
        7 | 8 => fell_silent(dev, second, second + 100),
        9 => created(n, TENANT, second),
        10 if either => deleted(n, second),
        10 | 11 => space_updated(n, own, second),
        12 => set_by_hand(states[usize::try_from(second % 5).expect("small")], second),
        13 => {
            override_set(n, if either { OverrideKind::Blocked } else { OverrideKind::OutOfService }, second)
        }
        14 => override_started(n, second),
        15 => override_ended(n, second),
        16 => override_cleared(n, second),
        17 => approached(n, second),
        18 | 19 => started(n, second),
        20 => confirmed(n, if either { Confirmation::CheckIn } else { Confirmation::Sensor }, second),
        21 => checked_out(n, second),
        22 => completed(n, second),
        23 => rescheduled(n, (10, 20), (if either { 10 } else { 15 }, 30), second),
        24 => site_is(own, second),
        25 | 26 => booked(n, (second + 10, second + if either { 20 } else { 200 }), second),
        27 if either => cancelled(n, second),
        27 => not_taken_up(n, second),
        _ if either => policy_activated(n, second),
        _ => policy_is(n, Policy::default().with(&own), second),
    }
}

fn world_of(steps: &[Step]) -> World {
    let mut world = World::with_sensor();
    world.given([claimed(2, TENANT, sensor(), 0), assigned(2, 2, 0)]);
    world.given(steps.iter().cloned());
    world
}

fn fold<'a>(log: impl IntoIterator<Item = (i64, &'a (String, Event))>) -> (Spaces, Vec<Change>) {
    let mut spaces = Spaces::default();
    let changes =
        log.into_iter().flat_map(|(position, (stream, event))| spaces.apply(position, stream, event));
    let changes = changes.collect();
    (spaces, changes)
}

fn in_time(event: &Event) -> bool {
    let Event::Uplink(UplinkEvent::UplinkReceived(uplink)) = event else { return true };
    !matches!(uplink.standing, Standing::Late | Standing::Repeated)
}

fn is_deletion(step: &Step) -> bool {
    let Step::Happens(_, event) = step else { return false };
    matches!(&**event, Event::Space(SpaceEvent::SpaceDeleted { .. }))
}

proptest! {
    #[test]
    fn storing_and_loading_after_any_batch_changes_nothing(
        steps in vec(any_step(), 1..150),
        batches in vec(1..20_usize, 1..40),
    ) {
        let mut world = world_of(&steps);
        let (mut store, mut changes) = (BTreeMap::new(), Vec::new());
        let (mut arrivals, mut stays) = (BTreeMap::new(), Vec::new());
        let (mut rest, mut position) = (world.log.as_slice(), 0);
        for size in batches.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (batch, later) = rest.split_at((*size).min(rest.len()));
            let mut spaces = loaded(&store);
            for (stream, event) in batch {
                position += 1;
                changes.extend(spaces.apply(position, stream, event));
            }
            let touched = spaces.take_touched();
            store_touched(&mut store, &spaces, &touched);
            arrivals.extend(spaces.take_arrivals());
            stays.extend(spaces.take_stays());
            rest = later;
        }
        let waiting = world.spaces.spaces().filter_map(|space| {
            confirm::by_sensor(space, world.spaces.policy(space.space_id()).expect("a policy"))
        });
        let pending: BTreeMap<_, _> = arrivals.into_iter().filter_map(|(id, arrival)| Some((id, arrival?))).collect();
        prop_assert_eq!(pending, waiting.map(|arrival| (arrival.space_id, arrival)).collect(), "no arrival is missed or stale");
        prop_assert_eq!(stays, world.spaces.take_stays());
        prop_assert_eq!(&changes, &world.changes);
        prop_assert_eq!(store, stored(&world.spaces), "only touched parts changed");
    }

    #[test]
    fn late_and_repeated_frames_change_nothing(steps in vec(any_step(), 1..200)) {
        let world = world_of(&steps);
        let (spaces, changes) = fold((1..).zip(&world.log).filter(|(_, (_, event))| in_time(event)));
        prop_assert_eq!(changes, world.changes);
        prop_assert_eq!(stored(&spaces), stored(&world.spaces));
    }

    #[test]
    fn changes_form_a_chain_whose_time_never_runs_backwards(steps in vec(any_step(), 1..200)) {
        let world = world_of(&steps);
        let mut last: HashMap<_, Change> = HashMap::new();
        let mut place = (0, 0);
        for change in &world.changes {
            prop_assert_ne!(change.from, change.to);
            prop_assert!((change.position, change.ordinal) >= place, "in the order of the log, none twice");
            place = (change.position, change.ordinal + 1);
            let before = last.insert(change.space_id, *change);
            prop_assert_eq!(change.from, before.and_then(|before| before.to));
            if let Some(before) = before.filter(|before| before.to.is_some()) {
                prop_assert!(before.at <= change.at);
            }
        }
        for space in world.spaces.spaces() {
            let (shown, since) = space.last_shown();
            let change = last.get(&space.space_id()).expect("it began with a change");
            prop_assert_eq!((Some(shown), since), (change.to, change.at));
            let policy = world.spaces.policy(space.space_id()).expect("a policy");
            prop_assert_eq!(space.shown(policy), shown, "what is shown is what is to be shown");
        }
    }

    #[test]
    fn the_stays_of_a_space_follow_each_other(steps in vec(any_step(), 1..200)) {
        // A space that is created anew after its deletion has no past.
        let steps: Vec<_> = steps.into_iter().filter(|step| !is_deletion(step)).collect();
        let mut world = world_of(&steps);
        let (mut last, mut all): (HashMap<_, Stay>, HashMap<_, Stay>) = (HashMap::new(), HashMap::new());
        for (space_id, stay) in world.spaces.take_stays() {
            prop_assert!(stay.departure.is_none_or(|departure| stay.arrived_at <= departure.at));
            let known = all.insert((space_id, stay.position), stay);
            if last.get(&space_id).is_some_and(|last| stay.position < last.position) {
                // Only its reservation changes after another one has begun.
                let known = known.map(|known| Stay { reservation_id: stay.reservation_id, ..known });
                prop_assert_eq!(known, Some(stay));
                continue;
            }
            let before = last.insert(space_id, stay);
            if let Some(before) = before.filter(|before| before.position != stay.position) {
                let departure = before.departure.expect("a stay begins when the one before has ended");
                prop_assert!(before.position < stay.position && departure.at <= stay.arrived_at);
            }
        }
        for space in world.spaces.spaces() {
            prop_assert_eq!(space.stay(), last.get(&space.space_id()));
            let lasts = space.stay().is_some_and(Stay::is_open);
            prop_assert!(!lasts || space.sensor().is_some_and(|sensor| sensor.presence == Some(Presence::Occupied)));
        }
    }

    #[test]
    fn no_order_of_events_causes_a_panic(steps in vec(any_step(), 1..150), middle in any::<prop::sample::Index>()) {
        let mut log = world_of(&steps).log;
        let middle = middle.index(log.len());
        log.rotate_left(middle);
        let (backwards, _) = fold((1..).zip(log.iter().rev()));
        let strange: Vec<_> = log.iter().map(|(stream, event)| (format!("{stream}x"), event.clone())).collect();
        let (nothing, changes) = fold((1..).zip(&strange));
        prop_assert!(changes.is_empty() && nothing.spaces().next().is_none(), "unknown streams");
        prop_assert!(backwards.spaces().all(|space| (1..=7).contains(&space.last_shown().0.level)));
    }

    #[test]
    fn a_silence_is_due_until_its_event(steps in vec(any_step(), 1..150)) {
        let mut world = world_of(&steps);
        let next = |spaces: &Spaces| {
            let dues = spaces.devices().filter_map(|(dev_eui, _)| Some((spaces.silent_due(dev_eui)?, dev_eui)));
            dues.min()
        };
        while let Some((due, dev_eui)) = next(&world.spaces) {
            let last_heard_at = world.spaces.device(dev_eui).and_then(DeviceFacts::last_heard_at);
            let event = parking_domain::device::DeviceEvent::DeviceFellSilent {
                last_heard_at: last_heard_at.expect("heard"),
                due,
                at: due,
            };
            world.append(dev_eui.to_string(), Event::Device(event));
            prop_assert_eq!(world.spaces.silent_due(dev_eui), None);
        }
    }
}
