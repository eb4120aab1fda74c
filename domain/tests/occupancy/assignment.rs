//! Assignment of sensors: what a sensor reports to its space on assignment and removal, and whose reports count.

use parking_domain::device::{Category, Definition};
use parking_domain::occupancy::{Cause, DeviceFacts, Reason, SpaceState};
use parking_domain::sensors::Occupancy;
use parking_domain::space::StateByHand;

use crate::steps::{
    Step, TENANT, alive, assigned, assigned_as, claimed, claimed_as, created, deleted, device_updated,
    disabled, eui, fell_silent, id, occupied, policy_activated, policy_is, reassigned_as, released, retired,
    sensor, set_by_hand, t, unassigned, vacant,
};
use crate::world::World;

const OCCUPIED: (SpaceState, u8, Reason) = (SpaceState::Occupied, 5, Reason::Sensor);
const FREE: (SpaceState, u8, Reason) = (SpaceState::Free, 5, Reason::Sensor);
const NOTHING: (SpaceState, u8, Reason) = (SpaceState::Unknown, 7, Reason::NothingKnown);
const DAY: i64 = 86_400;

#[test]
fn an_orphans_last_report_counts_when_it_is_claimed_and_assigned() {
    let mut world = World::new();
    world.given([vacant(1, 10), occupied(1, 20), alive(1, 30), claimed(1, TENANT, sensor(), 40)]);
    assert_eq!(world.shown(1), NOTHING);
    let change = world.when(assigned(1, 1, 50)).remove(0);
    assert_eq!((change.at, change.cause), (t(50), Cause::Assignment(eui(1))));
    assert_eq!(world.shown(1), OCCUPIED);
}

#[test]
fn an_orphans_report_is_decoded_with_its_owners_settings() {
    let mut world = World::new();
    let other = Definition { codec: Some("bosch-tps110".to_owned()), ..sensor() };
    world.given([occupied(1, 20), claimed(1, TENANT, other, 40), assigned(1, 1, 50)]);
    assert_eq!(world.shown(1), NOTHING);
    let facts = world.spaces.device(eui(1)).expect("a device");
    assert_eq!(facts.problem(), Some("the model sends nothing on port 102"));
}

#[test]
fn one_reading_is_enough_at_assignment_regardless_of_the_policy() {
    let mut world = World::new().policy(|policy| policy.debounce_readings = 2);
    world.given([claimed(1, TENANT, sensor(), 0), occupied(1, 10)]);
    assert_eq!(world.then(assigned(1, 1, 20)), OCCUPIED);
}

#[test]
fn a_silent_or_overdue_sensor_brings_no_presence() {
    let mut world = World::new();
    world.given([claimed(1, TENANT, sensor(), 0), occupied(1, 10), fell_silent(1, 10, 20)]);
    assert_eq!(world.then(assigned(1, 1, 30)), NOTHING);
    assert_eq!(world.then(alive(1, 40)), NOTHING);
    assert_eq!(world.then(vacant(1, 50)), FREE);

    // The codec's model reports once an hour: after three hours it counts as silent, with or without an event.
    for (second, shown) in [(10 + 3 * 3600 - 1, OCCUPIED), (10 + 3 * 3600, NOTHING)] {
        let mut world = World::new();
        world.given([claimed(1, TENANT, sensor(), 0), occupied(1, 10)]);
        assert_eq!(world.then(assigned(1, 1, second)), shown);
    }
}

#[test]
fn the_presence_at_assignment_replaces_one_set_by_hand() {
    let mut world = World::new();
    world.given([claimed(1, TENANT, sensor(), 0), occupied(1, 10), set_by_hand(StateByHand::Free, 20)]);
    assert_eq!(world.then(assigned(1, 1, 30)), OCCUPIED);
}

#[test]
fn an_unassigned_sensors_presence_is_dropped() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10)]);
    let change = world.when(unassigned(1, 1, 20)).remove(0);
    assert_eq!((change.at, change.cause), (t(20), Cause::Assignment(eui(1))));
    assert_eq!(world.shown(1), NOTHING);
    assert_eq!(world.then(vacant(1, 30)), NOTHING);
    assert_eq!(world.spaces.device(eui(1)).and_then(DeviceFacts::space_id), None);
}

#[test]
fn a_state_set_by_hand_stays_when_the_sensor_is_unassigned() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10), set_by_hand(StateByHand::Free, 20)]);
    assert_eq!(world.then(unassigned(1, 1, 30)), (SpaceState::Free, 5, Reason::ByHand));
}

#[test]
fn a_reassigned_sensor_takes_its_presence_to_the_other_space() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10)]);
    let changes = world.when(reassigned_as(Category::Sensor, 1, 1, 2, 20));
    let seen: Vec<_> =
        changes.iter().map(|c| (c.ordinal, c.space_id, c.to.map(|shown| shown.state))).collect();
    assert_eq!(seen, [(0, id(1), Some(SpaceState::Unknown)), (1, id(2), Some(SpaceState::Occupied))]);
    world.given([vacant(1, 30)]);
    assert_eq!((world.shown(1), world.shown(2)), (NOTHING, FREE));
}

#[test]
fn only_the_sensor_assigned_last_counts() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10), claimed(2, TENANT, sensor(), 10), assigned(2, 1, 20)]);
    assert_eq!(world.shown(1), NOTHING, "the new one has not reported yet");
    assert_eq!(world.when(occupied(1, 30)), []);
    assert_eq!(world.when(fell_silent(1, 30, 40)), []);
    assert_eq!(world.then(vacant(2, 50)), FREE);
    assert_eq!(world.then(unassigned(1, 1, 60)), FREE);
    world.given([device_updated(1, disabled(), 70), device_updated(1, sensor(), 80)]);
    assert_eq!(world.shown(1), FREE);
}

