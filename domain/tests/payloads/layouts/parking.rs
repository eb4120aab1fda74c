//! Parking sensors with fixed message layouts.

use parking_domain::sensors::Undecodable::UnknownMessage;
use serde_json::json;

use super::{reads, refuses, wrong_length};

const OCCUPANCY: [(&str, &str); 2] = [("00", "vacant"), ("01", "occupied")];

#[test]
fn bosch() {
    let bosch = "bosch-tps110";
    for (state, occupancy) in [("01", "occupied"), ("00", "vacant"), ("fe", "vacant"), ("ff", "occupied")] {
        reads(bosch, 1, state, json!({"kind": "occupancy", "occupancy": occupancy}));
        reads(bosch, 2, state, json!({"kind": "heartbeat", "occupancy": occupancy}));
        reads(
            bosch,
            2,
            &format!("{state} fb"),
            json!({"kind": "heartbeat", "occupancy": occupancy, "temperature_c": -5.0}),
        );
    }
    let causes = [
        ("01", "watchdog"),
        ("02", "power_on"),
        ("03", "system_request"),
        ("04", "other"),
        ("05", "lockup"),
        ("06", "brownout"),
        ("07", "other"),
    ];
    for (code, cause) in causes {
        reads(
            bosch,
            3,
            &format!("00 00 00 00 99 02 00 d1 00 05 00 00 00 1d 02 {code} 01"),
            json!({"kind": "startup", "occupancy": "occupied", "firmware": "0.29.2", "reset_cause": cause}),
        );
    }
    reads(bosch, 4, "00 1d 02", json!({"kind": "diagnostic", "occupancy": "unknown", "firmware": "0.29.2"}));
    for f_port in [4, 5, 6] {
        reads(bosch, f_port, "01 02 03 04", json!({"kind": "diagnostic", "occupancy": "unknown"}));
    }
    refuses(bosch, 1, "01 00", wrong_length(2));
    refuses(bosch, 2, "01 00 00", wrong_length(3));
    refuses(bosch, 3, "01 00 00", wrong_length(3));
    refuses(bosch, 7, "01 00", wrong_length(2));
}

#[test]
fn nwave_g4() {
    let nps405 = "nwave-nps405";
    reads(
        nps405,
        1,
        "b5",
        json!({"kind": "occupancy", "occupancy": "occupied", "previous_state_minutes": "90 min"}),
    );
    reads(
        nps405,
        1,
        "02",
        json!({"kind": "occupancy", "occupancy": "vacant", "previous_state_minutes": "1 min"}),
    );
    // The battery is low below 3.0 V, or 2.9 V in the cold.
    let batteries = [
        ("7d", "e2", 3.0, -5.0, false),
        ("7c", "e2", 2.996, -5.0, true),
        ("7c", "e1", 2.996, -5.5, false),
        ("64", "e1", 2.9, -5.5, false),
        ("63", "e1", 2.896, -5.5, true),
        ("d3", "14", 3.344, 20.0, false),
    ];
    for (battery, temperature, volts, celsius, low) in batteries {
        let mut reading = json!({"kind": "heartbeat", "occupancy": "occupied", "battery_v": volts, "temperature_c": celsius});
        if low {
            reading["faults"] = json!(["battery_low"]);
        }
        reads(nps405, 2, &format!("01 {battery} {temperature}"), reading);
    }
    let causes = [
        ("00", "rejoin"),
        ("01", "watchdog"),
        ("02", "power_on"),
        ("03", "user_request"),
        ("06", "brownout"),
        ("04", "other"),
    ];
    for (code, cause) in causes {
        reads(
            nps405,
            3,
            &format!("01 02 03 {code} 01"),
            json!({"kind": "startup", "occupancy": "occupied", "firmware": "1.2.3", "reset_cause": cause}),
        );
        reads(
            "nwave-ncc405",
            3,
            &format!("01 02 03 {code}"),
            json!({"kind": "startup", "occupancy": "unknown", "firmware": "1.2.3", "reset_cause": cause}),
        );
    }
    reads(nps405, 6, "01 02", json!({"kind": "diagnostic", "occupancy": "unknown"}));
    reads(
        nps405,
        10,
        "03 20 1f 34 56 78",
        json!({"kind": "user_registration", "occupancy": "occupied", "previous_state_minutes": "1 min",
               "tag_battery": "3.2 V", "tag_id": "1F345678"}),
    );
    reads(
        nps405,
        10,
        "02 20 00 34 56 78",
        json!({"kind": "user_registration", "occupancy": "unknown", "tag_battery": "3.2 V", "tag_id": "00345678"}),
    );
    refuses(nps405, 1, "01 02", wrong_length(2));
    refuses(nps405, 2, "01 02", wrong_length(2));
    refuses(nps405, 3, "01 02 03 00", wrong_length(4));
    refuses(nps405, 10, "03 20 1f 34", wrong_length(4));
}

