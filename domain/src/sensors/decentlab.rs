//! Decentlab DL-MBX (ultrasonic) and DL-LID (LiDAR), on port 1: a header, then the groups selected by flags.
//!
//! Layout: The Things Network `dl-mbx` and `dl-lid`, protocol version 2. 16-bit words, most significant byte first. A
//! distance without valid samples is absent.

use super::bytes::Reader;
use super::{Fault, Frame, Kind, Reading, Undecodable};

pub(super) fn dl_mbx(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, |reading, bytes| {
        let distance = bytes.u16_be()?;
        let samples = bytes.u16_be()?;
        measured(reading, distance, samples);
        Ok(())
    })
}

pub(super) fn dl_lid(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, |reading, bytes| {
        let [_average, minimum, maximum] = [bytes.u16_be()?, bytes.u16_be()?, bytes.u16_be()?];
        let median = bytes.u16_be()?;
        let _percentiles_and_mode = bytes.take::<10>()?;
        let samples = bytes.u16_be()?;
        let _acquisition_time = bytes.u16_be()?;
        // The median is used because one stray echo does not change it.
        measured(reading, median, samples);
        reading.integer("distance_minimum", minimum, Some("mm"));
        reading.integer("distance_maximum", maximum, Some("mm"));
        Ok(())
    })
}

fn measured(reading: &mut Reading, distance: u16, samples: u16) {
    reading.kind = Kind::Distance;
    reading.distance_mm = Some(u32::from(distance)).filter(|_| samples > 0);
    reading.fault_if(samples == 0, Fault::OutOfRange);
    reading.integer("samples", samples, None);
}

fn decode(
    reading: &mut Reading,
    frame: &Frame<'_>,
    distance: impl Fn(&mut Reading, &mut Reader<'_>) -> Result<(), Undecodable>,
) -> Result<(), Undecodable> {
    let mut bytes = Reader::new(frame.data);
    let [version, _, _] = bytes.take()?;
    let flags = bytes.u16_be()?;
    if version != 2 || !(1..=3).contains(&flags) {
        return Err(Undecodable::UnknownMessage);
    }
    reading.kind = Kind::BatteryOnly;
    if flags & 1 != 0 {
        distance(reading, &mut bytes)?;
    }
    if flags & 2 != 0 {
        reading.battery_millivolts(bytes.u16_be()?);
    }
    if bytes.is_empty() { Ok(()) } else { Err(frame.wrong_length()) }
}
