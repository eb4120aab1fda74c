//! The last events of a stream, for commands that need not wait for its fold.

use parking_domain::aggregate::Decider;
use parking_domain::upcast::Upcasters;
use sqlx::PgPool;

use super::LoadError;
use super::load::{Stored, decode_bare};

/// The last events of a long stream, in place of its state.
pub(crate) struct LastEvents<A: Decider> {
    /// As [`Decider::decide_from_last_events`] takes them.
    pub(crate) events: Vec<A::Event>,
    /// The number of events in the stream.
    pub(crate) version: i64,
    /// The position of the last event.
    pub(crate) position: i64,
}

/// Reads the last events of a stream; `None` if it has none, or one of them cannot be decoded.
pub(super) async fn read<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    aggregate_id: &str,
) -> Result<Option<LastEvents<A>>, LoadError> {
    let stored: Vec<Stored> = sqlx::query_as(
        "select position, sequence, event_id, event_type, event_version, payload::text from events \
          where aggregate_type = $1 and aggregate_id = $2 order by sequence desc limit $3",
    )
    .bind(A::TYPE)
    .bind(aggregate_id)
    .bind(A::LAST_EVENTS)
    .fetch_all(pool)
    .await?;
    let Some(last) = stored.first() else { return Ok(None) };
    let (version, position) = (last.sequence, last.position);
    let decoded = stored.iter().rev().map(|event| decode_bare::<A>(upcasters, aggregate_id, event));
    let events = decoded.collect::<Result<_, _>>();
    Ok(events.ok().map(|events| LastEvents { events, version, position }))
}