#[test]
fn only_its_own_tenants_sensors_can_be_assigned_to_a_space() {
    let mut world = World::new();
    world.given([created(3, TENANT + 1, 0), claimed(1, TENANT, sensor(), 0), occupied(1, 10)]);
    for (dev, space) in [(1, 3), (2, 1), (1, 9)] {
        assert_eq!(world.when(assigned(dev, space, 20)), [], "device {dev}, space {space}");
    }
    assert_eq!(world.when(vacant(1, 30)), []);
    assert_eq!(world.spaces.device(eui(1)).and_then(DeviceFacts::space_id), None);
    world.given([occupied(4, 40)]);
    assert_eq!(world.when(assigned(4, 1, 50)), [], "without an owner");
}

#[test]
fn reports_under_a_former_owner_are_dropped() {
    type End = fn(u64, i64) -> Step;
    let ends: [End; 2] = [released, retired];
    for end in ends {
        let mut world = World::with_sensor();
        world.given([occupied(1, 10)]);
        assert_eq!(world.then(end(1, 20)), NOTHING);
        assert!(world.spaces.device(eui(1)).is_none());
        world.given([claimed(1, TENANT, sensor(), 30)]);
        assert_eq!(world.then(assigned(1, 1, 40)), NOTHING);
        assert_eq!(world.then(vacant(1, 50)), FREE);

        world.given([end(1, 60), occupied(1, 70), claimed(1, TENANT, sensor(), 80)]);
        assert_eq!(world.then(assigned(1, 1, 90)), OCCUPIED, "reports since then belong to the next owner");
    }
}

#[test]
fn a_claim_by_another_tenant_implies_a_release() {
    let mut world = World::with_sensor();
    world.given([created(3, TENANT + 1, 0), occupied(1, 10)]);
    assert_eq!(world.then(claimed(1, TENANT + 1, sensor(), 20)), NOTHING);
    assert_eq!(world.spaces.device(eui(1)).and_then(DeviceFacts::owner), Some(id(TENANT + 1)));
    world.given([assigned(1, 3, 30)]);
    assert_eq!(world.shown(3), NOTHING);
}

#[test]
fn a_claim_by_the_owner_changes_only_the_definition() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10)]);
    assert_eq!(world.when(claimed(1, TENANT, sensor(), 20)), []);
    assert_eq!(world.then(claimed(1, TENANT, disabled(), 30)), NOTHING);
    assert_eq!(world.then(vacant(1, 40)), NOTHING);
    assert_eq!(world.then(claimed(1, TENANT, sensor(), 50)), FREE);
}

#[test]
fn a_disabled_sensor_brings_no_presence_until_it_is_enabled() {
    let mut world = World::new();
    world.given([claimed(1, TENANT, disabled(), 0), occupied(1, 10)]);
    assert_eq!(world.then(assigned(1, 1, 20)), NOTHING);
    assert_eq!(world.then(device_updated(1, sensor(), 30)), OCCUPIED);
}

#[test]
fn a_displays_reports_do_not_affect_a_space() {
    let mut world = World::new();
    world.given([claimed_as(Category::Display, 5, TENANT, sensor(), 0)]);
    assert_eq!(world.when(assigned_as(Category::Display, 5, 1, 10)), []);
    assert_eq!(world.when(occupied(5, 20)), []);
    assert_eq!(world.when(reassigned_as(Category::Display, 5, 1, 2, 30)), []);
    assert_eq!(world.when(assigned(5, 1, 40)), [], "not even if it is assigned as a sensor");
    let facts = world.spaces.device(eui(5)).expect("a device");
    assert_eq!(
        (facts.space_id(), facts.last_heard_at(), facts.occupancy()),
        (None, None, Occupancy::Unknown)
    );
    assert_eq!(world.spaces.silent_due(eui(5)), None);
}

#[test]
fn a_display_does_not_replace_a_sensor() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10), claimed_as(Category::Display, 5, TENANT, sensor(), 0)]);
    assert_eq!(world.then(assigned_as(Category::Display, 5, 1, 10)), OCCUPIED);
}

#[test]
fn a_deleted_space_ignores_reports_and_its_sensor_can_be_reassigned() {
    let mut world = World::with_sensor();
    world.given([deleted(1, 10)]);
    assert_eq!(world.when(occupied(1, 20)), []);
    assert_eq!(world.when(unassigned(1, 1, 30)), []);
    world.given([assigned(1, 2, 40)]);
    assert_eq!(world.shown(2), OCCUPIED);
}

#[test]
fn the_policy_of_the_new_space_decides_whether_the_last_report_is_valid() {
    let mut world = World::new();
    let long_timeout = parking_domain::policy::Policy {
        sensor_unknown_timeout_sec: Some(604_800),
        ..parking_domain::policy::Policy::default()
    };
    world.given([claimed(1, TENANT, sensor(), 0), occupied(1, 0)]);
    world.given([policy_is(5, long_timeout, 10), policy_activated(5, 10)]);
    assert_eq!(world.then(assigned(1, 1, 6 * DAY)), OCCUPIED);
}

#[test]
fn events_of_unknown_devices_change_nothing() {
    let mut world = World::new();
    for step in [
        device_updated(9, sensor(), 1),
        unassigned(9, 1, 2),
        released(9, 3),
        fell_silent(9, 0, 4),
        assigned(9, 1, 5),
    ] {
        assert_eq!(world.when(step), []);
    }
    assert_eq!(world.spaces.devices().count(), 0);
    world.given([occupied(9, 10), fell_silent(9, 10, 20), device_updated(9, sensor(), 30)]);
    let orphan = world.spaces.device(eui(9)).expect("heard");
    assert_eq!((orphan.is_silent(), orphan.owner()), (false, None));
}
