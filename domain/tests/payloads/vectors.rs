//! Payloads published with vendors' and networks' decoders, and their meaning in this platform's terms.
//!
//! `normalised` is the expected value; where it differs from the source's `expected`, its `note` explains why.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use parking_domain::downlink::{Colour, DisplayType, Light, kuando_report_after_downlinks};
use parking_domain::sensors::{Codec, Fault, Frame, Measured, Occupancy, Reading, by_model, by_name};
use serde_json::{Map, Value, json};

const VECTORS: &str = include_str!("../vectors/sensor-vectors.json");

fn vectors(direction: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    assert_eq!(all.len(), 62);
    all.into_iter().filter(|vector| vector["direction"] == direction).collect()
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().expect("a text")
}

fn bytes(vector: &Value) -> Vec<u8> {
    let hex = text(vector, "hex").as_bytes().chunks(2);
    hex.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn codec(vector: &Value) -> &'static Codec {
    let model = text(vector, "model");
    if model.contains("FW v2") {
        return by_name("libelium-smart-parking-v2").unwrap();
    }
    by_model(&format!("{} {model}", text(vector, "vendor"))).unwrap_or_else(|| panic!("no codec for {model}"))
}

/// A reading in the vectors' terms.
fn normalised(reading: &Reading) -> Map<String, Value> {
    let extra = |name| match reading.extra(name) {
        Some(Measured::Integer(value)) => json!(value),
        Some(Measured::Number(value)) => json!(value),
        Some(Measured::Flag(value)) => json!(value),
        Some(Measured::Text(value)) => json!(value),
        None => Value::Null,
    };
    let fields = json!({
        "kind": reading.kind,
        "occupied": match reading.occupancy {
            Occupancy::Occupied => json!(true),
            Occupancy::Vacant => json!(false),
            Occupancy::Unknown => Value::Null,
        },
        "battery_v": reading.battery_v,
        "battery_pct": reading.battery_pct,
        "temperature_c": reading.temperature_c,
        "distance_mm": reading.distance_mm,
        "tilt": reading.has(Fault::Tilt),
        "firmware": reading.firmware,
        "open": extra("open"),
        "tag_id": extra("tag_id"),
        "previous_state_minutes": extra("previous_state_minutes"),
        "red": extra("red"),
        "green": extra("green"),
        "blue": extra("blue"),
        "on": extra("on"),
        "off": extra("off"),
        "downlinks_received": extra("downlinks_received"),
    });
    fields.as_object().cloned().unwrap()
}

/// Compares values: `20` and `20.0` are the same temperature.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        _ => a == b,
    }
}

#[test]
fn every_published_uplink_decodes_to_its_normalised_value() {
    for vector in vectors("uplink") {
        let ports =
            vector["fPort"].as_u64().map_or(vec![1, 85, 223], |port| vec![u8::try_from(port).unwrap()]);
        for f_port in ports {
            let reading = codec(&vector).decode(&Frame { f_port, data: &bytes(&vector), ..Frame::default() });
            let reading = reading.unwrap_or_else(|reason| panic!("{reason}: {vector:#}"));
            let found = normalised(&reading);
            let expected = vector["normalised"].as_object().unwrap();
            for (field, value) in expected {
                let found = found.get(field).unwrap_or_else(|| panic!("no such field: {field}"));
                assert!(same(found, value), "{field} is {found}, not {value}: {vector:#}");
            }
            let expects_occupancy = expected.get("occupied").is_some_and(|occupied| !occupied.is_null());
            assert_eq!(expects_occupancy, reading.occupancy != Occupancy::Unknown, "{vector:#}");
        }
    }
}

#[test]
fn every_published_downlink_is_what_the_light_encodes_to() {
    for vector in vectors("downlink") {
        let number = |of: &str, field: &str| u8::try_from(vector[of][field].as_u64().unwrap()).unwrap();
        let downlink = if vector["normalised"]["kind"] == "config" {
            kuando_report_after_downlinks()
        } else {
            let [red, green, blue] = ["red", "green", "blue"].map(|name| number("normalised", name));
            let [on, off] = ["ontime", "offtime"].map(|name| number("expected", name));
            DisplayType::kuando_busylight()
                .downlink(Light { colour: Colour { red, green, blue }, on, off })
                .unwrap()
        };
        assert_eq!(downlink.data.as_bytes(), bytes(&vector), "{vector:#}");
        assert_eq!(u64::from(downlink.f_port), vector["fPort"].as_u64().unwrap());
    }
}
