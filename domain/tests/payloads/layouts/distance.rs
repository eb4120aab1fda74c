//! Sensors that measure a distance: Decentlab and Dragino.

use parking_domain::sensors::Undecodable::UnknownMessage;
use serde_json::json;

use super::{reads, refuses, wrong_length};

#[test]
fn decentlab_ultrasonic() {
    let mbx = "decentlab-dl-mbx";
    reads(
        mbx,
        1,
        "02 01 2f 00 03 04 d2 00 01 0b b1",
        json!({"kind": "distance", "occupancy": "unknown", "battery_v": 2.993, "distance_mm": 1234, "samples": 1}),
    );
    reads(
        mbx,
        1,
        "02 01 2f 00 01 04 d2 00 00",
        json!({"kind": "distance", "occupancy": "unknown", "faults": ["out_of_range"], "samples": 0}),
    );
    reads(
        mbx,
        1,
        "02 01 2f 00 02 0b b1",
        json!({"kind": "battery_only", "occupancy": "unknown", "battery_v": 2.993}),
    );
    refuses(mbx, 1, "01 01 2f 00 02 0b b1", UnknownMessage);
    refuses(mbx, 1, "02 01 2f 00 00", UnknownMessage);
    refuses(mbx, 1, "02 01 2f 00 04 0b b1", UnknownMessage);
    refuses(mbx, 1, "02 01 2f 00 02 0b b1 00", wrong_length(8));
    refuses(mbx, 1, "02 01 2f 00 02 0b", wrong_length(6));
}

#[test]
fn decentlab_lidar() {
    // Average, minimum, maximum, median, three percentiles and two modes, samples, time.
    reads(
        "decentlab-dl-lid",
        1,
        "02 11 c9 00 01 03 84 03 52 0b b8 03 66 00 01 00 02 00 03 00 04 00 05 00 0c 00 63",
        json!({"kind": "distance", "occupancy": "unknown", "distance_mm": 870, "samples": 12,
               "distance_minimum": "850 mm", "distance_maximum": "3000 mm"}),
    );
}

#[test]
fn dragino_lidar() {
    let llds12 = "dragino-llds12";
    // The upper two bits of the battery are flags, the probe is below zero.
    reads(
        llds12,
        2,
        "cd 5c ff f1 0b 18 01 b1 00 1e 01",
        json!({"kind": "distance", "occupancy": "unknown", "battery_v": 3.42, "temperature_c": 30.0,
               "distance_mm": 2840, "signal": 433, "probe_temperature": "-1.5 °C"}),
    );
    for (signal, measured) in [("00 63", false), ("00 64", true), ("ff fe", true), ("ff ff", false)] {
        let strength = i64::from_str_radix(&signal.replace(' ', ""), 16).expect("hex");
        let mut reading = json!({"kind": "distance", "occupancy": "unknown", "battery_v": 3.42,
                                 "temperature_c": -30.0, "signal": strength, "probe_temperature": "0.0 °C"});
        if measured {
            reading["distance_mm"] = json!(2840);
        } else {
            reading["faults"] = json!(["out_of_range"]);
        }
        reads(llds12, 2, &format!("0d 5c 00 00 0b 18 {signal} 00 e2 01"), reading);
    }
    reads(
        llds12,
        2,
        "0d 5c 00 00 0b 18 01 b1 00 1e 02",
        json!({"kind": "config_response", "occupancy": "unknown"}),
    );
    refuses(llds12, 2, "0d 5c 00 00 0b 18 01 b1 00 1e 03", UnknownMessage);
    refuses(llds12, 2, "0d 5c 00 00 0b 18 01 b1 00 1e", wrong_length(10));
    refuses(llds12, 2, "0d 5c 00 00 0b 18 01 b1 00 1e 01 00", wrong_length(12));
}

#[test]
fn dragino_ultrasonic() {
    let ldds75 = "dragino-ldds75";
    reads(
        ldds75,
        2,
        "cb 45 0b 05 00 ff f1 01",
        json!({"kind": "distance", "occupancy": "unknown", "battery_v": 2.885, "distance_mm": 2821,
               "probe_temperature": "-1.5 °C"}),
    );
    reads(
        ldds75,
        2,
        "0b 45 0b 05 00",
        json!({"kind": "distance", "occupancy": "unknown", "battery_v": 2.885, "distance_mm": 2821}),
    );
    reads(
        ldds75,
        2,
        "0b 45 00 14 00",
        json!({"kind": "distance", "occupancy": "unknown", "battery_v": 2.885, "faults": ["out_of_range"]}),
    );
    reads(
        ldds75,
        2,
        "0b 45 00 00 00",
        json!({"kind": "sensor_error", "occupancy": "unknown", "battery_v": 2.885, "faults": ["sensor"]}),
    );
    reads(
        ldds75,
        2,
        "0b 45 0b 05",
        json!({"kind": "sensor_error", "occupancy": "unknown", "faults": ["sensor"]}),
    );
    refuses(ldds75, 2, "0b 45 0b 05 00 00", wrong_length(6));
    refuses(ldds75, 2, "0b 45 0b", wrong_length(3));
    refuses(ldds75, 2, "0b 45 0b 05 00 00 00 01 00 00 00 00", wrong_length(12));
    refuses(ldds75, 2, "1b 45 0b 05 00 00 00 01 00 00 00", wrong_length(11));
    refuses(ldds75, 3, "0b 45 0b 05 00 00 00 01 00 00", wrong_length(10));
    refuses(ldds75, 5, "27 01 00 01 ff 0b", wrong_length(6));
    refuses(ldds75, 6, "0b 45 0b", wrong_length(3));
}
