//! The stored form of every event of a `site` stream ever released. These files never change.

use parking_domain::actor::Actor;
use parking_domain::geo::Position;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::policy::PolicyOverrides;
use parking_domain::site::{Definition, Site, SiteEvent, SiteMember};
use parking_domain::stored::Event;
use serde_json::json;

use crate::files;

/// One event of each type, with every optional field set.
fn events() -> Vec<SiteEvent> {
    let at: Instant = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let by: Actor = "user/018f3a54-6c1e-7000-8000-0000000000aa".parse().expect("an actor");
    let tenant_id = TenantId::DEFAULT;
    let space = "018f3a54-6c1e-7000-8000-0000000000cc".parse().expect("an id");
    let gateway = "0016c001f1500001".parse().expect("an EUI");
    let definition = Box::new(Definition {
        address: Some("1 rue Une".into()),
        city: Some("Lyon".into()),
        state: Some("Rhône".into()),
        postal_code: Some("69001".into()),
        country: Some("France".into()),
        position: Some(Position { latitude: 45.767, longitude: 4.834 }),
        timezone: "Europe/Paris".into(),
        policy: PolicyOverrides { debounce_readings: Some(2), ..PolicyOverrides::default() },
        metadata: serde_json::from_value(json!({"code": 4})).expect("an object"),
    });
    vec![
        SiteEvent::SiteCreated {
            tenant_id,
            name: "North".into(),
            slug: "north".into(),
            definition: definition.clone(),
            at,
            by,
        },
        SiteEvent::SiteUpdated { definition, at, by },
        SiteEvent::SiteRenamed {
            tenant_id,
            from_name: "North".into(),
            to_name: "South".into(),
            from_slug: "north".into(),
            to_slug: "south".into(),
            at,
            by,
        },
        SiteEvent::SiteMemberAdded { member: SiteMember::Space(space), at },
        SiteEvent::SiteMemberRemoved { member: SiteMember::Gateway(gateway), at },
        SiteEvent::SiteArchived { tenant_id, name: "South".into(), slug: "south".into(), at, by },
    ]
}

#[test]
fn conformance_76_every_stored_form_parses_as_the_current_event() {
    files::assert_read::<Site>(&events(), Event::Site);
}

#[test]
fn conformance_76_the_current_event_serialises_to_the_stored_form() {
    files::assert_written::<Site>(&events());
}
