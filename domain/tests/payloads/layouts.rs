//! Each message of each model with all its values, derived by hand from the layouts that the manufacturers publish.
//!
//! A reading is written in its serialised form, without its codec and with extra measurements by name: `"34 %"`.

mod distance;
mod milesight;
mod parking;
mod tabs;
mod tagged;

use parking_domain::sensors::{Frame, Undecodable, by_name};
use serde_json::{Map, Value};

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("a byte in hex")).collect()
}

/// Checks that these bytes on this port decode to this reading.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "a table reads better without ampersands")]
fn reads(codec: &str, f_port: u8, hex: &str, expected: Value) {
    let data = bytes(hex);
    let frame = Frame { f_port, data: &data, ..Frame::default() };
    let reading = by_name(codec).expect("a codec").decode(&frame);
    let mut found = serde_json::to_value(reading.expect("a reading")).expect("serialises");
    let parts = found.as_object_mut().expect("an object");
    parts.remove("codec");
    if let Some(extra) = parts.remove("extra") {
        parts.extend(extra.as_array().expect("a list").iter().map(measured).collect::<Map<_, _>>());
    }
    assert_eq!(found, expected, "{codec}, port {f_port}: {hex}");
}

fn measured(extra: &Value) -> (String, Value) {
    let name = extra["name"].as_str().expect("a name").to_owned();
    let value = match extra["unit"].as_str() {
        Some(unit) => format!("{} {unit}", extra["value"]).into(),
        None => extra["value"].clone(),
    };
    (name, value)
}

/// Checks that these bytes on this port are refused.
#[track_caller]
fn refuses(codec: &str, f_port: u8, hex: &str, expected: Undecodable) {
    let data = bytes(hex);
    let frame = Frame { f_port, data: &data, ..Frame::default() };
    let found = by_name(codec).expect("a codec").decode(&frame);
    assert_eq!(found, Err(expected), "{codec}, port {f_port}: {hex}");
}

/// The refusal of a message of this length.
fn wrong_length(found: usize) -> Undecodable {
    Undecodable::WrongLength { found }
}
