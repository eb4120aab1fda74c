//! Uplinks as ChirpStack posts them: the documentation's example, varied, all distinct.

use std::fmt::Write as _;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta};
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::instant::Instant;
use parking_domain::uplinks::{LookUp, RecordReport, Source, stream_id};
use uuid::Uuid;

use crate::BenchError;

/// A real body in one line, without fields that many devices and gateways do not send: 900 bytes is a typical uplink.
const EXAMPLE: &str = include_str!("uplink.json");

/// The parts that differ from uplink to uplink, as in the example, in the order of its keys.
const HOLES: [(&str, Hole); 9] = [
    ("37b5157a-a185-4b36-bf8c-c08de6d83beb", Hole::DeduplicationId),
    ("2026-11-23T10:32:21.580611388+00:00", Hole::GatewayTime),
    ("Bay A-001", Hole::DeviceName),
    ("58a0cb0000100001", Hole::DevEui),
    ("0100a001", Hole::DevAddr),
    ("\"fCnt\":0", Hole::FCnt),
    ("Afs1AQAqAAA=", Hole::Data),
    ("2026-11-23T10:32:21.580611388+00:00", Hole::GatewayTime),
    ("2026-11-23T10:32:21.621292871+00:00", Hole::NetworkTime),
];

#[derive(Clone, Copy, Debug)]
enum Hole {
    DeduplicationId,
    DeviceName,
    DevEui,
    DevAddr,
    FCnt,
    Data,
    GatewayTime,
    NetworkTime,
}

/// The command that records an uplink, with the id of its stream.
pub(crate) fn command(body: &[u8], at: Instant) -> Result<(String, RecordReport), BenchError> {
    let report = chirpstack::parse(EventKind::Up, body)?;
    let id = stream_id(Source::Platform, report.dev_eui);
    Ok((id, RecordReport { report, at, look_up: LookUp::NotDone }))
}

/// Makes uplinks, device by device, in rounds.
#[derive(Clone, Debug)]
pub(crate) struct Uplinks {
    /// The example: the text before each hole, and the end.
    parts: Vec<(String, Hole)>,
    end: String,
    devices: u32,
    /// The number of the first device: runs with separate devices have separate numbers.
    first: u32,
    made: u32,
    /// The times of the current uplinks; all devices send in the same minute.
    times: [String; 2],
}

impl Uplinks {
    /// Of this many devices, numbered from `first`.
    pub(crate) fn of_devices(first: u32, devices: u32) -> Self {
        let (mut parts, mut rest) = (Vec::new(), EXAMPLE.trim_end());
        for (text, hole) in HOLES {
            let (before, after) = rest.split_once(text).expect("a test checks that the example contains it");
            parts.push((before.to_owned(), hole));
            rest = after;
        }
        let end = rest.to_owned();
        Self { parts, end, devices, first, made: 0, times: times(0) }
    }

    /// The same devices after this many uplinks each.
    pub(crate) fn after(self, uplinks: u32) -> Self {
        Self { made: self.devices * uplinks, ..self }
    }

    /// The body of the next uplink.
    pub(crate) fn make(&mut self) -> Bytes {
        let (device, number) = (self.first + self.made % self.devices, self.made / self.devices);
        if self.made.is_multiple_of(self.devices) {
            self.times = times(number);
        }
        self.made += 1;
        let mut body = String::with_capacity(1024);
        for (before, hole) in &self.parts {
            body.push_str(before);
            self.fill(*hole, device, number, &mut body);
        }
        body.push_str(&self.end);
        body.into()
    }

    fn fill(&self, hole: Hole, device: u32, number: u32, body: &mut String) {
        let mixed = (u64::from(device) << 32 | u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match hole {
            Hole::DeduplicationId => {
                let id = Uuid::from_u64_pair(mixed, u64::from(device) << 32 | u64::from(number));
                write!(body, "{id}")
            }
            Hole::DeviceName => write!(body, "Bay {device:07}"),
            Hole::DevEui => write!(body, "58a0cb00{device:08x}"),
            Hole::DevAddr => write!(body, "01{:06x}", device & 0x00ff_ffff),
            Hole::FCnt => write!(body, "\"fCnt\":{}", 1000 + number),
            // Eight bytes, as the sensor sends; the last digit has two spare bits.
            Hole::Data => write!(body, "A{:09}A=", mixed % 1_000_000_000),
            Hole::GatewayTime => write!(body, "{}", self.times[0]),
            Hole::NetworkTime => write!(body, "{}", self.times[1]),
        }
        .expect("writing to a string cannot fail");
    }
}

/// When a device's uplink of this number was received, by gateway and network server.
fn times(number: u32) -> [String; 2] {
    let base = DateTime::from_timestamp_nanos(1_795_429_941_580_611_388);
    let heard = base + TimeDelta::minutes(i64::from(number));
    [heard, heard + TimeDelta::microseconds(40_681)]
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Nanos, false))
}

#[cfg(test)]
mod tests {
    use parking_domain::chirpstack::Content;
    use parking_domain::payload::Payload;

    use super::*;

    #[test]
    fn uplinks_are_distinct_and_of_the_size_and_form_that_chirpstack_sends() {
        let mut uplinks = Uplinks::of_devices(7, 2);
        let made: Vec<_> = (0..4).map(|_| uplinks.make()).collect();
        let reports: Vec<_> =
            made.iter().map(|body| chirpstack::parse(EventKind::Up, body).unwrap()).collect();
        assert_eq!(reports[0].dev_eui, reports[2].dev_eui);
        assert_ne!(reports[0].dev_eui, reports[1].dev_eui);
        for (n, (report, f_cnt)) in reports.iter().zip([1000, 1000, 1001, 1001]).enumerate() {
            assert!(reports[..n].iter().all(|earlier| earlier.key != report.key));
            let Content::Up(up) = &report.content else { panic!("{report:?}") };
            assert_eq!(up.f_cnt, Some(f_cnt));
            assert!(up.dev_addr.is_some() && up.data != Payload::default() && report.time.is_some());
            assert!((850..950).contains(&made[n].len()), "{}", made[n].len());
        }
        assert!(reports[0].time < reports[2].time);
    }
}
