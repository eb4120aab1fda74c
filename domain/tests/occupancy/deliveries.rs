//! A network delivers frames late, twice, and from former sessions. The spaces must end in the same state as without
//! such deliveries. The tests go from the report through the `uplinks` streams to the changes of the shown state.

use std::collections::{BTreeMap, HashMap};

use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind, Report};
use parking_domain::occupancy::{Change, Spaces};
use parking_domain::stored::Event;
use parking_domain::uplinks::{self, LookUp, RecordReport, Source, Standing, UplinkEvent, Uplinks};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::properties::any_other;
use crate::steps::{TENANT, assigned, claimed, eui, sensor, t};
use crate::world::{World, stored};

/// The time from a join to the device's first frame, in seconds.
const JOINED_BEFORE: i64 = 2;

/// The longest time from a device's last frame to an extra delivery, in seconds: three lower counters ten minutes apart
/// would count as a restart.
const SOON: i64 = 500;

/// A device's transmission or another event, `after` seconds after the previous item.
#[derive(Clone, Debug)]
struct Item {
    after: i64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Happens(u8, u64, u128, bool),
    /// The device transmits a frame. The `lost` frames before it have not arrived in time.
    Transmits {
        dev: u64,
        lost: u32,
        status: u8,
        session: Session,
    },
}

#[derive(Clone, Copy, Debug)]
enum Session {
    Same,
    Joined,
    /// The join was not reported: only the address changed.
    Lost,
}

/// An extra delivery by the network after an item.
#[derive(Clone, Debug)]
struct Extra {
    item: Index,
    dev: u64,
    which: Index,
    how: How,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// The same report again.
    Duplicate,
    /// A report with another id about a reported frame.
    Copy,
    /// The device sends its newest frame again.
    Repetition,
    /// An overtaken frame of any session.
    Late,
}

/// One frame on the air.
#[derive(Clone, Copy, Debug)]
struct Sent {
    dev: u64,
    session: u32,
    f_cnt: u32,
    heard: i64,
    status: u8,
}

impl Sent {
    fn report(self, copy: usize) -> Report {
        let Self { dev, session, f_cnt, heard, status } = self;
        parsed(
            EventKind::Up,
            &json!({
                "deviceInfo": {"devEui": eui(dev).to_string(), "deviceProfileName": "TBMS100"},
                "deduplicationId": format!("{dev}/{session}/{f_cnt}/{copy}"), "time": t(heard).to_string(),
                "devAddr": address(dev, session), "fCnt": f_cnt, "fPort": 102,
                "data": parking_domain::payload::Payload::from(vec![status, 0xfb, 0x38, 0, 0, 0x31, 0x11, 0]),
            }),
        )
    }
}

fn joined(dev: u64, session: u32, heard: i64) -> Report {
    parsed(
        EventKind::Join,
        &json!({
            "deviceInfo": {"devEui": eui(dev).to_string()}, "deduplicationId": format!("{dev}/{session}"),
            "time": t(heard).to_string(), "devAddr": address(dev, session),
        }),
    )
}

pub(crate) fn address(dev: u64, session: u32) -> String {
    format!("{:08x}", dev << 16 | u64::from(session))
}

pub(crate) fn parsed(kind: EventKind, body: &serde_json::Value) -> Report {
    chirpstack::parse(kind, body.to_string().as_bytes()).expect("a report")
}

/// The session of a device, its frames that were reported in time, and those that may still be reported late.
#[derive(Debug, Default)]
struct Radio {
    session: u32,
    f_cnt: u32,
    reported: Vec<Sent>,
    overtaken: Vec<Sent>,
}

impl Radio {
    /// The reports of the join, if it is reported, and of the frame. The frames overtaken by it say the opposite.
    fn transmit(&mut self, dev: u64, lost: u32, status: u8, session: Session, second: i64) -> Vec<Report> {
        let mut reports = Vec::new();
        if !matches!(session, Session::Same) {
            (self.session, self.f_cnt) = (self.session + 1, 0);
        }
        if matches!(session, Session::Joined) {
            reports.push(joined(dev, self.session, second - JOINED_BEFORE));
        }
        let frame = Sent { dev, session: self.session, f_cnt: self.f_cnt + lost, heard: second, status };
        let overtaken = (self.f_cnt..frame.f_cnt).map(|f_cnt| Sent {
            f_cnt,
            heard: second - 1,
            status: status ^ 1,
            ..frame
        });
        self.overtaken.extend(overtaken);
        self.reported.push(frame);
        self.f_cnt = frame.f_cnt + 1;
        reports.push(frame.report(0));
        reports
    }

    fn deliver_besides(&self, extra: &Extra, copy: usize, second: i64) -> Option<Report> {
        if second - self.reported.last()?.heard > SOON {
            return None;
        }
        let of = |frames: &[Sent]| (!frames.is_empty()).then(|| *extra.which.get(frames));
        Some(match extra.how {
            How::Duplicate => of(&self.reported)?.report(0),
            How::Copy => of(&self.reported)?.report(copy),
            How::Repetition => Sent { heard: second, ..*self.reported.last()? }.report(copy),
            How::Late => of(&self.overtaken)?.report(copy % 3),
        })
    }
}

