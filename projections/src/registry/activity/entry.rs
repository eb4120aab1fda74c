//! An entry of the activity list: an event's time, actor, site, space and a short summary. It contains no sealed data.

use parking_domain::actor::Actor;
use parking_domain::device::DeviceEvent;
use parking_domain::gateway::GatewayEvent;
use parking_domain::instant::Instant;
use parking_domain::site::SiteEvent;
use parking_domain::space::{SpaceEvent, Window};
use parking_domain::stored::Event;
use parking_domain::tenant::TenantEvent;
use serde_json::{Value, json};
use uuid::Uuid;

/// An activity entry without the fields that come from the stream's id.
pub(super) struct ActivityEntry {
    pub(super) at: Instant,
    pub(super) actor: Actor,
    pub(super) summary: Value,
    pub(super) site_id: Option<Uuid>,
    pub(super) space_id: Option<Uuid>,
}

impl ActivityEntry {
    /// None for reports, for downlinks, for events of users and of the log itself, and for events that repeat another one.
    pub(super) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Space(event) => Some(of_space(event)),
            Event::Device(event) => Some(of_device(event)),
            Event::Site(event) => of_site(event),
            Event::Tenant(event) => Some(of_tenant(event)),
            Event::Gateway(event) => Some(of_gateway(event)),
            Event::Uplink(_) | Event::Display(_) | Event::User(_) | Event::Log(_) => None,
        }
    }

    /// Leaves null fields out of the summary.
    fn new(at: Instant, actor: Actor, mut summary: Value) -> Self {
        if let Value::Object(fields) = &mut summary {
            fields.retain(|_, value| !value.is_null());
        }
        Self { at, actor, summary, site_id: None, space_id: None }
    }

    fn on_site(self, site_id: Uuid) -> Self {
        Self { site_id: Some(site_id), ..self }
    }

    fn at_space(self, space_id: Uuid) -> Self {
        Self { space_id: Some(space_id), ..self }
    }
}

fn of_space(event: &SpaceEvent) -> ActivityEntry {
    match event {
        SpaceEvent::SpaceCreated { site_id, code, at, by, .. } => {
            ActivityEntry::new(*at, *by, json!({"code": code})).on_site(site_id.uuid())
        }
        SpaceEvent::SpaceUpdated { at, by, .. } => ActivityEntry::new(*at, *by, json!({})),
        SpaceEvent::SpaceCodeChanged { from, to, at, by, .. } => {
            ActivityEntry::new(*at, *by, json!({"from": from, "to": to}))
        }
        SpaceEvent::SpaceDeleted { code, reason, at, by, .. } => {
            ActivityEntry::new(*at, *by, json!({"code": code, "reason": reason}))
        }
        SpaceEvent::StateSetByHand { state, reason, at, by } => {
            ActivityEntry::new(*at, *by, json!({"state": state, "reason": reason}))
        }
        SpaceEvent::OverrideSet { override_id, kind, from, until, reason, at, by, .. } => {
            let summary = json!({
                "override_id": override_id, "kind": kind, "from": from, "until": until, "reason": reason,
            });
            ActivityEntry::new(*at, *by, summary)
        }
        SpaceEvent::OverrideStarted { override_id, at, .. }
        | SpaceEvent::OverrideEnded { override_id, at, .. } => {
            ActivityEntry::new(*at, Actor::System, json!({"override_id": override_id}))
        }
        SpaceEvent::OverrideCleared { override_id, at, by } => {
            ActivityEntry::new(*at, *by, json!({"override_id": override_id}))
        }
        SpaceEvent::ReservationBooked { reservation_id, window: Window { start, end }, at, by, .. }
        | SpaceEvent::ReservationRescheduled { reservation_id, to: Window { start, end }, at, by, .. } => {
            ActivityEntry::new(
                *at,
                *by,
                json!({"reservation_id": reservation_id, "start": start, "end": end}),
            )
        }
        SpaceEvent::ReservationAmended { reservation_id, at, by, .. }
        | SpaceEvent::ReservationCancelled { reservation_id, at, by, .. }
        | SpaceEvent::ReservationCheckedOut { reservation_id, at, by } => {
            ActivityEntry::new(*at, *by, json!({"reservation_id": reservation_id}))
        }
        SpaceEvent::ReservationConfirmed { reservation_id, confirmation, at, by } => ActivityEntry::new(
            *at,
            *by,
            json!({"reservation_id": reservation_id, "confirmation": confirmation}),
        ),
        SpaceEvent::ReservationApproached { reservation_id, at, .. }
        | SpaceEvent::ReservationStarted { reservation_id, at, .. }
        | SpaceEvent::ReservationCompleted { reservation_id, at, .. }
        | SpaceEvent::ReservationExpired { reservation_id, at, .. }
        | SpaceEvent::ReservationNotTakenUp { reservation_id, at, .. } => {
            ActivityEntry::new(*at, Actor::System, json!({"reservation_id": reservation_id}))
        }
    }
}

