//! Test steps, one function each.

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::device::{self, Category, DeviceEvent};
use parking_domain::id::{OverrideId, PolicyId, ReservationId, SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::policy::{Policy, PolicyOverrides};
use parking_domain::site::{self, SiteEvent};
use parking_domain::space::{self, Confirmation, OverrideKind, SpaceEvent, StateByHand, Window};
use parking_domain::stored::Event;
use parking_domain::tenant::{NamedPolicy, TenantEvent};
use serde_json::json;
use uuid::Uuid;

/// A step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// An event of a stream that is not an `uplinks` stream.
    Happens(String, Box<Event>),
    /// A device transmits.
    Sends(Frame),
}

#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) dev: u64,
    pub(crate) second: i64,
    pub(crate) f_port: u8,
    pub(crate) data: Vec<u8>,
    pub(crate) counter: Counter,
    pub(crate) profile: &'static str,
}

/// The frame counter relative to the device's previous ones.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counter {
    Next,
    /// One that was skipped.
    Skipped,
    /// The newest one again.
    Same,
}

pub(crate) const TENANT: u128 = 7;
pub(crate) const SITE: u128 = 70;

pub(crate) fn t(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

pub(crate) fn id<Kind>(n: u128) -> parking_domain::id::Id<Kind> {
    Uuid::from_u128(n).into()
}

pub(crate) fn eui(dev: u64) -> DevEui {
    DevEui::from(dev)
}

// Transmissions of devices.

pub(crate) fn tabs(dev: u64, second: i64, status: u8) -> Step {
    let data = vec![status, 0xfb, 0x38, 0, 0, 0x31, 0x11, 0];
    Step::Sends(Frame { dev, second, f_port: 102, data, counter: Counter::Next, profile: "TBMS100" })
}

pub(crate) fn occupied(dev: u64, second: i64) -> Step {
    tabs(dev, second, 1)
}

pub(crate) fn vacant(dev: u64, second: i64) -> Step {
    tabs(dev, second, 0)
}

/// Carries MAC commands only: a sign of life without a reading.
pub(crate) fn alive(dev: u64, second: i64) -> Step {
    Step::Sends(Frame {
        dev,
        second,
        f_port: 0,
        data: Vec::new(),
        counter: Counter::Next,
        profile: "TBMS100",
    })
}

pub(crate) fn with(step: Step, counter: Counter) -> Step {
    match step {
        Step::Sends(frame) => Step::Sends(Frame { counter, ..frame }),
        other @ Step::Happens(..) => panic!("expected a frame, got {other:?}"),
    }
}

// Events of a space.

pub(crate) fn of_space(space: u128, event: SpaceEvent) -> Step {
    Step::Happens(id::<parking_domain::id::Space>(space).to_string(), Box::new(Event::Space(event)))
}

pub(crate) fn definition(policy: PolicyOverrides) -> Box<space::Definition> {
    let definition = json!({"name": "Bay", "display_name": "Bay", "enabled": true, "policy": policy});
    serde_json::from_value(definition).expect("a definition")
}

pub(crate) fn created(space: u128, tenant: u128, second: i64) -> Step {
    let event = SpaceEvent::SpaceCreated {
        tenant_id: id(tenant),
        site_id: id(SITE),
        code: space.to_string(),
        definition: definition(PolicyOverrides::default()),
        at: t(second),
        by: Actor::System,
    };
    of_space(space, event)
}

pub(crate) fn space_updated(space: u128, policy: PolicyOverrides, second: i64) -> Step {
    let definition = definition(policy);
    of_space(space, SpaceEvent::SpaceUpdated { definition, at: t(second), by: Actor::System })
}

/// Parsed from its stored form, so that fields that this fold does not use may change.
pub(crate) fn deleted(space: u128, second: i64) -> Step {
    let space_id: SpaceId = id(space);
    let event = json!({"SpaceDeleted": {"space_id": space_id, "site_id": id::<parking_domain::id::Site>(SITE),
                       "code": "1", "at": t(second), "by": "system"}});
    of_space(space, serde_json::from_value(event).expect("an event"))
}

pub(crate) fn set_by_hand(state: StateByHand, second: i64) -> Step {
    of_space(1, SpaceEvent::StateSetByHand { state, reason: None, at: t(second), by: Actor::System })
}

pub(crate) fn override_set(n: u128, kind: OverrideKind, second: i64) -> Step {
    let event = SpaceEvent::OverrideSet {
        override_id: id(n),
        kind,
        from: t(second),
        until: None,
        reason: None,
        notes: None,
        at: t(second),
        by: Actor::System,
    };
    of_space(1, event)
}

pub(crate) fn override_started(n: u128, due: i64) -> Step {
    let override_id: OverrideId = id(n);
    of_space(1, SpaceEvent::OverrideStarted { override_id, due: t(due), at: t(due + 5) })
}

pub(crate) fn override_ended(n: u128, due: i64) -> Step {
    of_space(1, SpaceEvent::OverrideEnded { override_id: id(n), due: t(due), at: t(due + 5) })
}

pub(crate) fn override_cleared(n: u128, second: i64) -> Step {
    of_space(1, SpaceEvent::OverrideCleared { override_id: id(n), at: t(second), by: Actor::System })
}

pub(crate) fn booked(n: u128, (start, end): (i64, i64), second: i64) -> Step {
    let event = SpaceEvent::ReservationBooked {
        reservation_id: id(n),
        tenant_id: id(TENANT),
        window: Window { start: t(start), end: t(end) },
        details: Box::default(),
        at: t(second),
        by: Actor::System,
    };
    of_space(1, event)
}

pub(crate) fn cancelled(n: u128, second: i64) -> Step {
    let (at, by) = (t(second), Actor::System);
    of_space(1, SpaceEvent::ReservationCancelled { reservation_id: id(n), reason: None, at, by })
}

pub(crate) fn not_taken_up(n: u128, due: i64) -> Step {
    of_space(1, SpaceEvent::ReservationNotTakenUp { reservation_id: id(n), due: t(due), at: t(due + 5) })
}

pub(crate) fn approached(n: u128, due: i64) -> Step {
    let reservation_id: ReservationId = id(n);
    of_space(1, SpaceEvent::ReservationApproached { reservation_id, due: t(due), at: t(due + 5) })
}

pub(crate) fn started(n: u128, due: i64) -> Step {
    of_space(1, SpaceEvent::ReservationStarted { reservation_id: id(n), due: t(due), at: t(due + 5) })
}

pub(crate) fn confirmed(n: u128, confirmation: Confirmation, second: i64) -> Step {
    let event = SpaceEvent::ReservationConfirmed {
        reservation_id: id(n),
        confirmation,
        at: t(second),
        by: Actor::System,
    };
    of_space(1, event)
}

pub(crate) fn checked_out(n: u128, second: i64) -> Step {
    let event = SpaceEvent::ReservationCheckedOut { reservation_id: id(n), at: t(second), by: Actor::System };
    of_space(1, event)
}

pub(crate) fn completed(n: u128, due: i64) -> Step {
    of_space(1, SpaceEvent::ReservationCompleted { reservation_id: id(n), due: t(due), at: t(due + 5) })
}

pub(crate) fn rescheduled(n: u128, from: (i64, i64), to: (i64, i64), second: i64) -> Step {
    let window = |(start, end)| Window { start: t(start), end: t(end) };
    let event = SpaceEvent::ReservationRescheduled {
        reservation_id: id(n),
        from: window(from),
        to: window(to),
        at: t(second),
        by: Actor::System,
    };
    of_space(1, event)
}

// Events of a device.

pub(crate) fn of_device(dev: u64, event: DeviceEvent) -> Step {
    Step::Happens(eui(dev).to_string(), Box::new(Event::Device(event)))
}

pub(crate) fn sensor() -> device::Definition {
    serde_json::from_value(json!({"name": "Sensor", "enabled": true})).expect("a definition")
}

pub(crate) fn disabled() -> device::Definition {
    device::Definition { enabled: false, ..sensor() }
}

pub(crate) fn claimed(dev: u64, tenant: u128, definition: device::Definition, second: i64) -> Step {
    claimed_as(Category::Sensor, dev, tenant, definition, second)
}

pub(crate) fn claimed_as(
    category: Category,
    dev: u64,
    tenant: u128,
    definition: device::Definition,
    second: i64,
) -> Step {
    let tenant_id: TenantId = id(tenant);
    let (definition, at, by) = (Box::new(definition), t(second), Actor::System);
    of_device(dev, DeviceEvent::DeviceClaimed { tenant_id, category, definition, at, by })
}

pub(crate) fn device_updated(dev: u64, definition: device::Definition, second: i64) -> Step {
    let (definition, at, by) = (Box::new(definition), t(second), Actor::System);
    of_device(dev, DeviceEvent::DeviceUpdated { definition, at, by })
}

pub(crate) fn assigned(dev: u64, space: u128, second: i64) -> Step {
    assigned_as(Category::Sensor, dev, space, second)
}

pub(crate) fn assigned_as(category: Category, dev: u64, space: u128, second: i64) -> Step {
    let (space_id, reason, at, by) = (id(space), None, t(second), Actor::System);
    of_device(dev, DeviceEvent::DeviceAssigned { space_id, category, reason, at, by })
}

pub(crate) fn reassigned(dev: u64, from: u128, to: u128, second: i64) -> Step {
    reassigned_as(Category::Sensor, dev, from, to, second)
}

pub(crate) fn reassigned_as(category: Category, dev: u64, from: u128, to: u128, second: i64) -> Step {
    let (reason, at, by) = (None, t(second), Actor::System);
    of_device(dev, DeviceEvent::DeviceReassigned { from: id(from), to: id(to), category, reason, at, by })
}

pub(crate) fn unassigned(dev: u64, space: u128, second: i64) -> Step {
    let (space_id, category, at, by) = (id(space), Category::Sensor, t(second), Actor::System);
    of_device(dev, DeviceEvent::DeviceUnassigned { space_id, category, reason: None, at, by })
}

pub(crate) fn released(dev: u64, second: i64) -> Step {
    of_device(dev, DeviceEvent::DeviceReleased { reason: None, at: t(second), by: Actor::System })
}

pub(crate) fn retired(dev: u64, second: i64) -> Step {
    of_device(dev, DeviceEvent::DeviceRetired { reason: None, at: t(second), by: Actor::System })
}

pub(crate) fn fell_silent(dev: u64, last_heard: i64, due: i64) -> Step {
    let (last_heard_at, due, at) = (t(last_heard), t(due), t(due + 60));
    of_device(dev, DeviceEvent::DeviceFellSilent { last_heard_at, due, at })
}

// Events of policies.

pub(crate) fn site_is(policy: PolicyOverrides, second: i64) -> Step {
    let definition = json!({"timezone": "Europe/Paris", "policy": policy});
    let definition: Box<site::Definition> = serde_json::from_value(definition).expect("a definition");
    let event = SiteEvent::SiteUpdated { definition, at: t(second), by: Actor::System };
    let site_id: SiteId = id(SITE);
    Step::Happens(site_id.to_string(), Box::new(Event::Site(event)))
}

pub(crate) fn of_tenant(tenant: u128, event: TenantEvent) -> Step {
    Step::Happens(id::<parking_domain::id::Tenant>(tenant).to_string(), Box::new(Event::Tenant(event)))
}

pub(crate) fn policy_is(n: u128, policy: Policy, second: i64) -> Step {
    let policy = Box::new(NamedPolicy { name: "Policy".to_owned(), description: None, policy });
    let policy_id: PolicyId = id(n);
    of_tenant(
        TENANT,
        TenantEvent::DisplayPolicyCreated { policy_id, policy, at: t(second), by: Actor::System },
    )
}

pub(crate) fn policy_activated(n: u128, second: i64) -> Step {
    let event = TenantEvent::DisplayPolicyActivated { policy_id: id(n), at: t(second), by: Actor::System };
    of_tenant(TENANT, event)
}
