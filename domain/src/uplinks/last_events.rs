//! Decisions from a stream's last events alone, while the state of a long stream is not loaded.
//!
//! The usual report of a working device depends only on the current session's counter, which the last events contain;
//! its decision equals the one from the whole stream. Other reports (older frames, other addresses, joins) are not
//! decided here. Whether the report was recorded before is always looked up.

use super::event::{Standing, UplinkEvent, UplinkReceived};
use super::recent_keys::RecentKeys;
use super::sessions::Sessions;
use super::{RecordReport, UplinkRefusal, Uplinks};
use crate::aggregate::Decider;
use crate::chirpstack::{Content, Up};
use crate::instant::Instant;

/// The decision about a report, from the stream's last events in order; `None` if it may depend on earlier events.
pub(super) fn decide(
    command: &RecordReport,
    last: &[UplinkEvent],
) -> Option<Result<Vec<UplinkEvent>, UplinkRefusal>> {
    let last_received_at = last.last()?.report().received_at;
    let mut uplinks = Uplinks {
        recent_keys: RecentKeys::without_history(),
        sessions: Sessions::default(),
        last_received_at: Some(last_received_at),
    };
    last.iter().for_each(|event| uplinks.recent_keys.remember(event.report().key, event.report().time));
    if let Err(refusal) = uplinks.refuse_recorded(&command.report, command.look_up) {
        return Some(Err(refusal));
    }
    match &command.report.content {
        Content::Up(up) => {
            let heard_at = up.heard_at(command.report.time, command.at.max(last_received_at));
            uplinks.sessions = sessions(last, up, heard_at)?;
        }
        Content::Join(_) => return None,
        Content::Status | Content::Ack | Content::TxAck | Content::Log | Content::Location => {}
    }
    Some(uplinks.decide(command))
}

/// The sessions as far as the last events show them, if they place the frame as all sessions of the stream would.
///
/// An event in order belongs to the session that is current at that time, and raises its counter if it has one. So after
/// the first event in order the current session is known, and with a counted one its highest counter. A former session
/// takes a frame only if it has another address, or was heard before the current session began; that was not after the
/// platform received any frame of the current session.
fn sessions(last: &[UplinkEvent], up: &Up, heard_at: Instant) -> Option<Sessions> {
    let mut sessions = Sessions::default();
    let from_first = last.iter().skip_while(|event| !is_in_order(event));
    from_first.for_each(|event| sessions.record(event));
    let current = sessions.current()?;
    let counted = last.iter().filter_map(counted_in_order).find(|uplink| uplink.session == current)?;
    let is_continued = sessions.continued_by(up) && heard_at >= counted.report.received_at;
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
        UplinkEvent::UplinkReceived(uplink) if is_in_order(event) && uplink.f_cnt.is_some() => Some(uplink),
        _ => None,
    }
}
