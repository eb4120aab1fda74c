//! The Milesight family: channel, type and value, least significant byte first.
//!
//! Layout: Milesight's `SensorDecoders` for each model. The content decides, never the port, which networks change.
//! Most channels mean the same on all models; those of type 0x00 depend on the model, so the family codec skips them.
//! Bytes after an unknown channel cannot be decoded; values before it remain valid.

use super::bytes::Reader;
use super::{Fault, Frame, Kind, Occupancy, Reading, Undecodable};

/// The meaning of a channel of type 0x00 on a model.
#[derive(Clone, Copy)]
enum Meaning {
    /// The model is not known, so the meaning is not known.
    Unknown,
    Occupancy,
    Contact,
    Tamper,
    Tilt,
    Daylight,
}

/// The channels of type 0x00 that a model sends.
type Channels = &'static [(u8, Meaning)];

const FAMILY: Channels =
    &[(3, Meaning::Unknown), (4, Meaning::Unknown), (5, Meaning::Unknown), (6, Meaning::Unknown)];
const EM310: Channels = &[(4, Meaning::Tilt)];
const EM400: Channels = &[(5, Meaning::Tilt)];
const EM300_MCS: Channels = &[(6, Meaning::Contact)];
const VS340: Channels = &[(3, Meaning::Occupancy)];
const WS202: Channels = &[(3, Meaning::Occupancy), (4, Meaning::Daylight)];
const WS301: Channels = &[(3, Meaning::Contact), (4, Meaning::Tamper)];

/// Values from this one on are negative, for a target nearer than the sensor's zero, or error codes.
const NO_DISTANCE: u16 = 0x8000;

/// The first error code.
const FIRST_ERROR: u16 = 0xfffd;

pub(super) fn family(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, FAMILY)
}

pub(super) fn em310_udl(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, EM310)
}

pub(super) fn em400(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, EM400)
}

/// Models without a channel of type 0x00.
pub(super) fn em500_udl(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, &[])
}

pub(super) fn vs330(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, &[])
}

pub(super) fn vs340(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, VS340)
}

pub(super) fn ws202(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, WS202)
}

pub(super) fn ws301(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, WS301)
}

pub(super) fn em300_mcs(reading: &mut Reading, frame: &Frame<'_>) -> Result<(), Undecodable> {
    decode(reading, frame, EM300_MCS)
}

fn decode(reading: &mut Reading, frame: &Frame<'_>, channels: Channels) -> Result<(), Undecodable> {
    let mut bytes = Reader::new(frame.data);
    let mut known = false;
    while !bytes.is_empty() {
        let [channel, of_type] = bytes.take()?;
        let read = match of_type {
            _ if channel == 0xff => device(reading, of_type, &mut bytes)?,
            // 0xf8 and 0xf9 of newer models.
            _ if matches!(channel, 0xf8 | 0xf9 | 0xfe) => answer(reading),
            0x00 => binary(reading, channel, channels, &mut bytes)?,
            _ => measurement(reading, [channel, of_type], &mut bytes)?,
        };
        if read == Read::Stop && !known && reading.kind == Kind::Unknown {
            return Err(Undecodable::UnknownMessage);
        }
        if read == Read::Stop {
            break;
        }
        known = true;
    }
    Ok(())
}

/// Whether the length of the channel's value was known, so that the next channel can be found.
#[derive(PartialEq)]
enum Read {
    Whole,
    Stop,
}

fn measurement(reading: &mut Reading, channel: [u8; 2], bytes: &mut Reader<'_>) -> Result<Read, Undecodable> {
    match channel {
        [0x01, 0x75] => {
            raise(reading, Kind::BatteryOnly);
            reading.battery_pct = Some(bytes.u8()?).filter(|percent| *percent <= 100);
        }
        [0x03, 0x67] => {
            raise(reading, Kind::Environment);
            reading.temperature_c = Some(f64::from(bytes.i16_le()?) / 10.0);
        }
        [0x83, 0x67] => {
            raise(reading, Kind::TemperatureAlarm);
            reading.temperature_c = Some(f64::from(bytes.i16_le()?) / 10.0);
            reading.flag("temperature_alarm", alarms(bytes.u8()?));
        }
        [0x04, 0x68] => {
            raise(reading, Kind::Environment);
            reading.number("humidity", f64::from(bytes.u8()?) / 2.0, "%");
        }
        // The channel differs by model, the meaning does not.
        [0x02..=0x04, 0x82] => {
            raise(reading, Kind::Distance);
            distance(reading, bytes.u16_le()?);
        }
        [0x84, 0x82] => {
            raise(reading, Kind::DistanceAlarm);
            distance(reading, bytes.u16_le()?);
            reading.flag("distance_alarm", alarms(bytes.u8()?));
        }
        // The EM500-UDL, and the EM410-RDL after a sudden change: with the change of the distance.
        [0x83, 0xe9] => {
            raise(reading, Kind::DistanceAlarm);
            alarm_distance(reading, bytes.u16_le()?);
            let [_, _, alarm] = bytes.take()?;
            reading.flag("distance_alarm", alarms(alarm));
        }
        [0x94, 0x82] => {
            raise(reading, Kind::DistanceAlarm);
            distance(reading, bytes.u16_le()?);
            let [_, _, alarm] = bytes.take()?;
            reading.flag("distance_alarm", alarms(alarm));
        }
        [0xb4, 0x82] => {
            raise(reading, Kind::DistanceAlarm);
            let (millimetres, exception) = (bytes.u16_le()?, bytes.u8()?);
            match exception {
                // It can measure again.
                0 => distance(reading, millimetres),
                // The target is too near, or there is none.
                1 | 2 => reading.fault_if(true, Fault::OutOfRange),
                _ => reading.fault_if(true, Fault::Sensor),
            }
        }
        [0x03, 0x8e] => {
            raise(reading, Kind::Occupancy);
            reading.occupancy = Occupancy::from_byte(bytes.u8()?);
        }
        // Same type, but it reports the calibration.
        [0x04, 0x8e] => reading.flag("calibrated", bytes.u8()? == 1),
        [0x04 | 0x08, 0xa8] => skip::<1>(bytes)?,
        [0x01, 0xb9] | [0x06, 0xc7] => skip::<2>(bytes)?,
        [0x06, 0xa6] | [0x07, 0xa7] | [0x09, 0xa9] => skip::<4>(bytes)?,
        [0x02, 0xa5] => skip::<8>(bytes)?,
        // A position.
        [0x06, 0x88] => skip::<9>(bytes)?,
        // The length of an entry depends on the model.
        [0x20, 0xce] | [0x07, 0xba] => {
            raise(reading, Kind::History);
            return Ok(Read::Stop);
        }
        _ => return Ok(Read::Stop),
    }
    Ok(Read::Whole)
}

