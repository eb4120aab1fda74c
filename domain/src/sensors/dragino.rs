//! Dragino LLDS12 (LiDAR), on port 2, and LDDS75 and DDS75-LB (ultrasonic), on ports 2, 3, 5 and 6.
//!
//! Layout: The Things Network `llds12` and `ldds75`, Dragino's `dragino-end-node-decoder` and user manuals. The LLDS12
//! measures in centimetres and tenths, the LDDS75 and the DDS75-LB in millimetres. The published `ldds75` decoder returns
//! the battery as the distance; this codec does not.

use super::bytes::Reader;
use super::{Fault, Frame, Kind, Reading, Undecodable};

/// The upper two bits of the battery word are flags.
const BATTERY: u16 = 0x3fff;

/// The bit of the battery word that marks several distances in one message.
const SEVERAL: u16 = 0x1000;

/// The LDDS75's value for any distance below 280 mm. Smaller values are invalid.
const TOO_NEAR_MM: u16 = 20;

/// The DDS75-LB in its own device status.
const DDS75_LB: u8 = 0x27;

pub(super) fn llds12(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    if frame.data.len() != 11 {
        return Err(frame.wrong_length());
    }
    let mut bytes = Reader::new(frame.data);
    let battery = bytes.u16_be()?;
    let probe = bytes.i16_be()?;
    let [distance, signal] = [bytes.u16_be()?, bytes.u16_be()?];
    let [_interrupt, temperature, message] = bytes.take()?;
    match (battery.to_be_bytes(), message) {
        // The first byte of an answer is 3: as a battery's voltage that were below 1.1 V.
        ([3, _], _) | (_, 2) => {
            reading.kind = Kind::ConfigResponse;
            return Ok(());
        }
        (_, 1) => {}
        _ => return Err(Undecodable::UnknownMessage),
    }
    reading.kind = Kind::Distance;
    reading.battery_millivolts(battery & BATTERY);
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
    match frame.f_port {
        2 => ultrasonic(reading, frame)?,
        // Stored measurements, asked for by a downlink.
        3 if frame.data.len().is_multiple_of(11) => reading.kind = Kind::History,
        5 => device_status(reading, frame)?,
        // The measurements of the detection mode.
        6 if frame.data.len().is_multiple_of(2) => reading.kind = Kind::History,
        _ => return Err(frame.wrong_length()),
    }
    Ok(())
}

fn ultrasonic(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let mut bytes = Reader::new(frame.data);
    let [battery, distance] = [bytes.u16_be()?, bytes.u16_be()?];
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
        // Which of the distances is the last is not published.
        12.. if battery & SEVERAL != 0 => {
            reading.battery_millivolts(battery & (SEVERAL - 1));
            reading.kind = Kind::History;
            return Ok(());
        }
        _ => return Err(frame.wrong_length()),
    }
    reading.battery_millivolts(battery & BATTERY);
    match distance {
        0 => {
            reading.kind = Kind::SensorError;
            reading.fault_if(true, Fault::Sensor);
        }
        1..=TOO_NEAR_MM => {
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

fn device_status(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let &[model, major, minor_patch, _band, _sub_band, high, low] = frame.data else {
        return Err(frame.wrong_length());
    };
    if model != DDS75_LB {
        return Err(Undecodable::UnknownMessage);
    }
    reading.kind = Kind::ConfigResponse;
    reading.firmware = Some(format!("{}.{}.{}", major & 0x0f, minor_patch >> 4, minor_patch & 0x0f));
    reading.battery_millivolts(u16::from_be_bytes([high, low]));
    Ok(())
}
