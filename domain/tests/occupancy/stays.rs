//! Stays: what begins and ends one, and the reservation that it belongs to (decision 0042).

use parking_domain::id::SpaceId;
use parking_domain::instant::Instant;
use parking_domain::occupancy::{Reason, SpaceState};
use parking_domain::policy::Policy;
use parking_domain::space::{Confirmation, OverrideKind};

use crate::steps::{
    Step, TENANT, assigned, booked, cancelled, checked_out, claimed, completed, confirmed, deleted,
    device_updated, disabled, fell_silent, id, not_taken_up, occupied, override_ended, override_set,
    override_started, policy_activated, policy_is, reassigned, released, rescheduled, sensor, started, t,
    unassigned, vacant,
};
use crate::world::World;

const MINUTE: i64 = 60;

/// A stay: its beginning, its end, and the number of its reservation.
type Seen = (i64, Option<i64>, Option<u128>);

/// Every stay of a space so far, as it was last recorded.
fn stays(world: &mut World, space: u128) -> Vec<Seen> {
    let taken = world.spaces.take_stays();
    world.stays.extend(taken.into_iter().map(|(space_id, stay)| ((space_id, stay.position), stay)));
    let of_space =
        world.stays.iter().filter(|((space_id, _), _)| *space_id == id::<parking_domain::id::Space>(space));
    of_space
        .map(|(_, stay)| {
            let second = |at: Instant| (at - t(0)).num_seconds();
            let reservation = stay.reservation_id.map(|id| id.uuid().as_u128());
            (second(stay.arrived_at), stay.departure.map(|departure| second(departure.at)), reservation)
        })
        .collect()
}

fn after(steps: impl IntoIterator<Item = Step>) -> Vec<Seen> {
    let mut world = World::with_sensor();
    world.given(steps);
    stays(&mut world, 1)
}

fn pending(world: &World) -> Option<u128> {
    let (reservation_id, _) = world.spaces.space(id(1)).expect("a space").unconfirmed_arrival()?;
    Some(reservation_id.uuid().as_u128())
}

/// The window of a reservation in minutes, booked at second 0.
fn books(n: u128, start: i64, end: i64) -> Step {
    booked(n, (start * MINUTE, end * MINUTE), 0)
}

// What a stay is.

#[test]
fn two_overrides_and_a_booking_over_one_parked_car_are_one_stay() {
    let blocked = |n, from, until| {
        [override_set(n, OverrideKind::Blocked, from), override_started(n, from), override_ended(n, until)]
    };
    let mut world = World::with_sensor();
    world.given([vacant(1, 0), occupied(1, 10)]);
    world.given(blocked(1, 100, 200)).given([occupied(1, 210)]).given(blocked(2, 300, 400));
    world.given([
        booked(9, (20 * MINUTE, 30 * MINUTE), 500),
        started(9, 20 * MINUTE),
        completed(9, 30 * MINUTE),
    ]);
    world.given([occupied(1, 31 * MINUTE), vacant(1, 40 * MINUTE)]);
    assert_eq!(stays(&mut world, 1), [(10, Some(40 * MINUTE), Some(9))]);
}

#[test]
fn a_repeated_reading_begins_no_stay_and_a_vehicle_that_left_and_came_back_does() {
    let seen = after([occupied(1, 10), occupied(1, 20), vacant(1, 30), vacant(1, 40), occupied(1, 50)]);
    assert_eq!(seen, [(10, Some(30), None), (50, None, None)]);
}

#[test]
fn the_first_reading_of_a_newly_assigned_sensor_begins_a_stay() {
    let mut world = World::new();
    world.given([claimed(1, TENANT, sensor(), 0), occupied(1, 10), assigned(1, 1, 20)]);
    assert_eq!(world.shown(1), (SpaceState::Occupied, 5, Reason::Sensor));
    assert_eq!(stays(&mut world, 1), [] as [Seen; 0], "it was reported before");
    world.given([occupied(1, 30), occupied(1, 40)]);
    assert_eq!(stays(&mut world, 1), [(30, None, None)]);
}

