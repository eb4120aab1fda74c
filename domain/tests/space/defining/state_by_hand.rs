//! The state of a space, set by hand.

use super::*;

fn state_set(state: StateByHand) -> SpaceEvent {
    SpaceEvent::StateSetByHand { state, reason: None, at: t("09:00"), by: user() }
}

#[test]
fn a_state_set_by_hand_gives_an_event() {
    use StateByHand::{Free, Maintenance, Occupied, Reserved, Unknown};
    for state in [Free, Occupied, Reserved, Maintenance] {
        given([created()]).when(set_state(state)).then([state_set(state)]);
        given([created(), state_set(state)]).when(set_state(Unknown)).then([state_set(Unknown)]);
        assert_eq!(space([created(), state_set(state)]).state_by_hand(), Some(state));
        assert_eq!(space([created(), state_set(state), state_set(Unknown)]).state_by_hand(), None);
    }
}

#[test]
fn the_same_persistent_state_again_changes_nothing() {
    use StateByHand::{Maintenance, Reserved, Unknown};
    given([created()]).when(set_state(Unknown)).then_nothing();
    for state in [Reserved, Maintenance] {
        given([created(), state_set(state)]).when(set_state(state)).then_nothing();
    }
    given([created(), state_set(Reserved)]).when(set_state(Maintenance)).then([state_set(Maintenance)]);
}

#[test]
fn the_same_presence_again_counts_because_the_sensor_may_have_reported_since() {
    for state in [StateByHand::Free, StateByHand::Occupied] {
        given([created(), state_set(state)]).when(set_state(state)).then([state_set(state)]);
    }
}
