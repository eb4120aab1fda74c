//! Libelium Smart Parking with firmware v3 and v2: 11 bytes on any port. Firmware v1 sends 12 bytes in another layout.
//!
//! Layout: ELEMENT IoT `libelium_smart-parking_v3` in its two revisions, after Libelium's "Smart Parking technical
//! guide". Both versions have state and frame type in the same bits, but the temperature in different bytes, and
//! nothing in the frame identifies the version. The v2 codec must therefore be chosen explicitly.

use super::{Fault, Frame, Kind, Occupancy, Reading, Undecodable};

pub(super) fn v3(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let &[head, counter, byte_2, byte_3, _, _, _, _, _, _, _] = frame.data else {
        return Err(frame.wrong_length());
    };
    common(reading, head, counter);
    match frame_type(head) {
        0 | 1 => {
            reading.fault_if(byte_2 != 0, Fault::Sensor);
            reading.temperature_c = Some(f64::from(byte_3.cast_signed()));
        }
        4 => reading.firmware = Some(byte_2.to_string()),
        _ => {}
    }
    Ok(())
}

pub(super) fn v2(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let &[head, counter, byte_2, _, byte_4, _, _, _, _, _, _] = frame.data else {
        return Err(frame.wrong_length());
    };
    common(reading, head, counter);
    reading.temperature_c = match frame_type(head) {
        0 => Some(f64::from(byte_2.cast_signed())),
        // The device's hours and minutes precede it.
        1 | 8 => Some(f64::from(byte_4.cast_signed())),
        _ => None,
    };
    Ok(())
}

fn frame_type(head: u8) -> u8 {
    head & 0x0f
}

/// The fields of every frame, including frames of unknown types.
fn common(reading: &mut Reading, head: u8, counter: u8) {
    reading.kind = match frame_type(head) {
        0 => Kind::Occupancy,
        1 => Kind::Heartbeat,
        3 => Kind::SensorError,
        4 | 5 => Kind::Startup,
        2 | 6 | 7 | 8 => Kind::Diagnostic,
        _ => Kind::Unknown,
    };
    reading.occupancy = Occupancy::from_bit(head & 0x80 != 0);
    reading.fault_if(head & 0x40 != 0, Fault::BatteryLow);
    reading.fault_if(reading.kind == Kind::SensorError, Fault::Sensor);
    reading.integer("frame_counter", counter, None);
}
