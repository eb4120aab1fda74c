//! Readings from the network server's decoded object: Fleximodo, and any object with a plain occupancy field.
//!
//! Fleximodo (GOSPACE) publishes no byte layout, only `parkingStatus` and `statusChanged`. For other objects only a
//! boolean or a word counts: an `occupancy` of 1 may mean one person.

use serde_json::{Map, Value};

use super::{Frame, Kind, Occupancy, Reading, Undecodable};

const PLAIN_NAMES: [&str; 4] = ["occupied", "occupancy", "parking_status", "parkingStatus"];

pub(super) fn fleximodo(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let object = frame.object.ok_or(Undecodable::NoObject)?;
    reading.occupancy = parking_status(object).ok_or(Undecodable::NoObject)?;
    let unchanged = object.get("statusChanged") == Some(&Value::Bool(false));
    reading.kind = if unchanged { Kind::Heartbeat } else { Kind::Occupancy };
    Ok(())
}

pub(super) fn plain(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let object = frame.object.ok_or(Undecodable::NoObject)?;
    reading.occupancy = plain_occupancy(object).ok_or(Undecodable::NoObject)?;
    reading.kind = Kind::Occupancy;
    let number = |name: &str| object.get(name).and_then(Value::as_f64).filter(|number| number.is_finite());
    // `battery` is not used: some codecs write volts under that name, others per cent.
    reading.battery_v = number("battery_voltage").or_else(|| number("batteryVoltage"));
    reading.temperature_c = number("temperature");
    Ok(())
}

/// The value of Fleximodo's own field, if present.
pub(super) fn parking_status(object: &Map<String, Value>) -> Option<Occupancy> {
    match object.get("parkingStatus")?.as_str()? {
        "FREE" => Some(Occupancy::Vacant),
        "BUSY" | "OCCUPIED" => Some(Occupancy::Occupied),
        _ => None,
    }
}

/// The value of the plain fields; `None` if two of them contradict each other.
pub(super) fn plain_occupancy(object: &Map<String, Value>) -> Option<Occupancy> {
    let mut values = PLAIN_NAMES.iter().filter_map(|name| object.get(*name)).filter_map(occupancy);
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

fn occupancy(value: &Value) -> Option<Occupancy> {
    match value {
        Value::Bool(occupied) => Some(Occupancy::from_bit(*occupied)),
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "occupied" | "busy" => Some(Occupancy::Occupied),
            "vacant" | "free" | "empty" => Some(Occupancy::Vacant),
            _ => None,
        },
        _ => None,
    }
}
