//! The stored form of every event type and version ever released. These files never change: the current program must
//! parse them, and must serialise the newest version identically.

use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::stored::{Event, decode};
use parking_domain::uplinks::{LookUp, RecordReport, UplinkEvent, Uplinks};
use serde_json::{Value, json};

const FILES: [(&str, &str); 7] = [
    ("UplinkReceived", include_str!("../golden/uplinks/UplinkReceived.1.json")),
    ("DeviceJoined", include_str!("../golden/uplinks/DeviceJoined.1.json")),
    ("DeviceStatusReported", include_str!("../golden/uplinks/DeviceStatusReported.1.json")),
    ("DownlinkAcknowledged", include_str!("../golden/uplinks/DownlinkAcknowledged.1.json")),
    ("DownlinkTransmitted", include_str!("../golden/uplinks/DownlinkTransmitted.1.json")),
    ("NetworkLogged", include_str!("../golden/uplinks/NetworkLogged.1.json")),
    ("DeviceLocated", include_str!("../golden/uplinks/DeviceLocated.1.json")),
];

/// The event that the report of each kind gives in an empty stream.
fn written(kind: EventKind) -> UplinkEvent {
    let body = json!({
        "deviceInfo": {
            "devEui": "58a0cb0000100001", "deviceName": "Bay A-001", "deviceProfileName": "TBMS100",
            "applicationId": "6e11f84c-34ca-4d5d-9278-2fa20c853072",
        },
        "deduplicationId": "581fe517-7f0e-4a19-bebd-b475e27f4104", "queueItemId": "4fb9d05c", "downlinkId": 7,
        "time": "2026-11-23T10:34:37.353216957+00:00", "code": "OTAA",
        "devAddr": "0100a001", "fCnt": 1, "fPort": 102, "confirmed": true, "dr": 5, "data": "Afs1AQAqAAA=",
        "object": {"occupied": true, "battery": 3.6},
        "rxInfo": [{"gatewayId": "0016c001f1500001", "rssi": -71, "snr": 9.8, "nsTime": "2026-11-23T10:34:37.353939070+00:00"}],
        "txInfo": {"frequency": 868_100_000},
    });
    let report = chirpstack::parse(kind, body.to_string().as_bytes()).expect("a report");
    let at = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let events = Uplinks::default().decide(&RecordReport { report, at, look_up: LookUp::NotDone });
    events.expect("a first report is recorded").remove(0)
}

fn of_type(event_type: &str) -> UplinkEvent {
    use EventKind::{Ack, Join, Location, Log, Status, TxAck, Up};
    let mut events = [Up, Join, Status, Ack, TxAck, Log, Location].into_iter().map(written);
    events.find(|event| event.name() == event_type).expect("every type is some kind's event")
}

#[test]
fn conformance_76_every_stored_form_parses_as_the_current_event() {
    for (event_type, stored) in FILES {
        let read = decode("uplinks", event_type, "1", stored).expect(event_type);
        assert_eq!(read, Event::Uplink(of_type(event_type)), "{event_type}");
    }
}

#[test]
fn conformance_76_the_current_event_serialises_to_the_stored_form() {
    for (event_type, stored) in FILES {
        let stored: Value = serde_json::from_str(stored).expect("the file is JSON");
        let written = serde_json::to_value(of_type(event_type)).expect("events serialise");
        assert_eq!(written, stored, "{event_type}: a changed form needs a new version");
    }
}

#[test]
fn an_unknown_type_or_version_is_refused_by_name() {
    for (aggregate_type, event_type, version) in
        [("uplinks", "UplinkReceived", "2"), ("garage", "Opened", "1")]
    {
        let error = decode(aggregate_type, event_type, version, "{}").expect_err("unknown").to_string();
        assert!(error.contains(event_type) && error.contains(version), "{error}");
    }
    let mixed_up = decode("uplinks", "DeviceJoined", "1", FILES[0].1).expect_err("mixed up").to_string();
    assert_eq!(mixed_up, "the row says DeviceJoined, the payload holds UplinkReceived");
}
