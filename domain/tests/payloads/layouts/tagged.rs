//! Parking sensors with tagged messages, objects decoded by networks, and the light of a space.

use parking_domain::sensors::Kind::{Heartbeat, Occupancy as State};
use parking_domain::sensors::Occupancy::{Occupied, Vacant};
use parking_domain::sensors::Undecodable::{self, UnknownMessage};
use parking_domain::sensors::{Frame, by_name};
use serde_json::{Value, json};

use super::{reads, refuses, wrong_length};

#[test]
fn moko() {
    let lw009 = "moko-lw009";
    let frame = |tags: &str| {
        let length = tags.split_whitespace().count();
        format!("ed 01 66 00 00 00 00 07 00 {length:02x} 01 00 {tags}")
    };
    let events = [
        ("00", "heartbeat", "unknown", None),
        ("0b", "occupancy", "vacant", None),
        ("0c", "occupancy", "occupied", None),
        ("0d", "sensor_error", "unknown", Some("interference")),
        ("0e", "heartbeat", "unknown", Some("battery_low")),
        ("0f", "sensor_error", "unknown", Some("sensor")),
        ("12", "sensor_error", "unknown", Some("sensor")),
    ];
    for (code, kind, occupancy, fault) in events {
        let mut reading = json!({"kind": kind, "occupancy": occupancy});
        if let Some(fault) = fault {
            reading["faults"] = json!([fault]);
        }
        reads(lw009, 1, &frame(&format!("02 01 {code}")), reading);
    }
    refuses(lw009, 1, &frame("02 01 13"), UnknownMessage);
    reads(
        lw009,
        1,
        &frame("32 01 01 0b 01 ec 24 01 64 29 02 0e 10 05 02 01 02 25 06 00 01 ff fe 01 00 35 01 37"),
        json!({"kind": "unknown", "occupancy": "occupied", "temperature_c": -20.0, "battery_pct": 100,
               "battery_v": 3.6, "firmware": "258", "magnet_x": 1, "magnet_y": -2, "magnet_z": 256,
               "humidity": "55 %"}),
    );
    // Impossible numbers, and values of another length.
    reads(
        lw009,
        1,
        &frame("24 01 65 35 01 65 0b 02 00 01 05 09 01 02 03 04 05 06 07 08 09"),
        json!({"kind": "unknown", "occupancy": "unknown"}),
    );
    reads(
        lw009,
        1,
        &frame("35 01 64 05 08 00 00 00 00 00 00 00 07"),
        json!({"kind": "unknown", "occupancy": "unknown", "humidity": "100 %", "firmware": "7"}),
    );
    // Parameters follow a start, unless the message reports an event.
    reads(lw009, 1, &frame("03 01 00"), json!({"kind": "startup", "occupancy": "unknown"}));
    reads(lw009, 1, &frame("02 01 0b 03 01 00"), json!({"kind": "occupancy", "occupancy": "vacant"}));
    refuses(lw009, 1, "ee 01 66 00 00 00 00 07 00 03 01 00 02 01 0b", UnknownMessage);
    refuses(lw009, 1, "ed 01 66 00 00 00 00 07 00 04 01 00 02 01 0b", wrong_length(15));
    refuses(lw009, 1, "ed 01 66 00 00 00 00 07 00 03 01 00 02 02 0b", wrong_length(3));
}

