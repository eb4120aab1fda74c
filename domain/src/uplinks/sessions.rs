//! The LoRaWAN sessions of one device, as far as ordering its frames requires.
//!
//! A frame counter is meaningful only within a session, and nothing on the wire identifies the session: a join event
//! may be lost or overtaken, and a re-activation resets the counter under the same address without an event. The
//! session is therefore inferred, in this order: from the address, from the counter, and if these contradict the state,
//! from time, with [`CLOCK_DOUBT`] as the tolerance for clocks that disagree. Clocks may be wrong for long, so
//! [`LowerCounters`] that keep rising show a session against them. The times of such a session are those of the receipt.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::counter::{Counter, content_hash};
use super::event::{DeviceJoined, Standing, UplinkEvent, UplinkReceived};
use super::lower_counters::LowerCounters;
use crate::chirpstack::Up;
use crate::instant::Instant;
use crate::lorawan::DevAddr;

/// Times closer than this have no known order: gateway clocks may differ by 30 s in either direction before ChirpStack
/// ignores them (`rx_timestamp_max_drift`).
pub const CLOCK_DOUBT: TimeDelta = TimeDelta::seconds(60);

/// The number of former sessions kept, so that a late frame can be matched to its session.
const FORMER: usize = 7;

/// The session and standing of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    pub(super) session: u32,
    pub(super) standing: Standing,
}

/// The known sessions, the current one last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Sessions {
    known: Vec<Session>,
    last_number: u32,
    /// The frames since the last one that was in order or uncounted.
    lower: Option<LowerCounters>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    number: u32,
    dev_addr: Option<DevAddr>,
    joined: bool,
    /// When its first frame was heard; before that, another session was active.
    began_at: Instant,
    /// When the newest frame was heard, and when the platform received it.
    heard_at: Instant,
    received_at: Instant,
    counter: Option<Counter>,
    /// How much its clock is slow, if its counters opened it against its clock.
    slow: Option<TimeDelta>,
}

