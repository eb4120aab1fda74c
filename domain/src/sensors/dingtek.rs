//! Dingtek DO200, DO201 and DO202, on port 3.
//!
//! Layout: The Things Network `do200`, `do201` and `do202`. Every message begins with 0x80, has its length in byte 4
//! and ends with 0x81. The vendor's example reports -117 °C for the board: a temperature below -55 °C is absent. The
//! answer with the parameters has 17 bytes from the DO200 and 16 from the others.

use super::bytes::Reader;
use super::{Fault, Frame, Kind, Occupancy, Reading, Undecodable};

const PARAMETERS: u8 = 0x03;

pub(super) fn do200(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let &[0x80, _, _, data_type, length, ref values @ .., 0x81] = frame.data else {
        return Err(Undecodable::UnknownMessage);
    };
    let length = usize::from(length);
    if length != frame.data.len() {
        return Err(frame.wrong_length());
    }
    match (data_type, length) {
        (PARAMETERS, 16 | 17) => parameters(reading, values),
        (1 | 2, 21) => state(reading, values, false)?,
        (1 | 2, 23) => state(reading, values, true)?,
        _ => return Err(frame.wrong_length()),
    }
    Ok(())
}

fn state(reading: &mut Reading, values: &[u8], climate: bool) -> Result<(), Undecodable> {
    let mut bytes = Reader::new(values);
    let level = bytes.u16_be()?;
    let [park_level, magnet_battery] = bytes.take()?;
    reading.kind = Kind::Occupancy;
    reading.occupancy = Occupancy::from_bit(park_level >> 4 != 0);
    reading.fault_if(magnet_battery >> 4 != 0, Fault::Interference);
    reading.fault_if(magnet_battery & 0x0f != 0, Fault::BatteryLow);
    reading.battery_v = Some(f64::from(bytes.u16_be()?) / 100.0);
    reading.integer("level", level, Some("mm"));
    for axis in ["magnet_x", "magnet_y", "magnet_z"] {
        reading.integer(axis, bytes.i16_be()?, None);
    }
    if climate {
        let [temperature, humidity] = bytes.take()?;
        let celsius = f64::from(temperature.cast_signed());
        reading.temperature_c = Some(celsius).filter(|celsius| *celsius >= -55.0);
        if humidity <= 100 {
            reading.integer("humidity", humidity, Some("%"));
        }
    }
    reading.integer("frame_counter", bytes.u16_be()?, None);
    Ok(())
}

fn parameters(reading: &mut Reading, values: &[u8]) {
    reading.kind = Kind::ConfigResponse;
    if let [major, minor, ..] = values {
        reading.firmware = Some(format!("{major}.{minor}"));
    }
}
