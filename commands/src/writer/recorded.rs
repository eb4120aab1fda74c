//! The stored events of a batch, without bodies.

use parking_domain::stored::Recorded;

use super::call::{Verdict, after};
use crate::append::{Append, Appended, StreamAppend};

/// The events of the accepted appends, in order of position.
pub(super) fn all(appends: Vec<Append>, verdicts: &[Verdict]) -> Vec<Recorded> {
    let mut events = Vec::with_capacity(appends.iter().map(Append::event_count).sum());
    for (append, verdict) in appends.into_iter().zip(verdicts) {
        match verdict {
            Ok(appended) if !appended.repeated => take(&mut events, append, appended),
            _ => {}
        }
    }
    events
}

/// The positions of an append are consecutive, in the order of its streams and their events.
fn take(events: &mut Vec<Recorded>, append: Append, appended: &Appended) {
    let written = append.streams.into_iter().filter(|stream| !stream.events.is_empty());
    let mut positions = appended.first_position..;
    for (stream, version) in written.zip(&appended.versions) {
        let StreamAppend { aggregate_type, aggregate_id, events: new, .. } = stream;
        let first = version + 1 - i64::try_from(new.len()).unwrap_or(i64::MAX);
        events.extend(new.into_iter().zip(first..).zip(&mut positions).map(
            |((event, sequence), position)| Recorded {
                position,
                tenant_id: event.tenant_id,
                aggregate_type: aggregate_type.clone(),
                aggregate_id: aggregate_id.clone(),
                sequence,
                event_type: event.event_type,
                event_version: event.event_version,
                payload: event.payload,
                metadata: event.metadata,
                event_id: event.event_id,
                append_id: append.append_id,
                recorded_at: after(appended.recorded_at, position - appended.first_position),
            },
        ));
    }
}
