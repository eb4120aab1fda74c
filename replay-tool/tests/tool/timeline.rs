//! What happened to a space and to a device, in words.

use std::path::PathBuf;

use parking_domain::actor::Actor;
use parking_domain::device::{Category, Device, DeviceEvent};
use parking_domain::id::{OverrideId, SpaceId};
use parking_domain::lorawan::DevEui;
use parking_domain::space::{Confirmation, OverrideKind, Space, SpaceEvent, StateByHand};
use parking_testkit::EventLog;
use parking_testkit::estate::{Estate, OWNER, at};
use serde_json::Value;

use crate::printed;

/// A space and a sensor with every kind of event.
async fn eventful(log: &EventLog) -> (SpaceId, DevEui) {
    let estate = Estate::new(log, 'a');
    let site = estate.site(1, 0).await;
    let (space, other) = (estate.space(2, site, 0).await, estate.space(3, site, 0).await);
    estate.reports(estate.eui(4), 0, false, 5).await;
    let sensor = estate.sensor(4, space, 10).await;
    estate.reports(sensor, 1, true, 20).await;
    estate.reports(sensor, 2, false, 30).await;
    booked(&estate, space, sensor).await;
    overridden(&estate, space).await;
    let moved = DeviceEvent::DeviceReassigned {
        from: space,
        to: other,
        category: Category::Sensor,
        reason: Some("better there".into()),
        at: at(800),
        by: OWNER,
    };
    estate.happens::<Device>(sensor, moved).await;
    estate.reports(sensor, 4, true, 810).await;
    let silent = DeviceEvent::DeviceFellSilent { last_heard_at: at(810), due: at(900), at: at(901) };
    estate.happens::<Device>(sensor, silent).await;
    let deleted = SpaceEvent::SpaceDeleted {
        space_id: space,
        site_id: site,
        code: "P2".into(),
        reason: Some("built over".into()),
        at: at(950),
        by: OWNER,
    };
    estate.happens::<Space>(space, deleted).await;
    (space, sensor)
}

/// One reservation that is confirmed, and one that is not.
async fn booked(estate: &Estate<'_>, space: SpaceId, sensor: DevEui) {
    let reservation_id = estate.booked(5, space, (100, 200), 40).await;
    let given_up = estate.booked(6, space, (300, 400), 41).await;
    for event in [
        SpaceEvent::ReservationApproached { reservation_id, due: at(50), at: at(50) },
        SpaceEvent::ReservationStarted { reservation_id, due: at(100), at: at(103) },
    ] {
        estate.happens::<Space>(space, event).await;
    }
    estate.reports(sensor, 3, true, 120).await;
    let reason = Some(estate.sealed("is ill"));
    for event in [
        SpaceEvent::ReservationConfirmed {
            reservation_id,
            confirmation: Confirmation::Sensor,
            at: at(120),
            by: Actor::Sensor(sensor),
        },
        SpaceEvent::ReservationCompleted { reservation_id, due: at(200), at: at(200) },
        SpaceEvent::ReservationCancelled { reservation_id: given_up, reason, at: at(210), by: OWNER },
    ] {
        estate.happens::<Space>(space, event).await;
    }
}

/// An override that starts, and a state set by hand.
async fn overridden(estate: &Estate<'_>, space: SpaceId) {
    let override_id: OverrideId = estate.id(7).into();
    for event in [
        SpaceEvent::OverrideSet {
            override_id,
            kind: OverrideKind::OutOfService,
            from: at(500),
            until: Some(at(600)),
            reason: Some("new paint".into()),
            notes: Some(estate.sealed("notes")),
            at: at(450),
            by: OWNER,
        },
        SpaceEvent::OverrideStarted { override_id, due: at(500), at: at(500) },
        SpaceEvent::OverrideEnded { override_id, due: at(600), at: at(600) },
        SpaceEvent::StateSetByHand {
            state: StateByHand::Maintenance,
            reason: Some("still wet".into()),
            at: at(610),
            by: OWNER,
        },
    ] {
        estate.happens::<Space>(space, event).await;
    }
}

/// Compares with the golden file; `UPDATE_GOLDEN` rewrites it.
fn assert_golden(name: &str, printed: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, printed).unwrap();
    }
    assert_eq!(printed, std::fs::read_to_string(&file).unwrap_or_default(), "{}", file.display());
}

#[tokio::test]
async fn a_timeline_shows_what_happened_when_by_whom_and_why() {
    let log = EventLog::create().await;
    let (space, sensor) = eventful(&log).await;
    assert_golden("timeline_space.txt", &printed(&log, &["timeline", "space", &space.to_string()]).await);
    assert_golden("timeline_device.txt", &printed(&log, &["timeline", "device", &sensor.to_string()]).await);
    let of_nothing = printed(&log, &["timeline", "device", "00000000000000ff"]).await;
    assert_eq!(of_nothing, "");
}

#[tokio::test]
async fn as_json_it_tells_the_same_with_the_details() {
    let log = EventLog::create().await;
    let (space, _) = eventful(&log).await;
    let words = printed(&log, &["timeline", "space", &space.to_string()]).await;
    let json = printed(&log, &["timeline", "space", &space.to_string(), "--json"]).await;
    assert_eq!(json.lines().count(), words.lines().count());
    for (json, words) in json.lines().zip(words.lines()) {
        let line: Value = serde_json::from_str(json).unwrap();
        assert!(words.contains(line["what"].as_str().unwrap()), "{words}: {json}");
        assert!(
            line["log_id"].is_string()
                && line["position"].is_i64()
                && line["recorded_at"].is_string()
                && line["at"].is_string()
        );
        assert!(line["details"].is_object(), "{json}");
    }
}
