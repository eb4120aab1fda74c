//! The stored form of every event of a `gateway` stream ever released. These files never change.

use parking_domain::actor::Actor;
use parking_domain::gateway::{Definition, Gateway, GatewayEvent};
use parking_domain::geo::Position;
use parking_domain::id::{SiteId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::stored::Event;
use serde_json::json;

use crate::files;

/// One event of each type, with every optional field set.
fn events() -> Vec<GatewayEvent> {
    let at: Instant = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let by: Actor = "user/018f3a54-6c1e-7000-8000-0000000000aa".parse().expect("an actor");
    let definition = Box::new(Definition {
        name: "Roof".into(),
        description: Some("behind the chimney".into()),
        location: Some("north wing".into()),
        position: Some(Position { latitude: 45.767, longitude: 4.834 }),
        altitude: Some(171.5),
        site_id: Some(SiteId::DEFAULT),
        metadata: serde_json::from_value(json!({"vlan": 4})).expect("an object"),
    });
    let registered = definition.clone();
    vec![
        GatewayEvent::GatewayRegistered { tenant_id: TenantId::DEFAULT, definition: registered, at, by },
        GatewayEvent::GatewayUpdated { definition, at, by },
        GatewayEvent::GatewayRemoved { at, by },
    ]
}

#[test]
fn conformance_76_every_stored_form_parses_as_the_current_event() {
    files::assert_read::<Gateway>(&events(), Event::Gateway);
}

#[test]
fn conformance_76_the_current_event_serialises_to_the_stored_form() {
    files::assert_written::<Gateway>(&events());
}
