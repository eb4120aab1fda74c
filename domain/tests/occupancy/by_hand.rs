//! States set by hand: `free` and `occupied` are presences, `reserved` and `maintenance` hold, `unknown` withdraws.

use parking_domain::occupancy::{Reason, SpaceState};
use parking_domain::space::{Confirmation, StateByHand};

use crate::steps::{
    TENANT, alive, assigned, checked_out, claimed, completed, confirmed, occupied, sensor, set_by_hand,
    started, unassigned, vacant,
};
use crate::world::World;

const BY_HAND: Reason = Reason::ByHand;

#[test]
fn a_presence_by_hand_holds_until_the_sensors_next_reading_even_an_equal_one() {
    let mut world = World::with_sensor();
    world.given([vacant(1, 10)]);
    assert_eq!(world.then(set_by_hand(StateByHand::Occupied, 20)), (SpaceState::Occupied, 5, BY_HAND));
    assert_eq!(
        world.then(alive(1, 30)),
        (SpaceState::Occupied, 5, BY_HAND),
        "a sign of life is not a reading"
    );
    assert_eq!(world.then(vacant(1, 40)), (SpaceState::Free, 5, Reason::Sensor));
}

#[test]
fn an_unconfirmed_reading_does_not_replace_a_presence_by_hand() {
    let mut world = World::with_sensor().policy(|policy| policy.debounce_readings = 2);
    world.given([vacant(1, 10), vacant(1, 11)]);
    assert_eq!(world.then(set_by_hand(StateByHand::Free, 20)), (SpaceState::Free, 5, BY_HAND));
    assert_eq!(world.then(occupied(1, 30)), (SpaceState::Free, 5, BY_HAND));
    assert_eq!(world.then(occupied(1, 31)), (SpaceState::Occupied, 5, Reason::Sensor));
}

#[test]
fn reserved_and_maintenance_hold_against_the_sensor_until_another_state_is_set() {
    for (state, shown) in [
        (StateByHand::Reserved, (SpaceState::Reserved, 3, BY_HAND)),
        (StateByHand::Maintenance, (SpaceState::Maintenance, 1, BY_HAND)),
    ] {
        let mut world = World::with_sensor();
        world.given([set_by_hand(state, 10), occupied(1, 20)]);
        assert_eq!(world.then(vacant(1, 30)), shown);
        assert_eq!(world.then(unassigned(1, 1, 31)), shown);
        assert_eq!(world.then(assigned(1, 1, 32)), shown);
        assert_eq!(world.then(set_by_hand(StateByHand::Occupied, 40)), (SpaceState::Occupied, 5, BY_HAND));
        assert_eq!(world.then(vacant(1, 50)), (SpaceState::Free, 5, Reason::Sensor));
    }
}

#[test]
fn unknown_withdraws_only_the_state_set_by_hand() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10), set_by_hand(StateByHand::Maintenance, 20)]);
    assert_eq!(world.then(set_by_hand(StateByHand::Unknown, 30)), (SpaceState::Occupied, 5, Reason::Sensor));
    let mut unwatched = World::new();
    unwatched.given([set_by_hand(StateByHand::Free, 20)]);
    assert_eq!(
        unwatched.then(set_by_hand(StateByHand::Unknown, 30)),
        (SpaceState::Unknown, 7, Reason::NothingKnown)
    );
}

#[test]
fn the_later_of_a_check_in_and_a_presence_by_hand_counts_without_a_sensor() {
    let mut world = World::new();
    world.given([set_by_hand(StateByHand::Free, 10), started(1, 20)]);
    let check_in = |second| confirmed(1, Confirmation::CheckIn, second);
    assert_eq!(world.then(check_in(30)), (SpaceState::Occupied, 5, Reason::CheckedIn));
    assert_eq!(world.then(set_by_hand(StateByHand::Free, 40)), (SpaceState::Free, 5, BY_HAND));
    assert_eq!(world.then(check_in(50)), (SpaceState::Occupied, 5, Reason::CheckedIn));
    world.given([set_by_hand(StateByHand::Free, 60)]);
    assert_eq!(world.then(set_by_hand(StateByHand::Maintenance, 70)), (SpaceState::Maintenance, 1, BY_HAND));
    assert_eq!(
        world.then(set_by_hand(StateByHand::Unknown, 80)),
        (SpaceState::Occupied, 5, Reason::CheckedIn)
    );
}

#[test]
fn a_check_in_counts_until_the_sensors_first_reading() {
    let mut world = World::with_sensor();
    world.given([started(1, 20)]);
    let check_in = confirmed(1, Confirmation::CheckIn, 30);
    assert_eq!(world.then(check_in), (SpaceState::Occupied, 5, Reason::CheckedIn));
    assert_eq!(world.then(vacant(1, 40)), (SpaceState::Free, 5, Reason::Sensor));
}

#[test]
fn a_check_out_frees_the_space_without_a_sensor_reading() {
    let checked_in = || [started(1, 20), confirmed(1, Confirmation::CheckIn, 30)];
    let mut world = World::new();
    world.given([set_by_hand(StateByHand::Occupied, 10)]).given(checked_in());
    assert_eq!(world.then(checked_out(1, 40)), (SpaceState::Free, 5, Reason::CheckedOut));
    world.given([claimed(1, TENANT, sensor(), 50), assigned(1, 1, 50)]);
    assert_eq!(world.shown(1), (SpaceState::Free, 5, Reason::CheckedOut));
    assert_eq!(world.then(occupied(1, 60)), (SpaceState::Occupied, 5, Reason::Sensor));
    assert_eq!(world.then(unassigned(1, 1, 70)), (SpaceState::Unknown, 7, Reason::NothingKnown));

    let mut watched = World::with_sensor();
    watched.given([occupied(1, 10)]).given(checked_in());
    assert_eq!(watched.then(checked_out(1, 40)), (SpaceState::Occupied, 5, Reason::Sensor));
    assert_eq!(watched.then(unassigned(1, 1, 50)), (SpaceState::Unknown, 7, Reason::NothingKnown));
}

#[test]
fn a_check_out_does_not_affect_maintenance_and_needs_a_check_in() {
    let mut world = World::new();
    world.given([started(1, 20), confirmed(1, Confirmation::CheckIn, 30)]);
    world.given([set_by_hand(StateByHand::Maintenance, 35), checked_out(1, 40)]);
    assert_eq!(world.shown(1), (SpaceState::Maintenance, 1, BY_HAND));
    assert_eq!(
        world.then(set_by_hand(StateByHand::Unknown, 50)),
        (SpaceState::Unknown, 7, Reason::NothingKnown)
    );
    world.given([started(2, 60), confirmed(2, Confirmation::Sensor, 61)]);
    assert_eq!(world.then(checked_out(2, 70)), (SpaceState::Unknown, 7, Reason::NothingKnown));
    assert_eq!(world.then(checked_out(3, 80)), (SpaceState::Unknown, 7, Reason::NothingKnown));
}

#[test]
fn the_end_of_a_reservation_does_not_change_a_state_by_hand() {
    let mut world = World::new();
    world.given([
        set_by_hand(StateByHand::Free, 10),
        started(1, 20),
        confirmed(1, Confirmation::CheckIn, 30),
    ]);
    assert_eq!(world.then(completed(1, 40)), (SpaceState::Free, 5, BY_HAND));
}