fn binary(
    reading: &mut Reading,
    channel: u8,
    channels: Channels,
    bytes: &mut Reader<'_>,
) -> Result<Read, Undecodable> {
    if channel == 0x88 {
        skip::<1>(bytes)?;
        reading.fault_if(true, Fault::Tamper);
        return Ok(Read::Whole);
    }
    let Some((_, meaning)) = channels.iter().find(|(known, _)| *known == channel) else {
        return Ok(Read::Stop);
    };
    let value = bytes.u8()?;
    match meaning {
        Meaning::Unknown => {}
        Meaning::Occupancy => {
            raise(reading, Kind::Occupancy);
            reading.occupancy = Occupancy::from_byte(value);
        }
        Meaning::Contact => {
            raise(reading, Kind::Contact);
            reading.flag("open", value == 1);
        }
        Meaning::Tamper => reading.fault_if(value == 1, Fault::Tamper),
        Meaning::Tilt => reading.fault_if(value == 1, Fault::Tilt),
        Meaning::Daylight => reading.flag("daylight", value == 1),
    }
    Ok(Read::Whole)
}

/// Device information after a start. Answers to downlinks use the same channel.
fn device(reading: &mut Reading, of_type: u8, bytes: &mut Reader<'_>) -> Result<Read, Undecodable> {
    match of_type {
        0x01 | 0x0b | 0x0f | 0xfe => skip::<1>(bytes)?,
        0x09 | 0xff => skip::<2>(bytes)?,
        0x08 => skip::<6>(bytes)?,
        0x16 => skip::<8>(bytes)?,
        0x0a => {
            let [major, minor] = bytes.take()?;
            reading.firmware = Some(format!("{major:x}.{minor:x}"));
        }
        _ => return Ok(answer(reading)),
    }
    raise(reading, Kind::Startup);
    Ok(Read::Whole)
}

/// An answer to a downlink; its length depends on the downlink.
fn answer(reading: &mut Reading) -> Read {
    raise(reading, Kind::ConfigResponse);
    Read::Stop
}

fn distance(reading: &mut Reading, millimetres: u16) {
    reading.distance_mm = Some(u32::from(millimetres)).filter(|_| millimetres < NO_DISTANCE);
    reading.fault_if(millimetres >= NO_DISTANCE, Fault::OutOfRange);
}

/// The distance of an EM500-UDL's alarm. Two units are published, millimetres and tenths of them; the sensor measures
/// from 300 mm to 10 m. Where both units are possible the distance is absent (decision 0047).
fn alarm_distance(reading: &mut Reading, value: u16) {
    match value {
        ..3_000 | FIRST_ERROR.. => distance(reading, value),
        3_000..=10_000 => {}
        tenths => distance(reading, tenths / 10),
    }
}

/// True for the alarms of a limit (1) and of a sudden change (2), false for their end.
fn alarms(code: u8) -> bool {
    matches!(code, 1 | 2)
}

fn skip<const N: usize>(bytes: &mut Reader<'_>) -> Result<(), Undecodable> {
    bytes.take::<N>().map(|_| ())
}

/// A message can carry several values: the one with the highest rank determines its kind.
fn raise(reading: &mut Reading, kind: Kind) {
    const BY_RANK: [Kind; 10] = [
        Kind::BatteryOnly,
        Kind::History,
        Kind::ConfigResponse,
        Kind::Startup,
        Kind::Environment,
        Kind::Distance,
        Kind::Contact,
        Kind::Occupancy,
        Kind::TemperatureAlarm,
        Kind::DistanceAlarm,
    ];
    let rank = |kind| BY_RANK.iter().position(|known| *known == kind);
    if rank(kind) > rank(reading.kind) {
        reading.kind = kind;
    }
}