#[test]
fn a_disabled_sensor_begins_no_stay_ends_the_one_that_lasts_and_is_not_shown() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10)]);
    let unknown = (SpaceState::Unknown, 7, Reason::NothingKnown);
    assert_eq!(world.then(device_updated(1, disabled(), 20)), unknown);
    assert_eq!(world.then(occupied(1, 30)), unknown);
    assert_eq!(stays(&mut world, 1), [(10, Some(20), None)]);
    assert_eq!(world.then(device_updated(1, sensor(), 40)), (SpaceState::Occupied, 5, Reason::Sensor));
    assert_eq!(stays(&mut world, 1), [(10, Some(20), None)], "its last report is from before");
    world.given([occupied(1, 50)]);
    assert_eq!(stays(&mut world, 1), [(10, Some(20), None), (50, None, None)]);
}

#[test]
fn a_sensor_enabled_after_its_time_out_is_not_shown() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10), device_updated(1, disabled(), 20)]);
    let day = 86_400;
    let shown = world.then(device_updated(1, sensor(), day));
    assert_eq!(shown, (SpaceState::Unknown, 7, Reason::NothingKnown));
}

#[test]
fn silence_neither_begins_nor_ends_a_stay() {
    let silent = [occupied(1, 10), fell_silent(1, 10, 100)];
    assert_eq!(after(silent.clone()), [(10, None, None)]);
    let mut back = World::with_sensor();
    back.given(silent).given([occupied(1, 200), vacant(1, 300)]);
    assert_eq!(stays(&mut back, 1), [(10, Some(300), None)]);
}

#[test]
fn a_stay_ends_when_its_sensor_is_moved_taken_away_released_or_the_space_deleted() {
    for end in [
        unassigned(1, 1, 50),
        released(1, 50),
        deleted(1, 50),
        assigned(2, 1, 50),
        claimed(1, TENANT + 1, sensor(), 50),
    ] {
        let mut world = World::with_sensor();
        world.given([claimed(2, TENANT, sensor(), 0), occupied(1, 10), end.clone()]);
        assert_eq!(stays(&mut world, 1), [(10, Some(50), None)], "{end:?}");
    }
    let mut moved = World::with_sensor();
    moved.given([occupied(1, 10), reassigned(1, 1, 2, 50)]);
    assert_eq!(stays(&mut moved, 2), [] as [Seen; 0]);
    moved.given([occupied(1, 60)]);
    assert_eq!(stays(&mut moved, 1), [(10, Some(50), None)]);
    assert_eq!(stays(&mut moved, 2), [(60, None, None)], "the first reading at the new space");
}

#[test]
fn an_unconfirmed_reading_neither_begins_nor_ends_a_stay() {
    let mut world = World::with_sensor().policy(|policy| policy.debounce_readings = 2);
    world.given([occupied(1, 10)]);
    assert_eq!(stays(&mut world, 1), [] as [Seen; 0]);
    world.given([occupied(1, 15), vacant(1, 30), occupied(1, 35)]);
    assert_eq!(stays(&mut world, 1), [(15, None, None)]);
    world.given([vacant(1, 50), vacant(1, 55)]);
    assert_eq!(stays(&mut world, 1), [(15, Some(55), None)]);
}

// The reservation that it belongs to.

#[test]
fn a_running_reservation_whose_sensor_is_assigned_or_enabled_late_gets_the_stay() {
    let late: [&[Step]; 2] = [
        &[claimed(1, TENANT, sensor(), 0), occupied(1, 61), assigned(1, 1, 62)],
        &[
            claimed(1, TENANT, disabled(), 0),
            assigned(1, 1, 1),
            occupied(1, 61),
            device_updated(1, sensor(), 62),
        ],
    ];
    for steps in late {
        let mut world = World::new();
        world.given([books(3, 1, 60), started(3, MINUTE)]).given(steps.iter().cloned());
        assert_eq!(pending(&world), None, "its last word is from before");
        world.given([occupied(1, 63)]);
        assert_eq!(pending(&world), Some(3));
        assert_eq!(stays(&mut world, 1), [(63, None, Some(3))]);
    }
}