impl Sessions {
    /// Its heap allocation, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<Session>()
    }

    /// The placement of an uplink that was not recorded before.
    pub(super) fn place_uplink(&self, up: &Up, heard_at: Instant, received_at: Instant) -> Placement {
        let place = self.place_by_clock(up, heard_at, received_at);
        let restarted = self
            .lower_counter(place, up.f_cnt)
            .map(|f_cnt| LowerCounters::and(self.lower, place.session, f_cnt, received_at))
            .is_some_and(LowerCounters::show_restart);
        if restarted { self.new_session() } else { place }
    }

    fn place_by_clock(&self, up: &Up, heard_at: Instant, received_at: Instant) -> Placement {
        let Some((current, former)) = self.known.split_last() else {
            return self.new_session();
        };
        let heard_at = current.heard(heard_at, received_at);
        if current.may_have_address(up.dev_addr) {
            let earlier = former.iter().rfind(|s| s.dev_addr == up.dev_addr);
            return match earlier {
                // The counter restarted under the same address: a frame heard before that belongs to the previous
                // session.
                Some(earlier) if after(current.began_at, heard_at) => earlier.place_late(up),
                _ if current.restarted(up, heard_at, received_at) => self.new_session(),
                _ => current.place(up),
            };
        }
        let later = after(heard_at, current.heard_at) && after(received_at, current.received_at);
        match former.iter().rfind(|s| s.dev_addr == up.dev_addr) {
            Some(former) if !later => former.place_late(up),
            None if heard_at < current.began_at => self.former_session(),
            _ => self.new_session(),
        }
    }

    /// The frame's counter, if it is late or repeated. A repetition of the current session's newest frame is no sign of
    /// another session.
    fn lower_counter(&self, place: Placement, f_cnt: Option<u32>) -> Option<u32> {
        let newest =
            self.known.last().and_then(|current| Some((current.number, current.counter.as_ref()?.highest)));
        f_cnt.filter(|f_cnt| {
            matches!(place.standing, Standing::Late | Standing::Repeated)
                && newest != Some((place.session, *f_cnt))
        })
    }

    /// The placement of a join that was not recorded before.
    pub(super) fn place_join(
        &self,
        dev_addr: Option<DevAddr>,
        heard_at: Instant,
        received_at: Instant,
    ) -> Placement {
        let Some((current, former)) = self.known.split_last() else {
            return self.new_session();
        };
        let heard_at = current.heard(heard_at, received_at);
        if current.may_have_address(dev_addr) {
            return if current.joined && after(heard_at, current.heard_at) {
                self.new_session()
            } else {
                Placement { session: current.number, standing: Standing::InOrder }
            };
        }
        match former.iter().rfind(|s| s.dev_addr == dev_addr) {
            Some(former) => Placement { session: former.number, standing: Standing::Late },
            // Devices rejoin within seconds, through gateways whose clocks differ; the order of arrival then decides.
            None if after(current.began_at, heard_at) => self.former_session(),
            None => self.new_session(),
        }
    }

    /// A session that begins now.
    fn new_session(&self) -> Placement {
        Placement { session: self.last_number.saturating_add(1), standing: Standing::InOrder }
    }

    /// A former session that was not known.
    fn former_session(&self) -> Placement {
        Placement { session: self.last_number.saturating_add(1), standing: Standing::Late }
    }

    /// The number of the current session.
    pub(super) fn current(&self) -> Option<u32> {
        self.known.last().map(|session| session.number)
    }

    /// True when the current session surely takes the frame: its address does not differ, and its counter is newer than
    /// the highest, unreadable, or a repetition of the newest frame.
    pub(super) fn continued_by(&self, up: &Up) -> bool {
        let Some(Session { dev_addr, counter: Some(counter), .. }) = self.known.last() else { return false };
        let same_address = up.dev_addr.is_none() || up.dev_addr == *dev_addr;
        same_address
            && up.f_cnt.is_none_or(|f_cnt| {
                f_cnt > counter.highest || counter.is_newest(f_cnt, content_hash(up.f_port, &up.data))
            })
    }

    /// Applies an event. Only uplinks and joins concern sessions.
    pub(super) fn record(&mut self, event: &UplinkEvent) {
        match event {
            UplinkEvent::UplinkReceived(uplink) => self.record_uplink(uplink),
            UplinkEvent::DeviceJoined(join) => self.record_join(join),
            UplinkEvent::DeviceStatusReported { .. }
            | UplinkEvent::DownlinkAcknowledged { .. }
            | UplinkEvent::DownlinkTransmitted { .. }
            | UplinkEvent::NetworkLogged { .. }
            | UplinkEvent::DeviceLocated { .. } => {}
        }
    }

    fn record_uplink(&mut self, uplink: &UplinkReceived) {
        let place = Placement { session: uplink.session, standing: uplink.standing };
        if let Some(f_cnt) = self.lower_counter(place, uplink.f_cnt) {
            let received_at = uplink.report.received_at;
            self.lower = Some(LowerCounters::and(self.lower, uplink.session, f_cnt, received_at));
        } else if uplink.standing.is_new() {
            self.lower = None;
        }
        let opened = self.is_opened_by_counters(uplink);
        let heard = self.heard(uplink.heard_at, uplink.report.received_at, opened);
        let session = self.session_mut(uplink.session, uplink.standing, heard);
        session.dev_addr = session.dev_addr.or(uplink.dev_addr);
        if uplink.standing == Standing::InOrder {
            session.heard_at = session.heard_at.max(heard.at);
            session.received_at = session.received_at.max(uplink.report.received_at);
        }
        if let Some(f_cnt) = uplink.f_cnt {
            Counter::record(&mut session.counter, f_cnt, content_hash(uplink.f_port, &uplink.data));
        }
    }

    fn record_join(&mut self, join: &DeviceJoined) {
        let heard = self.heard(join.heard_at, join.report.received_at, false);
        let session = self.session_mut(join.session, join.standing, heard);
        session.dev_addr = join.dev_addr.or(session.dev_addr);
        session.joined = true;
        session.began_at = session.began_at.min(heard.at);
        if join.standing == Standing::InOrder {
            self.lower = None;
        }
    }

    /// True for the first frame of a session that the clocks deny: a known address begins no session by the clocks unless it
    /// is heard after the current one.
    fn is_opened_by_counters(&self, uplink: &UplinkReceived) -> bool {
        let Some(current) = self.known.last() else { return false };
        let begins = self.known.iter().all(|session| session.number != uplink.session);
        let known = current.may_have_address(uplink.dev_addr)
            || self.known.iter().any(|session| session.dev_addr == uplink.dev_addr);
        let heard_at = current.heard(uplink.heard_at, uplink.report.received_at);
        uplink.standing == Standing::InOrder && begins && known && !after(heard_at, current.heard_at)
    }

    /// When a report was heard: at its receipt if its counters open a session, or by the clock of the current session.
    fn heard(&self, heard_at: Instant, received_at: Instant, opens: bool) -> Heard {
        let of_current = || self.known.last().and_then(|current| current.slow_clock(heard_at, received_at));
        let slow = if opens { Some(received_at - heard_at) } else { of_current() };
        Heard { at: slow.map_or(heard_at, |_| received_at), received_at, slow }
    }

    /// The session with that number. A new one becomes the current one, or a former one if its first frame is late.
    fn session_mut(&mut self, number: u32, standing: Standing, heard: Heard) -> &mut Session {
        let Heard { at: heard_at, received_at, slow } = heard;
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
                slow,
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

/// When a report was heard and received, and how much its clock is slow if it was heard at its receipt for that.
#[derive(Clone, Copy)]
struct Heard {
    at: Instant,
    received_at: Instant,
    slow: Option<TimeDelta>,
}

impl Session {
    /// When a report was heard: at its receipt, if it is by the session's slow clock.
    fn heard(&self, heard_at: Instant, received_at: Instant) -> Instant {
        self.slow_clock(heard_at, received_at).map_or(heard_at, |_| received_at)
    }

    /// How much the session's clock is slow, if the times are by this clock. A frame of another gateway, whose clock is
    /// right, is not: it is as old as it says.
    fn slow_clock(&self, heard_at: Instant, received_at: Instant) -> Option<TimeDelta> {
        self.slow.filter(|slow| (received_at - heard_at - *slow).abs() <= CLOCK_DOUBT)
    }

    /// False when both addresses are known and differ.
    fn may_have_address(&self, dev_addr: Option<DevAddr>) -> bool {
        self.dev_addr.is_none() || dev_addr.is_none() || self.dev_addr == dev_addr
    }

    /// True when the counter did not increase although the frame is too much later than the newest one to be late, and
    /// its content differs from that frame's.
    fn restarted(&self, up: &Up, heard_at: Instant, received_at: Instant) -> bool {
        let (Some(counter), Some(f_cnt)) = (&self.counter, up.f_cnt) else {
            return false;
        };
        f_cnt <= counter.highest
            && !counter.is_newest(f_cnt, content_hash(up.f_port, &up.data))
            && after(heard_at, self.heard_at)
            && after(received_at, self.received_at)
    }

    fn place(&self, up: &Up) -> Placement {
        let standing = match (&self.counter, up.f_cnt) {
            (_, None) => Standing::Uncounted,
            // An equal counter with other content is another frame, from a device whose counter does not increase.
            (Some(counter), Some(f_cnt)) if f_cnt == counter.highest => {
                let same = counter.content == content_hash(up.f_port, &up.data);
                if same { Standing::Repeated } else { Standing::Uncounted }
            }
            (Some(counter), Some(f_cnt)) if counter.has_seen(f_cnt) => Standing::Repeated,
            (Some(counter), Some(f_cnt)) if f_cnt < counter.highest => Standing::Late,
            (_, Some(_)) => Standing::InOrder,
        };
        Placement { session: self.number, standing }
    }

    /// The placement of a frame in a former session: never in order.
    fn place_late(&self, up: &Up) -> Placement {
        let place = self.place(up);
        if place.standing == Standing::InOrder {
            Placement { standing: Standing::Late, ..place }
        } else {
            place
        }
    }
}

/// True when `later` is after `earlier` by more than the tolerance.
fn after(later: Instant, earlier: Instant) -> bool {
    later - earlier > CLOCK_DOUBT
}
