//! The LoRaWAN sessions of one device, as far as the order of its frames needs them.
//!
//! A frame counter only means something within a session, and nothing on the wire names the session: a join event may
//! be lost or overtaken, and a re-activation resets the counter under the same address without any event. So the
//! session is inferred, in this order: from the address, from the counter, and where those contradict what is known,
//! from time, with [`CLOCK_DOUBT`] for clocks that disagree.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{DeviceJoined, Standing, UplinkReceived};
use crate::chirpstack::Up;
use crate::instant::Instant;
use crate::lorawan::DevAddr;
use crate::payload::Payload;

/// Two times closer than this say nothing about order: gateways may be 30 s off either way before ChirpStack ignores
/// their clocks (`rx_timestamp_max_drift`).
pub const CLOCK_DOUBT: TimeDelta = TimeDelta::seconds(60);

/// Former sessions kept beside the current one, so that a late frame finds its own.
const FORMER: usize = 7;

/// Where a report belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) session: u32,
    pub(super) standing: Standing,
}

/// The known sessions, the current one last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sessions {
    known: Vec<Session>,
    last_number: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    number: u32,
    dev_addr: Option<DevAddr>,
    joined: bool,
    /// When its first sign was heard: before that, another session was active.
    began_at: Instant,
    /// When the newest frame was heard, and when the platform received it.
    heard_at: Instant,
    received_at: Instant,
    counter: Option<Counter>,
}

/// The frame counters seen in a session: the highest, and which of the 63 below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Counter {
    highest: u32,
    seen: u64,
    /// What the frame with the highest counter said, to tell a repetition from a restart.
    content: Uuid,
}

impl Sessions {
    /// What it has allocated, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<Session>()
    }

    /// The place of an uplink that was not recorded before.
    pub(super) fn place_up(&self, up: &Up, heard_at: Instant, received_at: Instant) -> Place {
        let Some((current, former)) = self.known.split_last() else {
            return self.open();
        };
        if current.may_bear(up.dev_addr) {
            let earlier = former.iter().rfind(|s| s.dev_addr == up.dev_addr);
            return match earlier {
                // A restarted counter under the same address: what was heard before it belongs to the session before.
                Some(earlier) if after(current.began_at, heard_at) => earlier.place_late(up),
                _ if current.restarted(up, heard_at, received_at) => self.open(),
                _ => current.place(up),
            };
        }
        let later = after(heard_at, current.heard_at) && after(received_at, current.received_at);
        match former.iter().rfind(|s| s.dev_addr == up.dev_addr) {
            Some(former) if !later => former.place_late(up),
            None if heard_at < current.began_at => self.discover(),
            _ => self.open(),
        }
    }

    /// The place of a join that was not recorded before.
    pub(super) fn place_join(&self, dev_addr: Option<DevAddr>, heard_at: Instant) -> Place {
        let Some((current, former)) = self.known.split_last() else {
            return self.open();
        };
        if current.may_bear(dev_addr) {
            return if current.joined && after(heard_at, current.heard_at) {
                self.open()
            } else {
                Place { session: current.number, standing: Standing::InOrder }
            };
        }
        match former.iter().rfind(|s| s.dev_addr == dev_addr) {
            Some(former) => Place { session: former.number, standing: Standing::Late },
            // Devices join again within seconds, through gateways whose clocks differ: then arrival tells the order.
            None if after(current.began_at, heard_at) => self.discover(),
            None => self.open(),
        }
    }

    /// A session that begins now.
    fn open(&self) -> Place {
        Place { session: self.last_number.saturating_add(1), standing: Standing::InOrder }
    }

    /// A former session that nothing was known of.
    fn discover(&self) -> Place {
        Place { session: self.last_number.saturating_add(1), standing: Standing::Late }
    }

    pub(super) fn record_uplink(&mut self, uplink: &UplinkReceived) {
        let session = self.enter(uplink.session, uplink.standing, uplink.heard_at, uplink.report.received_at);
        session.dev_addr = session.dev_addr.or(uplink.dev_addr);
        if uplink.standing == Standing::InOrder {
            session.heard_at = session.heard_at.max(uplink.heard_at);
            session.received_at = session.received_at.max(uplink.report.received_at);
        }
        if let Some(f_cnt) = uplink.f_cnt {
            Counter::take(&mut session.counter, f_cnt, content(uplink.f_port, &uplink.data));
        }
    }

    pub(super) fn record_join(&mut self, join: &DeviceJoined) {
        let session = self.enter(join.session, join.standing, join.heard_at, join.report.received_at);
        session.dev_addr = join.dev_addr.or(session.dev_addr);
        session.joined = true;
        session.began_at = session.began_at.min(join.heard_at);
    }

    /// The session of that number. A new one becomes the current one, or a former one if its first sign came late.
    fn enter(
        &mut self,
        number: u32,
        standing: Standing,
        heard_at: Instant,
        received_at: Instant,
    ) -> &mut Session {
        self.last_number = self.last_number.max(number);
        let index = self.known.iter().position(|s| s.number == number).unwrap_or_else(|| {
            let session = Session {
                number,
                dev_addr: None,
                joined: false,
                began_at: heard_at,
                heard_at,
                received_at,
                counter: None,
            };
            let current = standing == Standing::InOrder || self.known.is_empty();
            if self.known.len() > FORMER {
                self.known.remove(0);
            }
            let index = if current { self.known.len() } else { self.known.len() - 1 };
            self.known.insert(index, session);
            index
        });
        &mut self.known[index]
    }
}

