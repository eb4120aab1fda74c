//! The `device` stream as a specification: given events, when a command is executed, then these events follow or it is
//! refused.

mod definition;

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::{Claim, ClaimChange, Decider};
use parking_domain::asked::Asked;
use parking_domain::device::{
    Category, Definition, Device, DeviceCommand, DeviceEvent, DevicePatch, DeviceRefusal,
    LONGEST_HEARTBEAT_SEC, Lifecycle, Status,
};
use parking_domain::downlink::{Colour, DisplayType, Layout, Part};
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::patch::Patch;
use parking_domain::payload::Payload;
use parking_domain::sensors::Threshold;
use parking_domain::space::claims::place;

use crate::scenario::{self, Given, fold};
use serde_json::json;
use uuid::Uuid;

const BY: Actor = Actor::System;

fn given(events: impl IntoIterator<Item = DeviceEvent>) -> Given<Device> {
    scenario::given(events)
}

fn time(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

fn at() -> Instant {
    time(0)
}

fn asked(tenant_id: TenantId) -> Asked {
    Asked { tenant_id, by: BY, at: at() }
}

fn owner() -> TenantId {
    Uuid::from_u128(10).into()
}

fn other() -> TenantId {
    Uuid::from_u128(11).into()
}

fn space(n: u128) -> SpaceId {
    Uuid::from_u128(n).into()
}

const WHY: &str = "moved";

fn bay() -> Definition {
    Definition::named("Bay 1")
}

fn claimed_as(category: Category) -> DeviceEvent {
    DeviceEvent::DeviceClaimed { tenant_id: owner(), category, definition: Box::new(bay()), at: at(), by: BY }
}

fn claimed() -> DeviceEvent {
    claimed_as(Category::Sensor)
}

fn updated(definition: Definition) -> DeviceEvent {
    DeviceEvent::DeviceUpdated { definition: Box::new(definition), at: at(), by: BY }
}

fn assigned_as(category: Category, n: u128) -> DeviceEvent {
    DeviceEvent::DeviceAssigned { space_id: space(n), category, reason: Some(WHY.into()), at: at(), by: BY }
}

fn assigned(n: u128) -> DeviceEvent {
    assigned_as(Category::Sensor, n)
}

fn reassigned(from: u128, to: u128) -> DeviceEvent {
    DeviceEvent::DeviceReassigned {
        from: space(from),
        to: space(to),
        category: Category::Sensor,
        reason: Some(WHY.into()),
        at: at(),
        by: BY,
    }
}

fn unassigned(n: u128) -> DeviceEvent {
    let category = Category::Sensor;
    DeviceEvent::DeviceUnassigned { space_id: space(n), category, reason: Some(WHY.into()), at: at(), by: BY }
}

fn released() -> DeviceEvent {
    DeviceEvent::DeviceReleased { reason: Some(WHY.into()), at: at(), by: BY }
}

fn retired() -> DeviceEvent {
    DeviceEvent::DeviceRetired { reason: Some(WHY.into()), at: at(), by: BY }
}

fn fell_silent(last_heard: i64, due: i64, now: i64) -> DeviceEvent {
    DeviceEvent::DeviceFellSilent { last_heard_at: time(last_heard), due: time(due), at: time(now) }
}

fn dismissed() -> DeviceEvent {
    DeviceEvent::OrphanDismissed { reason: Some(WHY.into()), at: at(), by: BY }
}

fn claim(tenant_id: TenantId, category: Category, definition: Definition) -> DeviceCommand {
    DeviceCommand::ClaimDevice { category, definition: Box::new(definition), asked: asked(tenant_id) }
}

fn update(tenant_id: TenantId, patch: DevicePatch) -> DeviceCommand {
    DeviceCommand::UpdateDevice { patch: Box::new(patch), asked: asked(tenant_id) }
}

fn assign(tenant_id: TenantId, n: u128, replace: bool) -> DeviceCommand {
    DeviceCommand::AssignDevice {
        space_id: space(n),
        replace,
        reason: Some(WHY.into()),
        asked: asked(tenant_id),
    }
}

fn unassign(tenant_id: TenantId) -> DeviceCommand {
    DeviceCommand::UnassignDevice { reason: Some(WHY.into()), asked: asked(tenant_id) }
}

fn release(tenant_id: TenantId) -> DeviceCommand {
    DeviceCommand::ReleaseDevice { reason: Some(WHY.into()), asked: asked(tenant_id) }
}

fn retire(tenant_id: TenantId) -> DeviceCommand {
    DeviceCommand::RetireDevice { reason: Some(WHY.into()), asked: asked(tenant_id) }
}

fn report_silence(last_heard: i64, due: i64, now: i64) -> DeviceCommand {
    DeviceCommand::ReportSilence { last_heard_at: time(last_heard), due: time(due), at: time(now) }
}

fn dismiss() -> DeviceCommand {
    DeviceCommand::DismissOrphan { reason: Some(WHY.into()), asked: asked(owner()) }
}

#[test]
fn an_unowned_device_can_be_claimed() {
    for history in [vec![], vec![claimed(), released()], vec![claimed(), retired()], vec![dismissed()]] {
        given(history).when(claim(owner(), Category::Sensor, bay())).then([claimed()]);
    }
    given([]).when(claim(owner(), Category::Display, bay())).then([claimed_as(Category::Display)]);
}

#[test]
fn a_claimed_device_cannot_be_claimed_and_its_owner_is_not_disclosed() {
    for tenant_id in [owner(), other()] {
        given([claimed()])
            .when(claim(tenant_id, Category::Sensor, bay()))
            .then_refused(DeviceRefusal::DeviceAlreadyClaimed);
    }
}

#[test]
fn another_tenants_device_is_not_found() {
    let histories = [
        (vec![], owner()),
        (vec![claimed()], other()),
        (vec![claimed(), assigned(1)], other()),
        (vec![claimed(), released()], owner()),
        (vec![claimed(), retired()], other()),
        (vec![claimed(), retired(), released()], owner()),
    ];
    for (history, tenant_id) in histories {
        for command in [
            update(tenant_id, DevicePatch::default()),
            assign(tenant_id, 1, false),
            unassign(tenant_id),
            release(tenant_id),
            retire(tenant_id),
        ] {
            given(history.clone()).when(command).then_refused(DeviceRefusal::DeviceNotFound);
        }
    }
}

#[test]
fn assigning_to_the_same_space_again_gives_no_event() {
    given([claimed()]).when(assign(owner(), 1, false)).then([assigned(1)]);
    given([claimed()]).when(assign(owner(), 1, true)).then([assigned(1)]);
    given([claimed_as(Category::Display)])
        .when(assign(owner(), 1, false))
        .then([assigned_as(Category::Display, 1)]);
    for replace in [false, true] {
        given([claimed(), assigned(1)]).when(assign(owner(), 1, replace)).then_nothing();
    }
}

#[test]
fn a_device_moves_to_another_space_only_with_replace() {
    given([claimed(), assigned(1)])
        .when(assign(owner(), 2, false))
        .then_refused(DeviceRefusal::DeviceAlreadyAssigned { space_id: space(1) });
    given([claimed(), assigned(1)]).when(assign(owner(), 2, true)).then([reassigned(1, 2)]);
    given([claimed(), assigned(1), reassigned(1, 2)]).when(assign(owner(), 2, false)).then_nothing();
}

#[test]
fn a_device_is_unassigned_from_its_space() {
    given([claimed(), assigned(1)]).when(unassign(owner())).then([unassigned(1)]);
    given([claimed(), assigned(1), reassigned(1, 2)]).when(unassign(owner())).then([unassigned(2)]);
    given([claimed()]).when(unassign(owner())).then_refused(DeviceRefusal::DeviceNotAssigned);
    given([claimed(), assigned(1), unassigned(1)])
        .when(unassign(owner()))
        .then_refused(DeviceRefusal::DeviceNotAssigned);
}

#[test]
fn a_released_or_retired_device_is_unassigned_first() {
    given([claimed()]).when(release(owner())).then([released()]);
    given([claimed()]).when(retire(owner())).then([retired()]);
    given([claimed(), assigned(1)]).when(release(owner())).then([unassigned(1), released()]);
    given([claimed(), assigned(1)]).when(retire(owner())).then([unassigned(1), retired()]);
}

#[test]
fn a_retired_device_is_known_to_its_last_owner() {
    let device = || given([claimed(), retired()]);
    for command in [update(owner(), DevicePatch::default()), assign(owner(), 1, false), unassign(owner())] {
        device().when(command).then_refused(DeviceRefusal::DeviceRetired);
    }
    device().when(retire(owner())).then_nothing();
    device().when(release(owner())).then([released()]);
    let claimed_by_another = DeviceEvent::DeviceClaimed {
        tenant_id: other(),
        category: Category::Sensor,
        definition: Box::new(bay()),
        at: at(),
        by: BY,
    };
    given([claimed(), retired(), claimed_by_another])
        .when(release(owner()))
        .then_refused(DeviceRefusal::DeviceNotFound);
}

#[test]
fn a_silence_is_recorded_once() {
    given([claimed()]).when(report_silence(-100, -10, 0)).then([fell_silent(-100, -10, 0)]);
    given([claimed(), fell_silent(-100, -10, 0)]).when(report_silence(-100, -10, 5)).then_nothing();
    given([claimed(), fell_silent(-100, -10, 0)]).when(report_silence(-101, -11, 5)).then_nothing();
    given([claimed(), fell_silent(-100, -10, 0)])
        .when(report_silence(-99, -9, 5))
        .then([fell_silent(-99, -9, 5)]);
}

#[test]
fn a_silence_is_not_recorded_before_it_is_due() {
    given([claimed()]).when(report_silence(-100, 1, 0)).then_nothing();
    given([claimed()]).when(report_silence(-100, 0, 0)).then([fell_silent(-100, 0, 0)]);
}

#[test]
fn an_unowned_devices_silence_is_ignored_and_a_new_owner_gets_it_again() {
    for history in [vec![], vec![claimed(), released()], vec![claimed(), retired()]] {
        given(history).when(report_silence(-100, -10, 0)).then_nothing();
    }
    given([claimed(), fell_silent(-100, -10, 0), released(), claimed()])
        .when(report_silence(-100, -10, 5))
        .then([fell_silent(-100, -10, 5)]);
}

#[test]
fn only_an_orphan_can_be_dismissed_and_a_repeated_dismissal_counts() {
    for history in [vec![], vec![dismissed()], vec![claimed(), released()], vec![claimed(), retired()]] {
        given(history).when(dismiss()).then([dismissed()]);
    }
    given([claimed()]).when(dismiss()).then_refused(DeviceRefusal::DeviceNotOrphan);
}

#[test]
fn the_life_cycle_of_a_device() {
    use Lifecycle::{Commissioned, Decommissioned, Operational, Provisioned};
    let history = [
        (claimed(), Some((Provisioned, Status::Unassigned))),
        (assigned(1), Some((Operational, Status::Assigned))),
        (reassigned(1, 2), Some((Operational, Status::Assigned))),
        (unassigned(2), Some((Commissioned, Status::Unassigned))),
        (retired(), Some((Decommissioned, Status::Retired))),
        (claimed(), Some((Provisioned, Status::Unassigned))),
        (released(), None),
    ];
    let mut device = Device::default();
    assert_eq!((device.lifecycle(), device.status()), (None, None));
    for (event, expected) in history {
        device.evolve(&event);
        assert_eq!(device.lifecycle().zip(device.status()), expected, "after {event:?}");
    }
}

#[test]
fn owner_definition_and_assignment_are_accessible() {
    let device: Device =
        fold([claimed_as(Category::Display), updated(Definition { enabled: false, ..bay() }), assigned(1)]);
    assert_eq!((device.owner(), device.category()), (Some(owner()), Some(Category::Display)));
    assert_eq!(device.space_id(), Some(space(1)));
    assert_eq!(device.definition().map(|definition| definition.enabled), Some(false));
    let device: Device = fold([assigned(1), updated(bay())]);
    assert_eq!((device.owner(), device.category(), device.space_id()), (None, None, None));
    assert_eq!(device.definition(), None);
}

#[test]
fn a_space_has_at_most_one_sensor_and_one_display() {
    let claim = |scope: &str, n| Claim { scope: scope.into(), key: space(n).to_string() };
    let sensor = |n| claim("sensor_of_space", n);
    assert_eq!(place(Category::Sensor, space(1)), sensor(1));
    assert_eq!(place(Category::Display, space(1)), claim("display_of_space", 1));
    assert_eq!(Device::claims(&assigned(1)), [ClaimChange::Take(sensor(1))]);
    assert_eq!(
        Device::claims(&assigned_as(Category::Display, 1)),
        [ClaimChange::Take(claim("display_of_space", 1))]
    );
    assert_eq!(
        Device::claims(&reassigned(1, 2)),
        [ClaimChange::Release(sensor(1)), ClaimChange::Take(sensor(2))]
    );
    assert_eq!(Device::claims(&unassigned(1)), [ClaimChange::Release(sensor(1))]);
    assert_eq!(Device::claims(&claimed()), []);
}
