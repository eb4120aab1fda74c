//! Moko LW009-IG and LW009-SM, on port 1: a header of 12 bytes, then tag, length and value, most significant first.
//!
//! Layout: the vendor's decoder for `LW009-SM` as published with Tago's connectors; no vectors are published. If the
//! event (tag 0x02) and the state (tag 0x32) contradict each other, the occupancy is unknown. An unknown event does not
//! make the state beside it invalid.

use super::bytes::{Reader, unsigned};
use super::{Fault, Frame, Kind, Occupancy, Reading, Undecodable};

pub(super) fn lw009(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let mut bytes = Reader::new(frame.data);
    let [head, _version, _, _, _, _, _, _] = bytes.take()?;
    let length = usize::from(bytes.u16_be()?);
    let [_instruction, encrypted] = bytes.take()?;
    if head != 0xed {
        return Err(Undecodable::UnknownMessage);
    }
    if encrypted != 0 {
        return Err(Undecodable::Encrypted);
    }
    let mut body = Reader::new(bytes.take_slice(length)?);
    let (mut event, mut state) = (None, None);
    let mut unknown_event = None;
    while !body.is_empty() {
        let [tag, length] = body.take()?;
        let value = body.take_slice(usize::from(length))?;
        match (tag, value) {
            (0x02, &[code]) => match read_event(reading, code) {
                Ok(occupancy) => event = occupancy,
                Err(reason) => unknown_event = Some(reason),
            },
            (0x32, &[car]) => state = Some(Occupancy::from_byte(car)),
            (0x0b, &[celsius]) => reading.temperature_c = Some(f64::from(celsius.cast_signed())),
            (0x24, &[percent]) if percent <= 100 => reading.battery_pct = Some(percent),
            (0x29, &[high, low]) => reading.battery_millivolts(u16::from_be_bytes([high, low])),
            (0x05, version) => reading.firmware = unsigned(version).map(|version| version.to_string()),
            (0x25, &[x1, x0, y1, y0, z1, z0]) => {
                reading.integer("magnet_x", i16::from_be_bytes([x1, x0]), None);
                reading.integer("magnet_y", i16::from_be_bytes([y1, y0]), None);
                reading.integer("magnet_z", i16::from_be_bytes([z1, z0]), None);
            }
            (0x35, &[humidity]) if humidity <= 100 => reading.integer("humidity", humidity, Some("%")),
            // The device's parameters, after a start.
            (0x03, _) if reading.kind == Kind::Unknown => reading.kind = Kind::Startup,
            _ => {}
        }
    }
    if let (Some(reason), None) = (unknown_event, state) {
        return Err(reason);
    }
    reading.occupancy = match (event, state) {
        (Some(event), Some(state)) if event != state => Occupancy::Unknown,
        (event, state) => state.or(event).unwrap_or_default(),
    };
    Ok(())
}

/// Sets the kind and fault from the event; returns the occupancy if the event reports one.
fn read_event(reading: &mut Reading, code: u8) -> Result<Option<Occupancy>, Undecodable> {
    let (kind, fault, occupancy) = match code {
        0x00 => (Kind::Heartbeat, None, None),
        0x0b => (Kind::Occupancy, None, Some(Occupancy::Vacant)),
        0x0c => (Kind::Occupancy, None, Some(Occupancy::Occupied)),
        0x0d => (Kind::SensorError, Some(Fault::Interference), None),
        0x0e => (Kind::Heartbeat, Some(Fault::BatteryLow), None),
        0x0f..=0x12 => (Kind::SensorError, Some(Fault::Sensor), None),
        _ => return Err(Undecodable::UnknownMessage),
    };
    reading.kind = kind;
    if let Some(fault) = fault {
        reading.fault_if(true, fault);
    }
    Ok(occupancy)
}
