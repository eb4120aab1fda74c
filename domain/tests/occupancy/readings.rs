//! The effect of a sensor's frames: debounce, order, distances, and undecodable frames.

use parking_domain::device::Definition;
use parking_domain::occupancy::{Cause, DeviceFacts, Reason, SpaceState};
use parking_domain::sensors::{Occupancy, Threshold};
use parking_domain::space::StateByHand;
use parking_domain::stored::Event;
use parking_domain::uplinks::Standing;

use crate::steps::{
    Counter, Frame, Step, TENANT, alive, assigned, claimed, device_updated, disabled, eui, fell_silent, id,
    occupied, sensor, set_by_hand, t, tabs, vacant, with,
};
use crate::world::World;

const FREE: (SpaceState, u8, Reason) = (SpaceState::Free, 5, Reason::Sensor);
const OCCUPIED: (SpaceState, u8, Reason) = (SpaceState::Occupied, 5, Reason::Sensor);
const NOTHING: (SpaceState, u8, Reason) = (SpaceState::Unknown, 7, Reason::NothingKnown);

/// Two readings within 10 s confirm a change.
fn twice() -> World {
    World::with_sensor().policy(|policy| (policy.debounce_readings, policy.debounce_window_sec) = (2, 10))
}

#[test]
fn one_reading_is_enough_by_default() {
    let mut world = World::with_sensor();
    let change = world.when(occupied(1, 10)).remove(0);
    assert_eq!((change.at, change.cause), (t(10), Cause::Sensor(eui(1))));
    assert_eq!(world.shown(1), OCCUPIED);
    assert_eq!(world.then(vacant(1, 20)), FREE);
}

#[test]
fn two_equal_readings_within_the_window_confirm_a_change_and_the_first_presence() {
    let mut world = twice();
    assert_eq!(world.then(vacant(1, 0)), NOTHING);
    assert_eq!(world.then(vacant(1, 10)), FREE, "exactly at the window's end");
    assert_eq!(world.then(occupied(1, 20)), FREE);
    let change = world.when(occupied(1, 21)).remove(0);
    assert_eq!(change.at, t(21), "the second reading makes the change");
    assert_eq!(world.shown(1), OCCUPIED);
}

#[test]
fn a_reading_outside_the_window_counts_as_the_first() {
    let mut world = twice();
    assert_eq!(world.then(occupied(1, 0)), NOTHING);
    assert_eq!(world.then(occupied(1, 11)), NOTHING);
    assert_eq!(world.then(occupied(1, 21)), OCCUPIED);
}

#[test]
fn a_different_reading_starts_again() {
    let mut world = twice();
    assert_eq!(world.then(occupied(1, 0)), NOTHING);
    assert_eq!(world.then(vacant(1, 1)), NOTHING);
    assert_eq!(world.then(occupied(1, 2)), NOTHING);
    assert_eq!(world.then(occupied(1, 3)), OCCUPIED);
}

#[test]
fn a_reading_equal_to_the_presence_clears_the_candidate() {
    let mut world = twice();
    world.given([vacant(1, 0), vacant(1, 1)]);
    assert_eq!(world.then(occupied(1, 2)), FREE);
    assert_eq!(world.then(vacant(1, 3)), FREE);
    assert_eq!(world.then(occupied(1, 4)), FREE);
    assert_eq!(world.then(occupied(1, 5)), OCCUPIED);
    world.given([vacant(1, 6), alive(1, 7)]);
    assert_eq!(world.then(vacant(1, 8)), FREE, "a sign of life is not a reading");
}

#[test]
fn a_confirmed_candidate_is_cleared() {
    let mut world = twice();
    world.given([occupied(1, 0), occupied(1, 1), vacant(1, 2), vacant(1, 3)]);
    assert_eq!(world.then(occupied(1, 4)), FREE);
}

#[test]
fn late_and_repeated_frames_change_nothing() {
    let mut world = World::with_sensor();
    world.given([vacant(1, 10), vacant(1, 20)]);
    assert_eq!(world.when(with(occupied(1, 30), Counter::Skipped)), []);
    assert_eq!(world.standing(), Standing::Late);
    assert_eq!(world.when(with(vacant(1, 40), Counter::Same)), []);
    assert_eq!(world.standing(), Standing::Repeated);
    let facts = world.spaces.device(eui(1)).expect("a device");
    assert_eq!((facts.last_heard_at(), facts.occupancy()), (Some(t(20)), Occupancy::Vacant));
}

#[test]
fn a_late_frame_does_not_end_a_silence() {
    let mut world = World::with_sensor();
    world.given([vacant(1, 10), fell_silent(1, 10, 20)]);
    let silent = (SpaceState::Free, 6, Reason::SensorSilent);
    assert_eq!(world.then(with(occupied(1, 30), Counter::Skipped)), silent);
    assert_eq!(world.then(with(vacant(1, 31), Counter::Same)), silent);
}

#[test]
fn a_constant_counter_loses_the_order_but_not_the_reading() {
    let mut world = World::with_sensor();
    world.given([vacant(1, 10)]);
    assert_eq!(world.then(with(occupied(1, 20), Counter::Same)), OCCUPIED);
    assert_eq!(world.standing(), Standing::Uncounted);
}

