//! Events from a stream's last events alone, while the state of a long stream is not loaded.
//!
//! The usual report of a working device depends only on the current session's counter, which the last events contain;
//! its event equals the one from the whole stream. Other reports (older frames, other addresses, joins) are not
//! decided here.

use super::Uplinks;
use super::clock::Arrival;
use super::event::{Standing, UplinkEvent, UplinkReceived};
use super::sessions::{CLOCK_DOUBT, Sessions};
use crate::chirpstack::{Content, Report, Up};
use crate::instant::Instant;

/// The event of a report that the stream does not contain, from the stream's last events in order; `None` if it may
/// depend on earlier events.
pub(super) fn record(report: &Report, at: Instant, last: &[UplinkEvent]) -> Option<UplinkEvent> {
    let last_received_at = last.last()?.report().received_at;
    let received_at = at.max(last_received_at);
    let first = last.first()?.report().received_at;
    let sessions = match &report.content {
        Content::Up(up) => sessions(last, up, Arrival { at, first }.heard_at_surely(report)?, received_at)?,
        Content::Join(_) => return None,
        Content::Status | Content::Ack | Content::TxAck | Content::Log | Content::Location => {
            Sessions::default()
        }
    };
    let (first_received_at, last_received_at) = (Some(first), Some(last_received_at));
    let uplinks = Uplinks { sessions, first_received_at, last_received_at, ..Uplinks::default() };
    Some(uplinks.record(report, at))
}

/// The sessions as far as the last events show them, if they place the frame as all sessions of the stream would.
///
/// An event in order belongs to the session that is current at that time, and raises its counter if it has one. So after
/// the first event in order the current session is known, and after a counted one its highest counter. A former session
/// takes a frame only if its address differs from the current session's, or if it was heard before the current session
/// began. It was not, if it was heard after a frame of the same address that was in order, or after the platform received any
/// frame of the session. The first is not sure where the clock may be slow, because all known frames came equally late: such a
/// session began when it was received.
fn sessions(last: &[UplinkEvent], up: &Up, heard_at: Instant, received_at: Instant) -> Option<Sessions> {
    let mut sessions = Sessions::default();
    for event in last.iter().skip_while(|event| !is_in_order(event)) {
        sessions.record(event);
    }
    let current = sessions.current()?;
    let counted = last.iter().filter_map(counted_in_order).filter(|uplink| uplink.session == current);
    let counted: Vec<&UplinkReceived> = counted.collect();
    let late_by = |uplink: &UplinkReceived| uplink.report.received_at - uplink.heard_at;
    let is_later = |uplink: &UplinkReceived| uplink.dev_addr == up.dev_addr && heard_at >= uplink.heard_at;
    let since_it_began = |uplink: &UplinkReceived| {
        heard_at >= uplink.report.received_at || late_by(uplink) <= CLOCK_DOUBT && is_later(uplink)
    };
    let lateness = || counted.iter().map(|uplink| late_by(uplink));
    // Two frames by one slow clock differ from it by `CLOCK_DOUBT` at most.
    let varies =
        lateness().max().zip(lateness().min()).is_some_and(|(most, least)| most - least > CLOCK_DOUBT * 2);
    let is_continued = sessions.continued_by(up)
        && (counted.iter().any(|uplink| since_it_began(uplink))
            || varies && counted.iter().all(|uplink| is_later(uplink)))
        // Here the current session may seem to begin later than it did.
        && sessions.place_uplink(up, heard_at, received_at).session == current;
    is_continued.then_some(sessions)
}

fn is_in_order(event: &UplinkEvent) -> bool {
    match event {
        UplinkEvent::UplinkReceived(uplink) => uplink.standing == Standing::InOrder,
        UplinkEvent::DeviceJoined(join) => join.standing == Standing::InOrder,
        UplinkEvent::DeviceStatusReported { .. }
        | UplinkEvent::DownlinkAcknowledged { .. }
        | UplinkEvent::DownlinkTransmitted { .. }
        | UplinkEvent::NetworkLogged { .. }
        | UplinkEvent::DeviceLocated { .. } => false,
    }
}

fn counted_in_order(event: &UplinkEvent) -> Option<&UplinkReceived> {
    match event {
        UplinkEvent::UplinkReceived(uplink)
            if uplink.standing == Standing::InOrder && uplink.f_cnt.is_some() =>
        {
            Some(uplink)
        }
        _ => None,
    }
}
