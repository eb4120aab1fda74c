//! The stored form of every event of a `display` stream ever released. These files never change.

use parking_domain::actor::Actor;
use parking_domain::display::{Display, DisplayEvent, Order};
use parking_domain::downlink::{Colour, Light};
use parking_domain::id::{DownlinkId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::stored::Event;

use crate::files;

/// One event of each type, with every optional field set.
fn events() -> Vec<DisplayEvent> {
    let at: Instant = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let by: Actor = "user/018f3a54-6c1e-7000-8000-0000000000aa".parse().expect("an actor");
    let downlink_id: DownlinkId = "018f3a54-6c1e-7000-8000-0000000000dd".parse().expect("an id");
    let order = Box::new(Order {
        space_id: Some("018f3a54-6c1e-7000-8000-0000000000cc".parse().expect("an id")),
        light: Some(Light::blinking(Colour { red: 0xff, green: 0x80, blue: 0 }, 500)),
        f_port: 15,
        confirmed: true,
        data: vec![0xff, 0, 0x80, 5, 5].into(),
        priority: 3,
        reason: "space_state".into(),
    });
    let reason = "no gateway".to_owned();
    vec![
        DisplayEvent::DownlinkRequested { downlink_id, tenant_id: TenantId::DEFAULT, order, at, by },
        DisplayEvent::DownlinkSuperseded { downlink_id, at },
        DisplayEvent::DownlinkSent { downlink_id, queue_item_id: "4fb9d05c".into(), at },
        DisplayEvent::DownlinkConfirmed { downlink_id, at },
        DisplayEvent::DownlinkFailed { downlink_id, attempt: 3, last: true, reason, at },
    ]
}

#[test]
fn conformance_76_every_stored_form_parses_as_the_current_event() {
    files::assert_read::<Display>(&events(), Event::Display);
}

#[test]
fn conformance_76_the_current_event_serialises_to_the_stored_form() {
    files::assert_written::<Display>(&events());
}
