//! Nwave NPS405 and NPS310 parking sensors and the NCC405 vehicle counter.
//!
//! Layout: The Things Network `nps405`, `nps310sm` and `ncc405`, in the revisions whose published examples they decode,
//! and the vendor's "Nwave LoRaWAN Parking Sensor". Bit 0 is the state and bits 7 to 1 are the duration of the previous
//! state; the first revision of `nps405` has them reversed.

use super::{Fault, Frame, Kind, Occupancy, Reading, Undecodable};

pub(super) fn nps405(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    match (frame.f_port, frame.data) {
        (1, &[status]) => {
            reading.kind = Kind::Occupancy;
            reading.occupancy = Occupancy::from_bit_0(status);
            previous_state(reading, status);
        }
        // Later firmware appends bytes. The meaning of the status byte's upper bits is not published.
        (2, &[status, battery, temperature, ..]) => {
            reading.kind = Kind::Heartbeat;
            reading.occupancy = Occupancy::from_bit_0(status);
            let celsius = f64::from(temperature.cast_signed()) / 2.0 + 10.0;
            reading.temperature_c = Some(celsius);
            let millivolts = battery_millivolts(battery);
            reading.battery_millivolts(millivolts);
            reading.fault_if(millivolts < if celsius < -5.0 { 2900 } else { 3000 }, Fault::BatteryLow);
        }
        (3, &[major, minor, patch, cause, state]) => {
            started(reading, [major, minor, patch], g4_reset_cause(cause));
            reading.occupancy = Occupancy::from_bit_0(state);
        }
        (6, _) => reading.kind = Kind::Diagnostic,
        (10, &[status, battery, t3, t2, t1, t0]) => {
            registered(reading, status);
            reading.number("tag_battery", f64::from(battery) / 10.0, "V");
            tag_id(reading, [t3, t2, t1, t0]);
        }
        // Earlier firmware does not report the tag's battery.
        (10, &[status, t3, t2, t1, t0]) => {
            registered(reading, status);
            tag_id(reading, [t3, t2, t1, t0]);
        }
        _ => return Err(frame.wrong_length()),
    }
    Ok(())
}

pub(super) fn nps310(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    match (frame.f_port, frame.data) {
        (1, &[state]) => {
            reading.kind = Kind::Occupancy;
            reading.occupancy = Occupancy::from_bit_0(state);
        }
        (2, &[state]) => {
            reading.kind = Kind::Heartbeat;
            reading.occupancy = Occupancy::from_bit_0(state);
        }
        (3, &[major, minor, patch, cause, state]) => {
            started(reading, [major, minor, patch], g3_reset_cause(cause));
            reading.occupancy = Occupancy::from_bit_0(state);
        }
        (6, _) => reading.kind = Kind::Diagnostic,
        _ => return Err(frame.wrong_length()),
    }
    Ok(())
}

pub(super) fn ncc405(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    match (frame.f_port, frame.data) {
        (1, &[high, low]) => {
            reading.kind = Kind::Count;
            reading.integer("vehicles", u16::from_be_bytes([high, low]), None);
        }
        (2, &[health, battery, mean]) => {
            reading.kind = Kind::Heartbeat;
            reading.battery_millivolts(battery_millivolts(battery));
            reading.integer("health", health & 0x7f, None);
            reading.number("battery_mean_24h", f64::from(battery_millivolts(mean)) / 1000.0, "V");
        }
        (3, &[major, minor, patch, cause]) => started(reading, [major, minor, patch], g4_reset_cause(cause)),
        (6, _) => reading.kind = Kind::Diagnostic,
        _ => return Err(frame.wrong_length()),
    }
    Ok(())
}

/// A tag may also be heard in a vacant space; the state and its time are then absent.
fn registered(reading: &mut Reading, status: u8) {
    reading.kind = Kind::UserRegistration;
    if status & 1 == 1 {
        reading.occupancy = Occupancy::Occupied;
        previous_state(reading, status);
    }
}

fn tag_id(reading: &mut Reading, id: [u8; 4]) {
    reading.text("tag_id", format!("{:08X}", u32::from_be_bytes(id)));
}

fn started(reading: &mut Reading, [major, minor, patch]: [u8; 3], reset_cause: &'static str) {
    reading.kind = Kind::Startup;
    reading.firmware = Some(format!("{major}.{minor}.{patch}"));
    reading.text("reset_cause", reset_cause);
}

fn battery_millivolts(byte: u8) -> u16 {
    2500 + 4 * u16::from(byte)
}

/// The minimum duration of the previous state. Exact below 90 minutes, then in steps of 5 and of 60.
fn previous_state(reading: &mut Reading, status: u8) {
    let minutes = match u16::from(status >> 1) {
        minutes @ 0..90 => minutes,
        steps @ 90..120 => 90 + 5 * (steps - 90),
        steps => 240 + 60 * (steps - 120),
    };
    reading.integer("previous_state_minutes", minutes, Some("min"));
}

fn g4_reset_cause(code: u8) -> &'static str {
    match code {
        0 => "rejoin",
        1 => "watchdog",
        2 => "power_on",
        3 => "user_request",
        6 => "brownout",
        _ => "other",
    }
}

fn g3_reset_cause(code: u8) -> &'static str {
    match code {
        1 => "watchdog",
        2 => "power_on",
        3 => "user_request",
        4 => "brownout",
        _ => "other",
    }
}
