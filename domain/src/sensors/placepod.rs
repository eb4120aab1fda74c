//! PNI PlacePod: channel, type and value, most significant byte first, on any port.
//!
//! Layout: ELEMENT IoT `pni_placepods`, PNI's "PlacePod Sensor Communications Protocol" and its own server. A parking
//! status (0x15) takes precedence over the keep-alive's (0x37) in the same message. The types are those of the Cayenne
//! Low Power Payload, so an unknown channel of a known type is passed over. Bytes after an unknown type cannot be
//! decoded; values before it remain valid.

use super::bytes::Reader;
use super::{Fault, Frame, Kind, Occupancy, Reading, Undecodable};

/// The first count of a counter that was set to zero by a restart or a recalibration: counts run from 0 to 127 and
/// begin again (decision 0047).
const COUNTER_RESET: u8 = 0x80;

pub(super) fn placepod(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (mut status, mut keep_alive) = (None, None);
    let mut known = false;
    let mut bytes = Reader::new(frame.data);
    while !bytes.is_empty() {
        match bytes.take()? {
            [0x01, 0x01] => answered(reading, "recalibrated", bytes.u8()?),
            [0x02, 0x67] => reading.temperature_c = Some(f64::from(bytes.i16_be()?) / 10.0),
            [0x03, 0x02] => reading.battery_v = Some(f64::from(bytes.i16_be()?) / 100.0),
            [0x05, 0x00] => error_register(reading, bytes.u8()?),
            [0x06, 0x00] => reading.integer("error_state", bytes.u8()?, None),
            [0x15, 0x66] => status = Some(Occupancy::from_byte(bytes.u8()?)),
            [0x1c, 0x01] => answered(reading, "deactivated", bytes.u8()?),
            [0x21, 0x00] => counted(reading, bytes.u8()?),
            [0x37, 0x66] => keep_alive = Some(Occupancy::from_byte(bytes.u8()?)),
            [0x37, 0x00] => {
                keep_alive = keep_alive.or(Some(Occupancy::Unknown));
                counted(reading, bytes.u8()?);
            }
            [0x3f, 0x01] => answered(reading, "rebooted", bytes.u8()?),
            [_, of_type] => {
                let Some(length) = length(of_type) else { break };
                bytes.take_slice(length)?;
                continue;
            }
        }
        known = true;
    }
    if !known {
        return Err(Undecodable::UnknownMessage);
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

/// The length of a value of that type: digital, analog, presence and temperature.
fn length(of_type: u8) -> Option<usize> {
    match of_type {
        0x00 | 0x01 | 0x66 => Some(1),
        0x02 | 0x03 | 0x67 => Some(2),
        _ => None,
    }
}

fn answered(reading: &mut Reading, name: &'static str, answer: u8) {
    reading.kind = Kind::ConfigResponse;
    reading.flag(name, answer == 1);
}

fn error_register(reading: &mut Reading, register: u8) {
    if register != 0 {
        reading.kind = Kind::SensorError;
        reading.fault_if(true, Fault::Sensor);
    }
    reading.integer("error_register", register, None);
}

fn counted(reading: &mut Reading, count: u8) {
    reading.kind = if count == COUNTER_RESET { Kind::Startup } else { Kind::Count };
    match count {
        ..COUNTER_RESET => reading.integer("vehicles", count, None),
        COUNTER_RESET => reading.flag("counter_reset", true),
        _ => {}
    }
}
