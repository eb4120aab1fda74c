//! The Browan Tabs family: status, battery and temperature first, then the model's measurements.

use parking_domain::sensors::Undecodable;
use serde_json::json;

use super::{reads, refuses, wrong_length};

/// Checks the same reading with the model's own codec and the family's.
#[track_caller]
fn both(codec: &str, f_port: u8, hex: &str, expected: serde_json::Value) {
    reads(codec, f_port, hex, expected.clone());
    reads("browan-tabs", f_port, hex, expected);
}

#[test]
fn door_and_window() {
    both(
        "browan-tbdw100",
        100,
        "01 fb 38 3b 00 31 11 00",
        json!({"kind": "contact", "occupancy": "unknown", "battery_v": 3.6, "battery_pct": 100, "temperature_c": 24.0,
               "open": true, "since_last_event": "59 min", "count": 4401}),
    );
    // The other bits of the status have other uses, and so does the highest bit of the temperature.
    both(
        "browan-tbdw100",
        100,
        "fe 70 84 00 01 00 00 01",
        json!({"kind": "contact", "occupancy": "unknown", "battery_v": 2.5, "battery_pct": 47, "temperature_c": -28.0,
               "open": false, "since_last_event": "256 min", "count": 65536}),
    );
    refuses("browan-tbdw100", 100, "01 fb 38 3b 00 31 11", wrong_length(7));
    refuses("browan-tbdw100", 100, "01 fb 38 3b 00 31 11 00 00", wrong_length(9));
}

#[test]
fn motion() {
    both(
        "browan-tbms100",
        102,
        "00 1f 20 01 00 02 00 00",
        json!({"kind": "occupancy", "occupancy": "vacant", "battery_v": 4.0, "battery_pct": 7, "temperature_c": 0.0,
               "since_last_event": "1 min", "count": 2}),
    );
}

#[test]
fn healthy_home() {
    both(
        "browan-tbhh100",
        103,
        "08 ab 35 a2 f4 01 0a 00",
        json!({"kind": "environment", "occupancy": "unknown", "battery_v": 3.6, "battery_pct": 67, "temperature_c": 21.0,
               "humidity": "34 %", "co2": "500 ppm", "voc": "10 ppm"}),
    );
    // Warming up, and an invalid humidity.
    both(
        "browan-tbhh100",
        103,
        "08 ab 35 7f ff ff ff ff",
        json!({"kind": "environment", "occupancy": "unknown", "battery_v": 3.6, "battery_pct": 67, "temperature_c": 21.0}),
    );
    reads(
        "browan-tbhh100",
        103,
        "08 ab 35 64 ff ff 01 00",
        json!({"kind": "environment", "occupancy": "unknown", "battery_v": 3.6, "battery_pct": 67, "temperature_c": 21.0,
               "humidity": "100 %", "voc": "1 ppm"}),
    );
}

#[test]
fn air_quality() {
    both(
        "browan-tbhv110",
        103,
        "61 0b 35 1e bf 03 01 00 51 00 36",
        json!({"kind": "environment", "occupancy": "unknown", "battery_v": 3.6, "temperature_c": 22.0,
               "humidity": "30 %", "co2": "959 ppm", "voc": "1 ppm", "iaq": 81, "board_temperature": "21.0 °C"}),
    );
    refuses("browan-tbhv110", 103, "61 0b 35 1e bf 03 01 00", wrong_length(8));
}

#[test]
fn light_and_sound() {
    both(
        "browan-tbam100",
        104,
        "00 fb 38 03 02 01",
        json!({"kind": "environment", "occupancy": "unknown", "battery_v": 3.6, "battery_pct": 100, "temperature_c": 24.0,
               "light": "6605100 lx"}),
    );
    both(
        "browan-tbsl100",
        105,
        "00 0b 36 28",
        json!({"kind": "environment", "occupancy": "unknown", "battery_v": 3.6, "temperature_c": 22.0, "sound": "40 dB"}),
    );
}

#[test]
fn water_leak() {
    let reading = |leak| {
        json!({"kind": "environment", "occupancy": "unknown", "battery_v": 3.6, "battery_pct": 100,
               "temperature_c": 22.0, "leak": leak, "humidity": "34 %", "board_temperature": "24.0 °C"})
    };
    both("browan-tbwl100", 106, "01 fb 38 22 36", reading(true));
    both("browan-tbwl100", 106, "fe fb 38 22 36", reading(false));
}

#[test]
fn object_locator() {
    let reading = |latitude: &str, longitude: &str, fix: bool| {
        json!({"kind": "location", "occupancy": "unknown", "battery_v": 3.6, "battery_pct": 100, "temperature_c": 24.0,
               "latitude": latitude, "longitude": longitude, "fix": fix})
    };
    // 48858370 in 28 bits and -2294481 in 29, with all bits above them set or some.
    both(
        "browan-tbol100",
        136,
        "08 fb 38 02 85 e9 f2 2f fd dc bf",
        reading("48.85837 °", "-2.294481 °", false),
    );
    // -33868820 and 151209290.
    both(
        "browan-tbol100",
        136,
        "f7 fb 38 ec 33 fb 0d 4a 45 03 29",
        reading("-33.86882 °", "151.20929 °", true),
    );
}

#[test]
fn push_button() {
    let reading = |pressed| {
        json!({"kind": "button", "occupancy": "unknown", "battery_v": 3.6, "battery_pct": 100, "temperature_c": 24.0,
               "pressed": pressed, "since_last_event": "0 min", "count": 5})
    };
    both("browan-tbpb100", 147, "01 fb 38 00 00 05 00 00", reading(true));
    both("browan-tbpb100", 147, "02 fb 38 00 00 05 00 00", reading(true));
    both("browan-tbpb100", 147, "fc fb 38 00 00 05 00 00", reading(false));
    let mut two_buttons = reading(true);
    two_buttons["count_1"] = json!(7);
    both("browan-tbpb100", 147, "01 fb 38 00 00 05 00 00 07 00 00", two_buttons);
    refuses("browan-tbpb100", 147, "01 fb 38 00 00 05 00 00 07", wrong_length(9));
}

#[test]
fn a_family_has_its_ports() {
    refuses("browan-tabs", 101, "01 fb 38 00 00 05 00 00", Undecodable::UnknownPort { port: 101 });
}