fn of_device(event: &DeviceEvent) -> ActivityEntry {
    match event {
        DeviceEvent::DeviceClaimed { category, definition, at, by, .. } => {
            ActivityEntry::new(*at, *by, json!({"category": category, "name": definition.name}))
        }
        DeviceEvent::DeviceUpdated { definition, at, by } => {
            ActivityEntry::new(*at, *by, json!({"name": definition.name}))
        }
        DeviceEvent::DeviceAssigned { space_id, category, reason, at, by }
        | DeviceEvent::DeviceUnassigned { space_id, category, reason, at, by } => {
            ActivityEntry::new(*at, *by, json!({"category": category, "reason": reason}))
                .at_space(space_id.uuid())
        }
        DeviceEvent::DeviceReassigned { from, to, category, reason, at, by } => {
            ActivityEntry::new(*at, *by, json!({"category": category, "from": from, "reason": reason}))
                .at_space(to.uuid())
        }
        DeviceEvent::DeviceReleased { reason, at, by }
        | DeviceEvent::DeviceRetired { reason, at, by }
        | DeviceEvent::OrphanDismissed { reason, at, by } => {
            ActivityEntry::new(*at, *by, json!({"reason": reason}))
        }
        DeviceEvent::DeviceFellSilent { last_heard_at, at, .. } => {
            ActivityEntry::new(*at, Actor::System, json!({"last_heard_at": last_heard_at}))
        }
    }
}

fn of_site(event: &SiteEvent) -> Option<ActivityEntry> {
    match event {
        SiteEvent::SiteCreated { name, at, by, .. } | SiteEvent::SiteArchived { name, at, by, .. } => {
            Some(ActivityEntry::new(*at, *by, json!({"name": name})))
        }
        SiteEvent::SiteUpdated { at, by, .. } => Some(ActivityEntry::new(*at, *by, json!({}))),
        SiteEvent::SiteRenamed { from_name, to_name, at, by, .. } => {
            Some(ActivityEntry::new(*at, *by, json!({"from": from_name, "to": to_name})))
        }
        // The event of the space or the gateway is listed instead.
        SiteEvent::SiteMemberAdded { .. } | SiteEvent::SiteMemberRemoved { .. } => None,
    }
}

fn of_tenant(event: &TenantEvent) -> ActivityEntry {
    match event {
        TenantEvent::TenantCreated { slug, at, by, .. } | TenantEvent::TenantArchived { slug, at, by } => {
            ActivityEntry::new(*at, *by, json!({"slug": slug}))
        }
        TenantEvent::TenantUpdated { at, by, .. } | TenantEvent::TenantActivated { at, by } => {
            ActivityEntry::new(*at, *by, json!({}))
        }
        TenantEvent::TenantSlugChanged { from, to, at, by } => {
            ActivityEntry::new(*at, *by, json!({"from": from, "to": to}))
        }
        TenantEvent::TenantSuspended { reason, at, by } => {
            ActivityEntry::new(*at, *by, json!({"reason": reason}))
        }
        TenantEvent::DisplayPolicyCreated { policy_id, policy, at, by }
        | TenantEvent::DisplayPolicyUpdated { policy_id, policy, at, by } => {
            ActivityEntry::new(*at, *by, json!({"policy_id": policy_id, "name": policy.name}))
        }
        TenantEvent::DisplayPolicyActivated { policy_id, at, by } => {
            ActivityEntry::new(*at, *by, json!({"policy_id": policy_id}))
        }
        TenantEvent::MemberAdded { user_id, role, at, by } => {
            ActivityEntry::new(*at, *by, json!({"user_id": user_id, "role": role}))
        }
        TenantEvent::MemberRoleChanged { user_id, from, to, at, by } => {
            ActivityEntry::new(*at, *by, json!({"user_id": user_id, "from": from, "to": to}))
        }
        TenantEvent::MemberDisabled { user_id, at, by }
        | TenantEvent::MemberEnabled { user_id, at, by }
        | TenantEvent::MemberRemoved { user_id, at, by } => {
            ActivityEntry::new(*at, *by, json!({"user_id": user_id}))
        }
    }
}

fn of_gateway(event: &GatewayEvent) -> ActivityEntry {
    match event {
        GatewayEvent::GatewayRegistered { definition, at, by, .. }
        | GatewayEvent::GatewayUpdated { definition, at, by } => {
            let entry = ActivityEntry::new(*at, *by, json!({"name": definition.name}));
            match definition.site_id {
                Some(site_id) => entry.on_site(site_id.uuid()),
                None => entry,
            }
        }
        GatewayEvent::GatewayRemoved { at, by } => ActivityEntry::new(*at, *by, json!({})),
    }
}