/// A world with two spaces and their sensors that receives all reports through the streams of its devices.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) world: World,
    streams: HashMap<u64, Uplinks>,
    in_order: usize,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let mut world = World::new();
        for dev in 1..3 {
            world.given([claimed(dev, TENANT, sensor(), 0), assigned(dev, dev.into(), 0)]);
        }
        Self { world, streams: HashMap::new(), in_order: 0 }
    }

    fn of(items: &[Item], extras: &[Extra]) -> Self {
        let mut receiver = Self::new();
        let mut radios: HashMap<u64, Radio> = HashMap::new();
        let mut second = 0;
        for (number, item) in items.iter().enumerate() {
            second += item.after;
            match item.what {
                What::Happens(kind, dev, n, either) => {
                    receiver.world.when(any_other(kind, dev, n, second, either));
                }
                What::Transmits { dev, lost, status, session } => {
                    let radio = radios.entry(dev).or_default();
                    for report in radio.transmit(dev, lost, status, session, second) {
                        receiver.receive(dev, report, second);
                    }
                }
            }
            for (copy, extra) in extras.iter().enumerate() {
                if extra.item.index(items.len()) == number
                    && let Some(report) = radios
                        .get(&extra.dev)
                        .and_then(|radio| radio.deliver_besides(extra, copy + 1, second + 1))
                {
                    receiver.receive(extra.dev, report, second + 1);
                }
            }
        }
        receiver
    }

    /// Records it as ingest does; a report that was recorded before is ignored.
    pub(crate) fn receive(&mut self, dev: u64, report: Report, second: i64) {
        let stream = uplinks::stream_id(Source::Platform, eui(dev));
        let known = self.world.log.iter().any(
            |(id, event)| matches!(event, Event::Uplink(event) if *id == stream && event.report().key == report.key),
        );
        let look_up = if known { LookUp::Present } else { LookUp::Absent };
        let state = self.streams.entry(dev).or_default();
        let decided = state.decide(&RecordReport { report, at: t(second), look_up });
        for event in decided.into_iter().flatten() {
            state.evolve(&event);
            let in_order = match &event {
                UplinkEvent::UplinkReceived(uplink) => uplink.standing == Standing::InOrder,
                _ => false,
            };
            self.in_order += usize::from(in_order);
            self.world.append(stream.clone(), Event::Uplink(event));
        }
    }

    /// The changes, without their log positions.
    fn changes(&self) -> Vec<Change> {
        self.world.changes.iter().map(|change| Change { position: 0, ..*change }).collect()
    }
}

fn any_item() -> impl Strategy<Value = Item> {
    let session = prop_oneof![8 => Just(Session::Same), 1 => Just(Session::Joined), 1 => Just(Session::Lost)];
    let transmits = (1..3_u64, 0..4_u32, 0..2_u8, session)
        .prop_map(|(dev, lost, status, session)| What::Transmits { dev, lost, status, session });
    let happens = (0..30_u8, 1..3_u64, 1..3_u128, any::<bool>())
        .prop_map(|(kind, dev, n, either)| What::Happens(kind, dev, n, either));
    (3..400_i64, prop_oneof![2 => transmits, 1 => happens]).prop_map(|(after, what)| Item { after, what })
}

fn any_extra() -> impl Strategy<Value = Extra> {
    let how = prop::sample::select(vec![How::Duplicate, How::Copy, How::Repetition, How::Late]);
    (any::<Index>(), 1..3_u64, any::<Index>(), how).prop_map(|(item, dev, which, how)| Extra {
        item,
        dev,
        which,
        how,
    })
}

proptest! {
    #[test]
    fn late_and_repeated_frames_have_no_effect(
        items in vec(any_item(), 1..80),
        extras in vec(any_extra(), 0..60),
    ) {
        let (quiet, noisy) = (Receiver::of(&items, &[]), Receiver::of(&items, &extras));
        let transmitted = items.iter().filter(|item| matches!(item.what, What::Transmits { .. })).count();
        prop_assert_eq!(quiet.in_order, transmitted, "every frame in time counts");
        prop_assert_eq!(noisy.in_order, transmitted, "and no other frame");
        prop_assert_eq!(noisy.changes(), quiet.changes());
        prop_assert_eq!(unplaced(&noisy.world.spaces), unplaced(&quiet.world.spaces));
    }
}

/// The stored parts of the fold without the places of events in the log, which the other frames move.
fn unplaced(spaces: &Spaces) -> BTreeMap<String, Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.retain(|name, _| name != "position" && name != "booked_during");
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let parts = stored(spaces).into_iter().map(|(key, part)| {
        let mut part: Value = serde_json::from_str(&part).expect("JSON");
        strip(&mut part);
        (key, part)
    });
    parts.collect()
}
