//! The stored form of every event of a `tenant` stream ever released. These files never change.

use std::collections::BTreeMap;

use parking_domain::actor::Actor;
use parking_domain::id::{PolicyId, UserId};
use parking_domain::instant::Instant;
use parking_domain::policy::Policy;
use parking_domain::stored::Event;
use parking_domain::tenant::{Definition, NamedPolicy, Role, Tenant, TenantEvent, TenantType, Tier};
use serde_json::json;

use crate::files;

/// One event of each type, with every optional field set.
fn events() -> Vec<TenantEvent> {
    let at: Instant = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let by: Actor = "user/018f3a54-6c1e-7000-8000-0000000000aa".parse().expect("an actor");
    let policy_id: PolicyId = "018f3a54-6c1e-7000-8000-0000000000bb".parse().expect("an id");
    let user_id: UserId = "018f3a54-6c1e-7000-8000-0000000000cc".parse().expect("an id");
    let definition = Box::new(Definition {
        name: "Acme".into(),
        tenant_type: TenantType::Trial,
        tier: Tier::Professional,
        trial_ends_at: Some(at),
        features: BTreeMap::from([("parking".into(), true), ("custom_branding".into(), false)]),
        limits: BTreeMap::from([("max_spaces".into(), 500)]),
        metadata: serde_json::from_value(json!({"crm": 4})).expect("an object"),
    });
    let policy = Box::new(NamedPolicy {
        name: "Winter".into(),
        description: Some("when it is dark".into()),
        policy: Policy { sensor_unknown_timeout_sec: Some(7200), ..Policy::default() },
    });
    vec![
        TenantEvent::TenantCreated { slug: "acme".into(), definition: definition.clone(), at, by },
        TenantEvent::TenantUpdated { definition, at, by },
        TenantEvent::TenantSlugChanged { from: "acme".into(), to: "acme-2".into(), at, by },
        TenantEvent::TenantSuspended { reason: "unpaid".into(), at, by },
        TenantEvent::TenantActivated { at, by },
        TenantEvent::TenantArchived { slug: "acme-2".into(), at, by },
        TenantEvent::DisplayPolicyCreated { policy_id, policy: policy.clone(), at, by },
        TenantEvent::DisplayPolicyUpdated { policy_id, policy, at, by },
        TenantEvent::DisplayPolicyActivated { policy_id, at, by },
        TenantEvent::MemberAdded { user_id, role: Role::Viewer, at, by },
        TenantEvent::MemberRoleChanged { user_id, from: Role::Viewer, to: Role::Owner, at, by },
        TenantEvent::MemberDisabled { user_id, at, by },
        TenantEvent::MemberEnabled { user_id, at, by },
        TenantEvent::MemberRemoved { user_id, at, by },
    ]
}

#[test]
fn conformance_76_every_stored_form_parses_as_the_current_event() {
    files::assert_read::<Tenant>(&events(), Event::Tenant);
}

#[test]
fn conformance_76_the_current_event_serialises_to_the_stored_form() {
    files::assert_written::<Tenant>(&events());
}
