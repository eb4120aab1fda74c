//! The Milesight family: channel, type, value; least significant byte first, on any port.

use parking_domain::sensors::Undecodable::UnknownMessage;
use serde_json::{Value, json};

use super::{reads, refuses, wrong_length};

const FAMILY: &str = "milesight";

#[track_caller]
fn family(hex: &str, expected: Value) {
    reads(FAMILY, 85, hex, expected);
}

#[test]
fn channels_that_mean_the_same_in_every_model() {
    family("01 75 64", json!({"kind": "battery_only", "occupancy": "unknown", "battery_pct": 100}));
    family("01 75 65", json!({"kind": "battery_only", "occupancy": "unknown"}));
    family("03 67 f6 ff", json!({"kind": "environment", "occupancy": "unknown", "temperature_c": -1.0}));
    family("04 68 71", json!({"kind": "environment", "occupancy": "unknown", "humidity": "56.5 %"}));
    for (code, alarm) in [("00", false), ("01", true), ("02", true), ("03", false)] {
        family(
            &format!("83 67 10 01 {code}"),
            json!({"kind": "temperature_alarm", "occupancy": "unknown", "temperature_c": 27.2,
                   "temperature_alarm": alarm}),
        );
        family(
            &format!("84 82 44 08 {code}"),
            json!({"kind": "distance_alarm", "occupancy": "unknown", "distance_mm": 2116, "distance_alarm": alarm}),
        );
    }
    for channel in ["02", "03", "04"] {
        family(
            &format!("{channel} 82 44 08"),
            json!({"kind": "distance", "occupancy": "unknown", "distance_mm": 2116}),
        );
    }
    family("03 82 ff 7f", json!({"kind": "distance", "occupancy": "unknown", "distance_mm": 32767}));
    family("03 82 00 80", json!({"kind": "distance", "occupancy": "unknown", "faults": ["out_of_range"]}));
    family("03 82 fd ff", json!({"kind": "distance", "occupancy": "unknown", "faults": ["out_of_range"]}));
    for (byte, occupancy) in [("00", "vacant"), ("01", "occupied"), ("02", "unknown")] {
        family(&format!("03 8e {byte}"), json!({"kind": "occupancy", "occupancy": occupancy}));
    }
    family("04 8e 01", json!({"kind": "unknown", "occupancy": "unknown", "calibrated": true}));
    family("04 8e 00", json!({"kind": "unknown", "occupancy": "unknown", "calibrated": false}));
    family("88 00 01", json!({"kind": "unknown", "occupancy": "unknown", "faults": ["tamper"]}));
}

#[test]
fn skipped_channels_have_known_lengths() {
    let then_battery = [
        "04 a8 01",
        "08 a8 01",
        "06 a6 01 02 03 04",
        "09 a9 01 02 03 04",
        "02 a5 01 02 03 04 05 06 07 08",
        "03 00 01",
        "04 00 01",
        "05 00 01",
        "06 00 01",
    ];
    for skipped in then_battery {
        family(
            &format!("{skipped} 01 75 5c"),
            json!({"kind": "battery_only", "occupancy": "unknown", "battery_pct": 92}),
        );
    }
}

