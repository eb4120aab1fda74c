//! The Browan (TrackNet) Tabs family: the port identifies the model, except on port 103, where the length does.
//!
//! Layout: The Things Network `tb…100`, ELEMENT IoT `tabs`, after TrackNet's payload description 1.3. None of these
//! models is made for parking: the TBMS100 detects motion, so it reports a parked car as vacant once it stands still for longer
//! than the hold time.

use super::bytes::{Reader, u24_le};
use super::{Frame, Kind, Occupancy, Reading, Undecodable};

/// A gas sensor's value while it warms up.
const NO_GAS: u16 = 0xffff;

/// Any model of the family.
pub(super) fn tabs(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    match frame.f_port {
        100 => tbdw100(reading, frame),
        102 => tbms100(reading, frame),
        103 if frame.data.len() == 11 => tbhv110(reading, frame),
        103 => tbhh100(reading, frame),
        104 => tbam100(reading, frame),
        105 => tbsl100(reading, frame),
        106 => tbwl100(reading, frame),
        136 => tbol100(reading, frame),
        147 => tbpb100(reading, frame),
        port => Err(Undecodable::UnknownPort { port }),
    }
}

pub(super) fn tbdw100(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (status, mut bytes) = begin(reading, frame, 8..=8)?;
    reading.kind = Kind::Contact;
    reading.flag("open", status & 1 == 1);
    since_and_count(reading, &mut bytes)
}

pub(super) fn tbms100(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (status, mut bytes) = begin(reading, frame, 8..=8)?;
    reading.kind = Kind::Occupancy;
    reading.occupancy = Occupancy::from_bit_0(status);
    since_and_count(reading, &mut bytes)
}

pub(super) fn tbhh100(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (_, mut bytes) = begin(reading, frame, 8..=8)?;
    reading.kind = Kind::Environment;
    air(reading, &mut bytes)
}

pub(super) fn tbhv110(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (_, mut bytes) = begin(reading, frame, 11..=11)?;
    reading.kind = Kind::Environment;
    air(reading, &mut bytes)?;
    reading.integer("iaq", bytes.u16_le()?, None);
    ambient_temperature(reading, bytes.u8()?);
    Ok(())
}

pub(super) fn tbam100(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (_, mut bytes) = begin(reading, frame, 6..=6)?;
    reading.kind = Kind::Environment;
    reading.integer("light", 100 * i64::from(u24_le(bytes.take()?)), Some("lx"));
    Ok(())
}

pub(super) fn tbsl100(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (_, mut bytes) = begin(reading, frame, 4..=4)?;
    reading.kind = Kind::Environment;
    reading.integer("sound", bytes.u8()?, Some("dB"));
    Ok(())
}

pub(super) fn tbwl100(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (status, mut bytes) = begin(reading, frame, 5..=5)?;
    reading.kind = Kind::Environment;
    reading.flag("leak", status & 1 == 1);
    humidity(reading, bytes.u8()?);
    ambient_temperature(reading, bytes.u8()?);
    Ok(())
}

pub(super) fn tbol100(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    let (status, mut bytes) = begin(reading, frame, 11..=11)?;
    reading.kind = Kind::Location;
    // 28 and 29 bits, signed; the upper three bits of the longitude hold the accuracy.
    let latitude = bytes.i32_le()? << 4 >> 4;
    let longitude = bytes.i32_le()? << 3 >> 3;
    reading.number("latitude", f64::from(latitude) / 1e6, "°");
    reading.number("longitude", f64::from(longitude) / 1e6, "°");
    // Without a fix the last position is repeated.
    reading.flag("fix", status & 0x08 == 0);
    Ok(())
}

pub(super) fn tbpb100(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    if !matches!(frame.data.len(), 8 | 11) {
        return Err(frame.wrong_length());
    }
    let (status, mut bytes) = begin(reading, frame, 8..=11)?;
    reading.kind = Kind::Button;
    reading.flag("pressed", status & 3 != 0);
    since_and_count(reading, &mut bytes)?;
    if !bytes.is_empty() {
        reading.integer("count_1", u24_le(bytes.take()?), None);
    }
    Ok(())
}

/// Reads the common header. An all-zero frame is not a measurement: it would mean 2.5 V at -32 °C.
fn begin<'a>(
    reading: &mut Reading,
    frame: &Frame<'a>,
    lengths: std::ops::RangeInclusive<usize>,
) -> Result<(u8, Reader<'a>), Undecodable> {
    if !lengths.contains(&frame.data.len()) {
        return Err(frame.wrong_length());
    }
    if frame.data.iter().all(|byte| *byte == 0) {
        return Err(Undecodable::Blank);
    }
    let mut bytes = Reader::new(frame.data);
    let [status, battery, temperature] = bytes.take()?;
    reading.battery_v = Some(f64::from(25 + (battery & 0x0f)) / 10.0);
    // Models that do not report the remaining charge send zero in this nibble; it does not mean an empty battery.
    reading.battery_pct = match battery >> 4 {
        0 => None,
        fifteenths => u8::try_from((u16::from(fifteenths) * 100 + 7) / 15).ok(),
    };
    reading.temperature_c = Some(celsius(temperature));
    Ok((status, bytes))
}

fn since_and_count(reading: &mut Reading, bytes: &mut Reader<'_>) -> Result<(), Undecodable> {
    reading.integer("since_last_event", bytes.u16_le()?, Some("min"));
    reading.integer("count", u24_le(bytes.take()?), None);
    Ok(())
}

fn air(reading: &mut Reading, bytes: &mut Reader<'_>) -> Result<(), Undecodable> {
    humidity(reading, bytes.u8()?);
    for gas in ["co2", "voc"] {
        let parts = bytes.u16_le()?;
        if parts != NO_GAS {
            reading.integer(gas, parts, Some("ppm"));
        }
    }
    Ok(())
}

fn humidity(reading: &mut Reading, byte: u8) {
    let percent = byte & 0x7f;
    if percent <= 100 {
        reading.integer("humidity", percent, Some("%"));
    }
}

/// The ambient temperature replaces the board's, which becomes an extra.
fn ambient_temperature(reading: &mut Reading, byte: u8) {
    if let Some(board) = reading.temperature_c.replace(celsius(byte)) {
        reading.number("board_temperature", board, "°C");
    }
}

fn celsius(byte: u8) -> f64 {
    f64::from(byte & 0x7f) - 32.0
}