#[test]
fn the_previous_guests_overstaying_car_does_not_confirm_the_next_reservation() {
    let mut world = World::with_sensor();
    world.given([books(1, 10, 20), books(2, 20, 30), started(1, 10 * MINUTE), occupied(1, 11 * MINUTE)]);
    world.given([confirmed(1, Confirmation::Sensor, 11 * MINUTE), completed(1, 20 * MINUTE)]);
    world.given([started(2, 20 * MINUTE), occupied(1, 21 * MINUTE)]);
    assert_eq!(pending(&world), None);
    world.given([vacant(1, 22 * MINUTE), occupied(1, 23 * MINUTE)]);
    assert_eq!(pending(&world), Some(2), "the next guest's car");
    let first = (11 * MINUTE, Some(22 * MINUTE), Some(1));
    assert_eq!(stays(&mut world, 1), [first, (23 * MINUTE, None, Some(2))]);
}

#[test]
fn a_stay_belongs_to_the_one_running_then_the_next_within_its_time_then_the_one_booked_during_it() {
    let at = |minute| occupied(1, minute * MINUTE);
    let cases: [(&str, Vec<Step>, Option<u128>); 9] = [
        ("the running one", vec![books(1, 10, 20), books(2, 20, 30), at(19)], Some(1)),
        ("at its first moment", vec![books(1, 10, 20), at(10)], Some(1)),
        ("not at its end", vec![books(1, 10, 20), books(2, 20, 30), at(20)], Some(2)),
        ("the next, 15 minutes before", vec![books(1, 25, 30), at(10)], Some(1)),
        ("not earlier", vec![books(1, 25, 30), occupied(1, 10 * MINUTE - 1)], None),
        ("only the next", vec![books(1, 26, 30), books(2, 30, 31), at(10)], None),
        ("one booked during it", vec![at(10), booked(1, (90 * MINUTE, 99 * MINUTE), 11 * MINUTE)], Some(1)),
        ("none booked after it", vec![at(10), vacant(1, 660), booked(1, (720, 780), 661)], None),
        (
            "the one booked first",
            vec![at(10), booked(1, (90 * MINUTE, 99 * MINUTE), 660), booked(2, (720, 780), 661)],
            Some(1),
        ),
    ];
    for (what, steps, expected) in cases {
        let seen = after(steps);
        assert_eq!(seen.last().map(|(_, _, reservation)| *reservation), Some(expected), "{what}: {seen:?}");
    }
}

#[test]
fn a_longer_threshold_lets_the_vehicle_come_earlier_and_a_shorter_one_no_later() {
    for (threshold, minute, expected) in [(3600, 60, Some(1)), (3600, 59, None), (60, 105, Some(1))] {
        let mut world = World::with_sensor().policy(|policy| policy.reserved_soon_threshold_sec = threshold);
        world.given([books(1, 120, 130), occupied(1, minute * MINUTE)]);
        assert_eq!(stays(&mut world, 1), [(minute * MINUTE, None, expected)], "{threshold} {minute}");
    }
}

#[test]
fn the_cancellation_of_another_reservation_gives_a_past_stay_to_nobody() {
    let seen = after([occupied(1, 60), vacant(1, 120), books(1, 0, 30), books(2, 60, 90), cancelled(2, 180)]);
    assert_eq!(seen, [(60, Some(120), None)]);
}

#[test]
fn a_running_reservation_that_has_its_stay_leaves_later_vehicles_to_the_next() {
    let seen = after([
        books(1, 10, 30),
        books(2, 30, 40),
        occupied(1, 11 * MINUTE),
        vacant(1, 12 * MINUTE),
        occupied(1, 20 * MINUTE),
    ]);
    assert_eq!(seen, [(660, Some(720), Some(1)), (1200, None, Some(2))]);
}

#[test]
fn a_vehicle_that_leaves_before_the_start_leaves_the_reservation_to_another() {
    let mut world = World::with_sensor();
    world.given([
        books(1, 20, 30),
        occupied(1, 10 * MINUTE),
        vacant(1, 20 * MINUTE),
        started(1, 20 * MINUTE),
    ]);
    assert_eq!((stays(&mut world, 1), pending(&world)), (vec![(600, Some(1200), None)], None));
    world.given([occupied(1, 21 * MINUTE)]);
    assert_eq!(pending(&world), Some(1));
}