#[test]
fn channels_of_type_0_depend_on_the_model() {
    let contact = |open| json!({"kind": "contact", "occupancy": "unknown", "open": open});
    let fault = |fault: &[&str]| match fault {
        [] => json!({"kind": "unknown", "occupancy": "unknown"}),
        fault => json!({"kind": "unknown", "occupancy": "unknown", "faults": fault}),
    };
    reads("milesight-em310-udl", 85, "04 00 01", fault(&["tilt"]));
    reads("milesight-em310-udl", 85, "04 00 00", fault(&[]));
    reads("milesight-em400", 85, "05 00 01", fault(&["tilt"]));
    refuses("milesight-em400", 85, "04 00 01", UnknownMessage);
    refuses("milesight-em500-udl", 85, "04 00 01", UnknownMessage);
    refuses("milesight-vs330", 85, "03 00 01", UnknownMessage);
    reads("milesight-em300-mcs", 85, "06 00 01", contact(true));
    reads("milesight-em300-mcs", 85, "06 00 00", contact(false));
    reads("milesight-ws301", 85, "03 00 01", contact(true));
    reads("milesight-ws301", 85, "04 00 01", fault(&["tamper"]));
    reads("milesight-ws301", 85, "04 00 00", fault(&[]));
    for (byte, occupancy) in [("00", "vacant"), ("01", "occupied"), ("02", "unknown")] {
        let reading = json!({"kind": "occupancy", "occupancy": occupancy});
        reads("milesight-vs340", 85, &format!("03 00 {byte}"), reading.clone());
        reads("milesight-ws202", 85, &format!("03 00 {byte}"), reading);
    }
    reads(
        "milesight-ws202",
        85,
        "04 00 01",
        json!({"kind": "unknown", "occupancy": "unknown", "daylight": true}),
    );
    reads(
        "milesight-ws202",
        85,
        "04 00 00",
        json!({"kind": "unknown", "occupancy": "unknown", "daylight": false}),
    );
}

#[test]
fn device_information_after_a_start() {
    for information in [
        "ff 01 01",
        "ff 0b ff",
        "ff 0f 00",
        "ff fe ff",
        "ff 09 01 00",
        "ff ff 01 00",
        "ff 08 01 02 03 04 05 06",
        "ff 16 01 02 03 04 05 06 07 08",
    ] {
        family(
            &format!("{information} ff 0a 01 10"),
            json!({"kind": "startup", "occupancy": "unknown", "firmware": "1.10"}),
        );
    }
}

#[test]
fn answers_and_history_end_the_decodable_part() {
    family("fe 03 03 00 01", json!({"kind": "config_response", "occupancy": "unknown"}));
    family("ff 03 03 00 01", json!({"kind": "config_response", "occupancy": "unknown"}));
    family("20 ce 01 02 03", json!({"kind": "history", "occupancy": "unknown"}));
    family(
        "01 75 5c fe 03 03 00 01",
        json!({"kind": "config_response", "occupancy": "unknown", "battery_pct": 92}),
    );
}

#[test]
fn values_before_an_unknown_channel_are_valid_and_the_rest_is_ignored() {
    family(
        "01 75 5c 7f 7f 03 82 44 08",
        json!({"kind": "battery_only", "occupancy": "unknown", "battery_pct": 92}),
    );
    family(
        "88 00 01 7f 7f 01 75 5c",
        json!({"kind": "unknown", "occupancy": "unknown", "faults": ["tamper"]}),
    );
    refuses(FAMILY, 85, "7f 7f 01 75 5c", UnknownMessage);
    refuses(FAMILY, 85, "01 75", wrong_length(2));
    refuses(FAMILY, 85, "01 75 5c 03", wrong_length(4));
    refuses(FAMILY, 85, "06 a6 01 02 03", wrong_length(5));
}

#[test]
fn the_highest_ranked_value_determines_a_messages_kind() {
    let by_rank = [
        ("01 75 5c", "battery_only"),
        ("ff 0b ff", "startup"),
        ("04 68 71", "environment"),
        ("03 82 44 08", "distance"),
        ("03 8e 01", "occupancy"),
        ("83 67 10 01 01", "temperature_alarm"),
        ("84 82 44 08 01", "distance_alarm"),
    ];
    let kind = |hex: &str| {
        let data = super::bytes(hex);
        let frame = parking_domain::sensors::Frame { f_port: 85, data: &data, ..Default::default() };
        let reading = parking_domain::sensors::by_name(FAMILY).expect("a codec").decode(&frame);
        serde_json::to_value(reading.expect("a reading").kind).expect("serialises")
    };
    for (rank, (one, _)) in by_rank.iter().enumerate() {
        for (other, name) in &by_rank[rank + 1..] {
            assert_eq!(kind(&format!("{one} {other}")), *name, "{one} {other}");
            assert_eq!(kind(&format!("{other} {one}")), *name, "{other} {one}");
        }
    }
}
