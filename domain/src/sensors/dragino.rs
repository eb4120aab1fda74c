//! Dragino LLDS12 (LiDAR) and LDDS75 (ultrasonic), on port 2.
//!
//! Layout: The Things Network `llds12` and `ldds75`, Dragino's user manuals. The LLDS12 measures in centimetres and
//! tenths, the LDDS75 in millimetres. The published `ldds75` decoder returns the battery as the distance; this codec
//! does not.

use super::bytes::Reader;
use super::{Fault, Frame, Kind, Reading, Undecodable};

/// The upper two bits of the battery word are flags.
const BATTERY: u16 = 0x3fff;

/// The LDDS75's value for any distance below 280 mm.
const TOO_NEAR_MM: u16 = 20;

pub(super) fn llds12(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    if frame.data.len() != 11 {
        return Err(frame.wrong_length());
    }
    let mut bytes = Reader::new(frame.data);
    let battery = bytes.u16_be()? & BATTERY;
    let probe = bytes.i16_be()?;
    let [distance, signal] = [bytes.u16_be()?, bytes.u16_be()?];
    let [_interrupt, temperature, message] = bytes.take()?;
    match message {
        1 => {}
        2 => {
            reading.kind = Kind::ConfigResponse;
            return Ok(());
        }
        _ => return Err(Undecodable::UnknownMessage),
    }
    reading.kind = Kind::Distance;
    reading.battery_millivolts(battery);
    reading.temperature_c = Some(f64::from(temperature.cast_signed()));
    // The signal is too weak or saturated.
    let measured = (100..u16::MAX).contains(&signal);
    reading.distance_mm = Some(u32::from(distance)).filter(|_| measured);
    reading.fault_if(!measured, Fault::OutOfRange);
    reading.integer("signal", signal, None);
    reading.number("probe_temperature", f64::from(probe) / 10.0, "°C");
    Ok(())
}

pub(super) fn ldds75(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let mut bytes = Reader::new(frame.data);
    let [battery, distance] = [bytes.u16_be()? & BATTERY, bytes.u16_be()?];
    match frame.data.len() {
        // The length of a message without a sensor.
        4 => {
            reading.kind = Kind::SensorError;
            reading.fault_if(true, Fault::Sensor);
            return Ok(());
        }
        5 => {}
        8 => {
            let _interrupt = bytes.u8()?;
            reading.number("probe_temperature", f64::from(bytes.i16_be()?) / 10.0, "°C");
        }
        _ => return Err(frame.wrong_length()),
    }
    reading.battery_millivolts(battery);
    match distance {
        0 => {
            reading.kind = Kind::SensorError;
            reading.fault_if(true, Fault::Sensor);
        }
        TOO_NEAR_MM => {
            reading.kind = Kind::Distance;
            reading.fault_if(true, Fault::OutOfRange);
        }
        millimetres => {
            reading.kind = Kind::Distance;
            reading.distance_mm = Some(u32::from(millimetres));
        }
    }
    Ok(())
}
