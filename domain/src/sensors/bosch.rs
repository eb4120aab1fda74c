//! Bosch TPS110 and TPL110, firmware 0.23 to 0.39.
//!
//! Layout: The Things Network `tps110-0292` and the decoder for firmware 0.39, ELEMENT IoT `bosch_parksensor`, the
//! vendor's "Parking Lot Sensor communication interface". The firmware version is major, minor, patch; one converter
//! prints it reversed.

use super::{Frame, Kind, Occupancy, Reading, Undecodable};

pub(super) fn tps110(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    match (frame.f_port, frame.data) {
        (1, &[state]) => {
            reading.kind = Kind::Occupancy;
            reading.occupancy = Occupancy::from_bit_0(state);
        }
        // Firmware 0.23 has no temperature.
        (2, &[state, ref temperature @ ..]) if temperature.len() <= 1 => {
            reading.kind = Kind::Heartbeat;
            reading.occupancy = Occupancy::from_bit_0(state);
            reading.temperature_c = temperature.first().map(|byte| f64::from(byte.cast_signed()));
        }
        (3, &[_, _, _, _, _, _, _, _, _, _, _, _, major, minor, patch, cause, state]) => {
            reading.kind = Kind::Startup;
            reading.occupancy = Occupancy::from_bit_0(state);
            reading.firmware = Some(format!("{major}.{minor}.{patch}"));
            reading.text("reset_cause", reset_cause([major, minor], cause));
        }
        // Device information. Of that only the firmware version has three bytes.
        (4, &[major, minor, patch]) => {
            reading.kind = Kind::Diagnostic;
            reading.firmware = Some(format!("{major}.{minor}.{patch}"));
        }
        // Other device information, usage and debug codes, for the manufacturer.
        (4..=6, _) => reading.kind = Kind::Diagnostic,
        (7, &[temperature]) => {
            reading.kind = Kind::TemperatureAlarm;
            reading.temperature_c = Some(f64::from(temperature.cast_signed()));
        }
        _ => return Err(frame.wrong_length()),
    }
    Ok(())
}

/// Before firmware 0.39, cause 4 stands for all that come after it.
fn reset_cause(firmware: [u8; 2], code: u8) -> &'static str {
    match code {
        1 => "watchdog",
        2 => "power_on",
        3 => "system_request",
        4 if firmware >= [0, 39] => "external_pin",
        5 => "lockup",
        6 => "brownout",
        _ => "other",
    }
}
