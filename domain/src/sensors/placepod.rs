//! PNI PlacePod: channel, type and value, most significant byte first, on any port.
//!
//! Layout: ELEMENT IoT `pni_placepods`, after PNI's "PlacePod Sensor Communications Protocol". A parking status (0x15)
//! takes precedence over the keep-alive's (0x37) in the same message. Bytes after an unknown channel cannot be decoded;
//! values before it remain valid.

use super::bytes::Reader;
use super::{Frame, Kind, Occupancy, Reading, Undecodable};

/// Counts from this value on report a restart or a recalibration.
const NO_COUNT: u8 = 0x80;

pub(super) fn placepod(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (mut status, mut keep_alive) = (None, None);
    let mut known = false;
    let mut bytes = Reader::new(frame.data);
    while !bytes.is_empty() {
        match bytes.take()? {
            [0x01, 0x01] => answered(reading, "recalibrated", bytes.u8()?),
            [0x02, 0x67] => reading.temperature_c = Some(f64::from(bytes.i16_be()?) / 10.0),
            [0x03, 0x02] => reading.battery_v = Some(f64::from(bytes.i16_be()?) / 100.0),
            [0x15, 0x66] => status = Some(Occupancy::from_byte(bytes.u8()?)),
            [0x1c, 0x01] => answered(reading, "deactivated", bytes.u8()?),
            [0x21, 0x00] => counted(reading, bytes.u8()?),
            [0x37, 0x66] => keep_alive = Some(Occupancy::from_byte(bytes.u8()?)),
            [0x37, 0x00] => {
                keep_alive = keep_alive.or(Some(Occupancy::Unknown));
                counted(reading, bytes.u8()?);
            }
            [0x3f, 0x01] => answered(reading, "rebooted", bytes.u8()?),
            _ if !known => return Err(Undecodable::UnknownMessage),
            _ => break,
        }
        known = true;
    }
    reading.occupancy = status.or(keep_alive).unwrap_or_default();
    if status.is_some() {
        reading.kind = Kind::Occupancy;
    } else if keep_alive.is_some() {
        reading.kind = Kind::Heartbeat;
    } else if reading.kind == Kind::Unknown {
        reading.kind = Kind::Diagnostic;
    }
    Ok(())
}

fn answered(reading: &mut Reading, name: &'static str, answer: u8) {
    reading.kind = Kind::ConfigResponse;
    reading.flag(name, answer == 1);
}

fn counted(reading: &mut Reading, count: u8) {
    reading.kind = Kind::Count;
    if count <= NO_COUNT {
        reading.integer("vehicles", count, None);
    }
}