impl Session {
    /// False when both addresses are known and differ.
    fn may_bear(&self, dev_addr: Option<DevAddr>) -> bool {
        self.dev_addr.is_none() || dev_addr.is_none() || self.dev_addr == dev_addr
    }

    /// True when a counter that should have grown did not, so long after the newest frame that it cannot be late, and
    /// says something else than that frame did.
    fn restarted(&self, up: &Up, heard_at: Instant, received_at: Instant) -> bool {
        let (Some(counter), Some(f_cnt)) = (&self.counter, up.f_cnt) else {
            return false;
        };
        f_cnt <= counter.highest
            && !counter.is_newest(f_cnt, content(up.f_port, &up.data))
            && after(heard_at, self.heard_at)
            && after(received_at, self.received_at)
    }

    fn place(&self, up: &Up) -> Place {
        let standing = match (&self.counter, up.f_cnt) {
            (_, None) => Standing::Uncounted,
            // The same counter with other content is another frame, of a device whose counter does not count.
            (Some(counter), Some(f_cnt)) if f_cnt == counter.highest => {
                let same = counter.content == content(up.f_port, &up.data);
                if same { Standing::Repeated } else { Standing::Uncounted }
            }
            (Some(counter), Some(f_cnt)) if counter.has_seen(f_cnt) => Standing::Repeated,
            (Some(counter), Some(f_cnt)) if f_cnt < counter.highest => Standing::Late,
            (_, Some(_)) => Standing::InOrder,
        };
        Place { session: self.number, standing }
    }

    /// The place of a frame in a session that is over: never in order.
    fn place_late(&self, up: &Up) -> Place {
        let place = self.place(up);
        if place.standing == Standing::InOrder { Place { standing: Standing::Late, ..place } } else { place }
    }
}

impl Counter {
    fn has_seen(&self, f_cnt: u32) -> bool {
        self.highest.checked_sub(f_cnt).is_some_and(|age| age < u64::BITS && self.seen >> age & 1 == 1)
    }

    fn is_newest(&self, f_cnt: u32, content: Uuid) -> bool {
        self.highest == f_cnt && self.content == content
    }

    /// Marks `f_cnt` as seen, and as the highest if it is.
    fn take(counter: &mut Option<Self>, f_cnt: u32, content: Uuid) {
        match counter {
            None => *counter = Some(Self { highest: f_cnt, seen: 1, content }),
            Some(known) if f_cnt > known.highest => {
                let shifted = known.seen.checked_shl(f_cnt - known.highest).unwrap_or_default();
                *known = Self { highest: f_cnt, seen: shifted | 1, content };
            }
            Some(known) if f_cnt == known.highest => known.content = content,
            Some(known) => known.seen |= 1_u64.checked_shl(known.highest - f_cnt).unwrap_or_default(),
        }
    }
}

/// True when `later` is after `earlier` beyond all doubt.
fn after(later: Instant, earlier: Instant) -> bool {
    later - earlier > CLOCK_DOUBT
}

/// A short name of what a frame said.
fn content(f_port: u8, data: &Payload) -> Uuid {
    let mut bytes = vec![f_port];
    bytes.extend_from_slice(data.as_bytes());
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &bytes)
}
