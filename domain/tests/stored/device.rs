//! The stored form of every event of a `device` stream ever released. These files never change.

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::device::{Category, Definition, Device, DeviceEvent};
use parking_domain::downlink::DisplayType;
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::sensors::Threshold;
use parking_domain::stored::Event;
use serde_json::json;

use crate::files;

/// One event of each type, with every optional field set.
fn events() -> Vec<DeviceEvent> {
    let at: Instant = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let by: Actor = "user/018f3a54-6c1e-7000-8000-0000000000aa".parse().expect("an actor");
    let (category, reason) = (Category::Display, Some("bay closed".to_owned()));
    let space_id: SpaceId = "018f3a54-6c1e-7000-8000-0000000000cc".parse().expect("an id");
    let to: SpaceId = "018f3a54-6c1e-7000-8000-0000000000cd".parse().expect("an id");
    let definition = Box::new(Definition {
        name: "Bay 1".into(),
        enabled: true,
        manufacturer: Some("Kuando".into()),
        model: Some("Busylight".into()),
        codec: Some("kuando-busylight".into()),
        threshold: Some(Threshold { occupied_below_mm: 1500, hysteresis_mm: 200 }),
        heartbeat_sec: Some(3600),
        display_type: Some(DisplayType::kuando_busylight()),
        location: Some("left of the door".into()),
        config: serde_json::from_value(json!({"led": true})).expect("an object"),
        metadata: serde_json::from_value(json!({"pallet": 4})).expect("an object"),
    });
    let claimed = definition.clone();
    let why = || reason.clone();
    vec![
        DeviceEvent::DeviceClaimed { tenant_id: TenantId::DEFAULT, category, definition: claimed, at, by },
        DeviceEvent::DeviceUpdated { definition, at, by },
        DeviceEvent::DeviceAssigned { space_id, category, reason: why(), at, by },
        DeviceEvent::DeviceReassigned { from: space_id, to, category, reason: why(), at, by },
        DeviceEvent::DeviceUnassigned { space_id: to, category, reason: why(), at, by },
        DeviceEvent::DeviceReleased { reason: why(), at, by },
        DeviceEvent::DeviceRetired { reason: why(), at, by },
        DeviceEvent::DeviceFellSilent {
            last_heard_at: at - TimeDelta::hours(4),
            due: at - TimeDelta::hours(1),
            at,
        },
        DeviceEvent::OrphanDismissed { reason, at, by },
    ]
}

#[test]
fn conformance_76_every_stored_form_parses_as_the_current_event() {
    files::assert_read::<Device>(&events(), Event::Device);
}

#[test]
fn conformance_76_the_current_event_serialises_to_the_stored_form() {
    files::assert_written::<Device>(&events());
}