#[test]
fn nwave_g3_and_the_counter() {
    let nps310 = "nwave-nps310";
    for (state, occupancy) in OCCUPANCY {
        reads(nps310, 1, state, json!({"kind": "occupancy", "occupancy": occupancy}));
        reads(nps310, 2, state, json!({"kind": "heartbeat", "occupancy": occupancy}));
    }
    let causes =
        [("01", "watchdog"), ("02", "power_on"), ("03", "user_request"), ("04", "brownout"), ("06", "other")];
    for (code, cause) in causes {
        reads(
            nps310,
            3,
            &format!("01 02 03 {code} 01"),
            json!({"kind": "startup", "occupancy": "occupied", "firmware": "1.2.3", "reset_cause": cause}),
        );
    }
    reads(nps310, 6, "01 02", json!({"kind": "diagnostic", "occupancy": "unknown"}));
    refuses(nps310, 2, "01 02", wrong_length(2));

    let ncc405 = "nwave-ncc405";
    reads(ncc405, 1, "01 02", json!({"kind": "count", "occupancy": "unknown", "vehicles": 258}));
    reads(
        ncc405,
        2,
        "85 d3 64",
        json!({"kind": "heartbeat", "occupancy": "unknown", "battery_v": 3.344, "health": 5,
               "battery_mean_24h": "2.9 V"}),
    );
    reads(ncc405, 6, "01 02", json!({"kind": "diagnostic", "occupancy": "unknown"}));
    refuses(ncc405, 1, "01", wrong_length(1));
}

#[test]
fn libelium() {
    let kinds = [
        (0, "occupancy"),
        (1, "heartbeat"),
        (2, "diagnostic"),
        (3, "sensor_error"),
        (4, "startup"),
        (5, "startup"),
        (6, "diagnostic"),
        (7, "diagnostic"),
        (8, "diagnostic"),
        (9, "unknown"),
        (15, "unknown"),
    ];
    for (frame_type, kind) in kinds {
        for (bits, occupancy, low) in
            [(0x80, "occupied", false), (0x40, "vacant", true), (0xb0, "occupied", false)]
        {
            let head = bits | frame_type;
            let common = || {
                let mut reading = json!({"kind": kind, "occupancy": occupancy, "frame_counter": 20});
                let faults: Vec<_> = [(low, "battery_low"), (kind == "sensor_error", "sensor")]
                    .into_iter()
                    .filter_map(|(present, fault)| present.then_some(fault))
                    .collect();
                if !faults.is_empty() {
                    reading["faults"] = json!(faults);
                }
                reading
            };
            let mut v3 = common();
            match frame_type {
                0 | 1 => v3["temperature_c"] = json!(-20.0),
                4 => v3["firmware"] = json!("0"),
                _ => {}
            }
            reads("libelium-smart-parking", 3, &format!("{head:02x} 14 00 ec 11 00 00 00 00 00 00"), v3);
            let mut v2 = common();
            match frame_type {
                0 => v2["temperature_c"] = json!(-20.0),
                1 | 8 => v2["temperature_c"] = json!(17.0),
                _ => {}
            }
            reads("libelium-smart-parking-v2", 3, &format!("{head:02x} 14 ec 00 11 00 00 00 00 00 00"), v2);
        }
    }
    reads(
        "libelium-smart-parking",
        3,
        "81 14 01 11 00 00 00 00 00 00 00",
        json!({"kind": "heartbeat", "occupancy": "occupied", "frame_counter": 20, "faults": ["sensor"],
               "temperature_c": 17.0}),
    );
    refuses("libelium-smart-parking-v2", 3, "81 14 01 11", wrong_length(4));
}

