//! For any report, the recorded event can be read back by every reader of the log, and its size is bounded.

use cqrs_es::DomainEvent;
use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::instant::Instant;
use parking_domain::stored;
use parking_domain::uplinks::{LookUp, RecordReport, Uplinks};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const KINDS: [EventKind; 7] = [
    EventKind::Up,
    EventKind::Join,
    EventKind::Status,
    EventKind::Ack,
    EventKind::TxAck,
    EventKind::Log,
    EventKind::Location,
];

/// The maximum size of a payload in bytes: the object, 64 receptions, and the rest.
const MOST_BYTES: usize = 64 * 1024;

/// The fields that are parsed, and one that is not.
const FIELDS: [&str; 17] = [
    "time",
    "devAddr",
    "fCnt",
    "fPort",
    "confirmed",
    "dr",
    "data",
    "object",
    "object",
    "rxInfo",
    "txInfo",
    "joinServerContext",
    "deduplicationId",
    "queueItemId",
    "downlinkId",
    "context",
    "other",
];

const FIELDS_OF_DEVICE: [&str; 4] = ["deviceName", "deviceProfileId", "deviceProfileName", "applicationId"];

/// JSON texts, including malformed ones: some that no reader accepts, and some that only some readers accept.
fn json_text() -> impl Strategy<Value = String> {
    let odd = [
        "null",
        "true",
        "0",
        "-0",
        "-0.0",
        "1e308",
        "5e-324",
        "1e999",
        "-1e999",
        "18446744073709551616",
        "123456789012345678901234567890",
        "0.1",
        r#""""#,
        r#""\u0000""#,
        r#""a\u0000b""#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\ud83d\ude00""#,
        r#""NaN""#,
        r#""AfA=""#,
        r#""0100a001""#,
        "[]",
        "{}",
        r#""2026-11-23T10:00:00Z""#,
        r#""0000-01-01T00:00:00+23:59""#,
        r#""9999-12-31T23:59:60.999999999Z""#,
        r#"{"gatewayId":"0016c001f1500001","rssi":1e300,"snr":-1e308,"nsTime":"9999-12-31T23:59:59-23:59"}"#,
        r#"{"frequency":4294967296}"#,
    ];
    let leaf = prop_oneof![
        4 => select(odd.to_vec()).prop_map(str::to_owned),
        1 => "[ -~é\u{7f}\u{2028}]{0,40}".prop_map(|text| serde_json::Value::from(text).to_string()),
        1 => any::<f64>().prop_map(|number| format!("{number:e}")),
        1 => select(vec![64, 65, 255, 256, 400, 16_300, 20_000])
            .prop_map(|length| format!("\"{}\"", "x".repeat(length))),
        1 => (0..200_usize).prop_map(|depth| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))),
        1 => (0..200_usize).prop_map(|depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name = select(vec!["a", "b", r"\u0000", r"\ud800", "é", "gatewayId", "nsTime", "rssi", "snr"]);
        prop_oneof![
            (inner.clone(), select(vec![0, 1, 2, 63, 65]))
                .prop_map(|(item, times)| format!("[{}]", vec![item; times].join(","))),
            vec((name, inner), 0..4).prop_map(|entries| object(&entries)),
        ]
    })
}

fn object(entries: &[(&str, String)]) -> String {
    let entries: Vec<_> = entries.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", entries.join(","))
}

fn body() -> impl Strategy<Value = String> {
    let fields = |names: &[&'static str], most| vec((select(names.to_vec()), json_text()), 0..most);
    (fields(&FIELDS, 8), fields(&FIELDS_OF_DEVICE, 4)).prop_map(|(mut fields, mut device)| {
        device.push(("devEui", "\"58a0cb0000100001\"".to_owned()));
        fields.push(("deviceInfo", object(&device)));
        object(&fields)
    })
}

proptest! {
    #[test]
    fn a_recorded_report_reads_back_unchanged(body in body()) {
        for kind in KINDS {
            // A body that is not JSON is not a report.
            let Ok(report) = chirpstack::parse(kind, body.as_bytes()) else { continue };
            let command = RecordReport { report, at: Instant::UNIX_EPOCH, look_up: LookUp::NotDone };
            for event in Uplinks::default().decide(&command).expect("an empty stream holds nothing") {
                let payload = serde_json::to_string(&event).expect("events serialise");
                let (event_type, version) = (event.event_type(), event.event_version());
                let read = stored::read::<Uplinks>(stored::upcasters(), &event_type, &version, &payload);
                prop_assert_eq!(read.map_err(|error| error.to_string()), Ok(event));
                prop_assert!(!payload.replace(r"\\", "").contains(r"\u0000"), "{}", payload);
                prop_assert!(payload.len() <= MOST_BYTES, "{} bytes", payload.len());
            }
        }
    }
}