#[test]
fn a_stay_before_two_back_to_back_reservations_belongs_to_the_first_only() {
    let mut world = World::with_sensor();
    world.given([books(1, 20, 30), books(2, 30, 40), occupied(1, 10 * MINUTE), started(1, 20 * MINUTE)]);
    assert_eq!(pending(&world), Some(1));
    world.given([confirmed(1, Confirmation::Sensor, 1200), completed(1, 1800), started(2, 1800)]);
    assert_eq!(pending(&world), None);
    assert_eq!(stays(&mut world, 1), [(600, None, Some(1))]);
}

#[test]
fn a_reservation_cancelled_or_moved_before_its_start_leaves_the_stay_to_another() {
    let waits = || [books(1, 20, 30), books(2, 24, 28), books(3, 60, 70), occupied(1, 10 * MINUTE)];
    for (what, step, expected) in [
        ("cancelled before its start", cancelled(1, 11 * MINUTE), Some(2)),
        ("moved to another start", rescheduled(1, (1200, 1800), (5400, 6000), 660), Some(2)),
        ("prolonged", rescheduled(1, (1200, 1800), (1200, 1860), 660), Some(1)),
        ("cancelled after its start", cancelled(1, 21 * MINUTE), Some(1)),
        ("not taken up", not_taken_up(1, 25 * MINUTE), Some(1)),
        ("checked out early", checked_out(1, 15 * MINUTE), Some(1)),
    ] {
        let seen = after(waits().into_iter().chain([step]));
        assert_eq!(seen, [(600, None, expected)], "{what}");
    }
    let seen = after([books(1, 20, 30), occupied(1, 600), rescheduled(1, (1200, 1800), (5400, 6000), 660)]);
    assert_eq!(seen, [(600, None, Some(1))], "it is booked anew while the vehicle stands there");
}

#[test]
fn an_end_before_the_stay_that_is_recorded_late_leaves_the_stay_to_the_next() {
    let mut world = World::with_sensor();
    world.given([books(1, 10, 40), books(2, 40, 50), started(1, 600), occupied(1, 30 * MINUTE)]);
    assert_eq!(pending(&world), Some(1));
    world.given([not_taken_up(1, 25 * MINUTE)]);
    assert_eq!((stays(&mut world, 1), pending(&world)), (vec![(1800, None, Some(2))], None));
    world.given([started(2, 40 * MINUTE)]);
    assert_eq!(pending(&world), Some(2));
}

#[test]
fn a_confirmation_is_not_withdrawn_by_a_policy_or_by_the_vehicle() {
    let mut world = World::with_sensor();
    world.given([
        books(3, 1, 60),
        started(3, MINUTE),
        occupied(1, 70),
        confirmed(3, Confirmation::Sensor, 70),
    ]);
    let seen = (SpaceState::Occupied, 5, Reason::Sensor);
    assert_eq!(world.shown(1), seen);
    let policy = Policy { allow_sensor_override: false, ..Policy::default() };
    world.given([policy_is(5, policy, 80)]);
    assert_eq!(world.then(policy_activated(5, 81)), seen);
    assert_eq!(world.then(vacant(1, 90)), (SpaceState::Free, 5, Reason::Sensor));
    assert_eq!(world.then(unassigned(1, 1, 95)), (SpaceState::Unknown, 7, Reason::NothingKnown));
}

#[test]
fn an_override_that_hides_the_sensor_changes_nothing_about_the_stay() {
    let mut world = World::with_sensor();
    world.given([books(3, 1, 60), override_set(1, OverrideKind::OutOfService, 10), override_started(1, 10)]);
    world.given([started(3, MINUTE), occupied(1, 70), vacant(1, 80)]);
    assert_eq!((stays(&mut world, 1), pending(&world)), (vec![(70, Some(80), Some(3))], Some(3)));
}

#[test]
fn a_stay_survives_in_a_stored_fold() {
    let mut world = World::with_sensor();
    world.given([books(3, 1, 60), occupied(1, 30)]);
    let stored = crate::world::stored(&world.spaces);
    let space_id: SpaceId = id(1);
    let loaded = crate::world::loaded(&stored);
    assert_eq!(loaded.space(space_id), world.spaces.space(space_id));
    assert!(loaded.space(space_id).and_then(|space| space.stay()).is_some());
}