#[test]
fn netvox() {
    let r719a = "netvox-r719a";
    for device in ["59", "af"] {
        reads(
            r719a,
            6,
            &format!("01 {device} 00 1f 00 00 00 00 00 00 00"),
            json!({"kind": "startup", "occupancy": "unknown", "firmware": "3.1"}),
        );
        for (car, occupancy) in [("00", "vacant"), ("01", "occupied"), ("02", "unknown")] {
            reads(
                r719a,
                6,
                &format!("01 {device} 01 1e {car} 00 00 00 00 00 00"),
                json!({"kind": "occupancy", "occupancy": occupancy, "battery_v": 3.0}),
            );
        }
        for answer in ["81", "82"] {
            reads(
                r719a,
                7,
                &format!("{answer} {device} 00 00 00 00 00 00 00 00 00"),
                json!({"kind": "config_response", "occupancy": "unknown"}),
            );
        }
        refuses(r719a, 6, &format!("01 {device} 01 1e 00"), wrong_length(5));
    }
    reads(
        r719a,
        6,
        "01 59 01 9e 01 00 00 00 00 00 00",
        json!({"kind": "occupancy", "occupancy": "occupied", "battery_v": 3.0, "faults": ["battery_low"]}),
    );
    refuses(r719a, 6, "01 59 02 1e 00 00 00 00 00 00 00", UnknownMessage);
    refuses(r719a, 7, "83 59 00 00 00 00 00 00 00 00 00", UnknownMessage);
    refuses(r719a, 7, "01 59 01 1e 00 00 00 00 00 00 00", UnknownMessage);
}

#[test]
fn dingtek() {
    let do200 = "dingtek-do200";
    let state = |park: &str, alarms: &str| {
        format!("80 00 02 01 15 03 e8 {park} {alarms} 01 6f 00 79 ff b0 ff f5 00 00 00 81")
    };
    let reading = |occupancy: &str, faults: &[&str]| {
        let mut reading = json!({"kind": "occupancy", "occupancy": occupancy, "battery_v": 3.67, "level": "1000 mm",
                                 "magnet_x": 121, "magnet_y": -80, "magnet_z": -11, "frame_counter": 0});
        if !faults.is_empty() {
            reading["faults"] = json!(faults);
        }
        reading
    };
    reads(do200, 3, &state("10", "00"), reading("occupied", &[]));
    reads(do200, 3, &state("0f", "10"), reading("vacant", &["interference"]));
    reads(do200, 3, &state("00", "01"), reading("vacant", &["battery_low"]));
    reads(do200, 3, &state("1f", "11"), reading("occupied", &["interference", "battery_low"]));

    let climates = [
        ("ec", "37", Some(-20.0), Some("55 %")),
        ("c9", "64", Some(-55.0), Some("100 %")),
        ("c8", "65", None, None),
        ("8b", "00", None, Some("0 %")),
    ];
    for (celsius, moisture, temperature, humidity) in climates {
        let mut reading = json!({"kind": "occupancy", "occupancy": "vacant", "battery_v": 3.67, "level": "100 mm",
                                 "magnet_x": 1, "magnet_y": 2, "magnet_z": 3, "frame_counter": 258});
        if let Some(temperature) = temperature {
            reading["temperature_c"] = json!(temperature);
        }
        if let Some(humidity) = humidity {
            reading["humidity"] = json!(humidity);
        }
        for report in ["01", "02"] {
            reads(
                do200,
                3,
                &format!(
                    "80 00 01 {report} 17 00 64 00 00 01 6f 00 01 00 02 00 03 {celsius} {moisture} 01 02 00 81"
                ),
                reading.clone(),
            );
        }
    }
    reads(
        do200,
        3,
        "80 00 02 03 10 01 09 00 00 00 00 00 00 00 00 81",
        json!({"kind": "config_response", "occupancy": "unknown", "firmware": "1.9"}),
    );
    refuses(do200, 3, "80 00 02 04 10 01 09 00 00 00 00 00 00 00 00 81", wrong_length(16));
    refuses(do200, 3, "80 00 02 01 10 01 09 00 00 00 00 00 00 00 00 81", wrong_length(16));
    refuses(do200, 3, "80 00 02 03 11 01 09 00 00 00 00 00 00 00 00 81", wrong_length(16));
    refuses(do200, 3, "80 00 02 03 10 01 09 00 00 00 00 00 00 00 00 82", UnknownMessage);
    refuses(do200, 3, "81 00 02 03 10 01 09 00 00 00 00 00 00 00 00 81", UnknownMessage);
}