#[test]
fn a_disabled_sensor_is_heard_but_changes_nothing_until_it_is_enabled() {
    let mut world = World::with_sensor();
    world.given([vacant(1, 10)]);
    assert_eq!(world.then(device_updated(1, disabled(), 20)), NOTHING);
    assert_eq!(world.then(occupied(1, 30)), NOTHING);
    assert_eq!(world.spaces.device(eui(1)).and_then(DeviceFacts::last_heard_at), Some(t(30)));
    assert_eq!(world.when(fell_silent(1, 30, 40)), []);
    assert!(world.spaces.device(eui(1)).is_some_and(DeviceFacts::is_silent));
    world.given([device_updated(1, sensor(), 50)]);
    assert_eq!(world.shown(1), NOTHING, "a silent sensor's last reading does not count");
    world.given([device_updated(1, disabled(), 60), occupied(1, 70)]);
    let change = world.when(device_updated(1, sensor(), 80)).remove(0);
    assert_eq!((change.at, change.cause), (t(80), Cause::Assignment(eui(1))));
    assert_eq!(world.shown(1), OCCUPIED, "the reading while disabled counts");
    assert_eq!(world.when(device_updated(1, sensor(), 90)), []);
}

#[test]
fn a_new_definition_of_a_sensor_does_not_affect_its_space() {
    let mut world = twice();
    world.given([vacant(1, 0), vacant(1, 1), occupied(1, 2)]);
    assert_eq!(world.then(device_updated(1, sensor(), 3)), FREE, "it does not confirm the candidate");
    world.given([set_by_hand(StateByHand::Occupied, 4)]);
    let by_hand = (SpaceState::Occupied, 5, Reason::ByHand);
    assert_eq!(world.then(device_updated(1, sensor(), 5)), by_hand);

    let mut unheard = World::with_sensor();
    unheard.given([vacant(1, 10), device_updated(1, disabled(), 20), fell_silent(1, 10, 30)]);
    assert_eq!(unheard.then(device_updated(1, disabled(), 40)), NOTHING);
}

fn em310(second: i64, millimetres: u16) -> Step {
    let [low, high] = millimetres.to_le_bytes();
    let data = vec![0x03, 0x82, low, high];
    Step::Sends(Frame { dev: 1, second, f_port: 85, data, counter: Counter::Next, profile: "EM310-UDL" })
}

fn bay() -> Definition {
    Definition { threshold: Some(Threshold { occupied_below_mm: 1500, hysteresis_mm: 200 }), ..sensor() }
}

#[test]
fn a_distance_becomes_a_presence_by_threshold_and_hysteresis() {
    let mut world = World::new();
    world.given([claimed(1, TENANT, bay(), 0), assigned(1, 1, 0)]);
    assert_eq!(world.then(em310(10, 1600)), FREE);
    assert_eq!(world.then(em310(20, 1499)), OCCUPIED);
    assert_eq!(world.then(em310(30, 1699)), OCCUPIED);
    assert_eq!(world.then(em310(40, 1700)), FREE);
    world.given([em310(50, 1499), alive(1, 60)]);
    assert_eq!(
        world.then(em310(70, 1600)),
        OCCUPIED,
        "an unknown reading does not count as the previous one"
    );
}

#[test]
fn a_distance_without_a_threshold_is_unknown() {
    let mut world = World::with_sensor();
    assert_eq!(world.then(em310(10, 100)), NOTHING);
    assert_eq!(world.then(device_updated(1, bay(), 20)), NOTHING);
    assert_eq!(world.then(em310(30, 100)), OCCUPIED);
}

#[test]
fn an_undecodable_frame_is_a_sign_of_life_and_a_problem() {
    let mut world = World::with_sensor();
    world.given([vacant(1, 10), fell_silent(1, 10, 20)]);
    let problem =
        |world: &World| world.spaces.device(eui(1)).and_then(|facts| facts.problem()).map(str::to_owned);
    assert_eq!(problem(&world), None);
    assert_eq!(world.then(alive(1, 30)), FREE, "alive again");
    assert_eq!(problem(&world).as_deref(), Some("port 0 carries MAC commands only"));
    world.given([vacant(1, 40)]);
    assert_eq!(problem(&world), None);
    let strange = Definition { codec: Some("none such".to_owned()), ..sensor() };
    world.given([device_updated(1, strange, 50)]);
    assert_eq!(world.then(occupied(1, 60)), FREE);
    assert_eq!(problem(&world).as_deref(), Some("there is no codec named none such"));
}

#[test]
fn the_codec_that_the_owner_chose_decodes() {
    // Bit 0 of the first byte for both, but the Bosch sensor does not use this port.
    let mut world = World::new();
    let chosen = Definition { codec: Some("bosch-tps110".to_owned()), ..sensor() };
    world.given([claimed(1, TENANT, chosen, 0), assigned(1, 1, 0)]);
    assert_eq!(world.then(tabs(1, 10, 1)), NOTHING);
}

#[test]
fn only_the_platforms_own_reports_are_folded() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10)]);
    let (_, event) = world.log.pop().expect("the report");
    assert!(matches!(event, Event::Uplink(_)));
    let mut other = World::with_sensor();
    for stream in ["tenant/0000000000000001", "0000000000000001", "platform/nobody", "platform/"] {
        assert_eq!(other.append(stream.to_owned(), event.clone()), [], "{stream}");
    }
    assert_eq!(other.append("platform/0000000000000001".to_owned(), event).len(), 1);
}

#[test]
fn a_reading_with_an_earlier_clock_takes_effect_on_arrival() {
    let mut world = World::with_sensor();
    world.given([vacant(1, 100)]);
    let change = world.when(occupied(1, 50)).remove(0);
    assert_eq!(change.at, t(100), "received_at never runs backwards");
    assert_eq!(change.space_id, id(1));
}