#[test]
fn placepod() {
    let pod = "pni-placepod";
    for (channel, what) in [("01 01", "recalibrated"), ("1c 01", "deactivated"), ("3f 01", "rebooted")] {
        for (byte, done) in [("01", true), ("00", false)] {
            let mut reading = json!({"kind": "config_response", "occupancy": "unknown"});
            reading[what] = json!(done);
            reads(pod, 1, &format!("{channel} {byte}"), reading);
        }
    }
    reads(
        pod,
        1,
        "02 67 ff f6 03 02 01 6f",
        json!({"kind": "diagnostic", "occupancy": "unknown", "temperature_c": -1.0, "battery_v": 3.67}),
    );
    for (state, occupancy) in [("00", "vacant"), ("01", "occupied"), ("02", "unknown")] {
        reads(pod, 1, &format!("15 66 {state}"), json!({"kind": "occupancy", "occupancy": occupancy}));
        reads(pod, 1, &format!("37 66 {state}"), json!({"kind": "heartbeat", "occupancy": occupancy}));
        reads(
            pod,
            1,
            &format!("37 66 {state} 37 00 05"),
            json!({"kind": "heartbeat", "occupancy": occupancy, "vehicles": 5}),
        );
    }
    reads(pod, 1, "37 00 05", json!({"kind": "heartbeat", "occupancy": "unknown", "vehicles": 5}));
    reads(pod, 1, "21 00 7f", json!({"kind": "count", "occupancy": "unknown", "vehicles": 127}));
    reads(pod, 1, "21 00 80", json!({"kind": "startup", "occupancy": "unknown", "counter_reset": true}));
    reads(pod, 1, "21 00 81", json!({"kind": "count", "occupancy": "unknown"}));
    reads(pod, 1, "15 66 01 7f 7f 00", json!({"kind": "occupancy", "occupancy": "occupied"}));
    refuses(pod, 1, "7f 7f 15 66 01", UnknownMessage);
    refuses(pod, 1, "15 66", wrong_length(2));
}

#[test]
fn kuando() {
    let status = "9b ff ff ff 08 00 00 00 02 01 00 00 03 01 00 00 ff 01 02 64 05 38 14 01";
    let reading = json!({"kind": "display_status", "occupancy": "unknown", "rssi": "-101 dBm", "snr": "8 dB",
                         "downlinks_received": 258, "uplinks_sent": 259, "red": 255, "blue": 1, "green": 2,
                         "on": "100 0.1 s", "off": "5 0.1 s", "firmware": "56", "hardware": 20, "adr": true});
    reads("kuando-busylight", 15, status, reading.clone());
    reads("kuando-busylight", 15, &format!("{status} 00"), reading.clone());
    let mut fixed_rate = reading;
    fixed_rate["adr"] = json!(false);
    reads("kuando-busylight", 15, &status.replace("14 01", "14 00"), fixed_rate);
    refuses("kuando-busylight", 15, &format!("{status} 00 00"), wrong_length(26));
    refuses("kuando-busylight", 15, "01 02", wrong_length(2));
}

#[test]
fn objects() {
    let read = |codec: &str, object: Value| {
        let object = object.as_object().expect("an object").clone();
        let frame = Frame { f_port: 2, data: &[1], object: Some(&object), encrypted: false };
        by_name(codec)
            .expect("a codec")
            .decode(&frame)
            .map(|reading| (reading.kind, reading.occupancy, reading.battery_v, reading.temperature_c))
    };
    let flexi = |object| read("fleximodo", object);
    assert_eq!(flexi(json!({"parkingStatus": "FREE"})), Ok((State, Vacant, None, None)));
    assert_eq!(
        flexi(json!({"parkingStatus": "BUSY", "statusChanged": true})),
        Ok((State, Occupied, None, None))
    );
    assert_eq!(
        flexi(json!({"parkingStatus": "BUSY", "statusChanged": false})),
        Ok((Heartbeat, Occupied, None, None))
    );
    let plain = |object| read("object", object);
    for word in ["occupied", "Busy"] {
        assert_eq!(plain(json!({"parking_status": word})), Ok((State, Occupied, None, None)), "{word}");
    }
    for word in ["vacant", "FREE", "empty"] {
        assert_eq!(plain(json!({"parkingStatus": word})), Ok((State, Vacant, None, None)), "{word}");
    }
    assert_eq!(plain(json!({"occupancy": "perhaps"})), Err(Undecodable::NoObject));
    assert_eq!(
        plain(json!({"occupied": true, "battery_voltage": 3.5, "temperature": 21, "battery": 80})),
        Ok((State, Occupied, Some(3.5), Some(21.0)))
    );
    assert_eq!(
        plain(json!({"occupied": false, "batteryVoltage": 3.5, "temperature": "21"})),
        Ok((State, Vacant, Some(3.5), None))
    );
}
