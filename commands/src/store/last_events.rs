//! The last events of a stream, for commands that need not wait for its fold.

use parking_domain::aggregate::Decider;
use parking_domain::upcast::Upcasters;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::load::{Stored, decode_bare};
use super::{LoadError, find};

/// The last events of a long stream, in place of its state.
pub(crate) struct LastEvents<A: Decider> {
    /// As [`Decider::decide_from_last_events`] takes them.
    pub(crate) events: Vec<A::Event>,
    /// Whether the stream contains the command's key.
    pub(crate) is_recorded: bool,
    /// The number of events in the stream.
    pub(crate) version: i64,
    /// The position of the last event.
    pub(crate) position: i64,
}

/// Reads the last events of a stream and looks the key up, both at the same version; `None` if the stream has no events,
/// or one of the last cannot be decoded.
pub(super) async fn read<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    aggregate_id: &str,
    key: Option<Uuid>,
) -> Result<Option<LastEvents<A>>, LoadError> {
    #[derive(FromRow)]
    struct Row {
        is_recorded: bool,
        #[sqlx(flatten)]
        event: Stored,
    }
    let query = format!(
        "select {} as is_recorded, e.* \
           from (select position, sequence, event_id, event_type, event_version, payload::text from events \
                  where aggregate_type = $3 and aggregate_id = $2 order by sequence desc limit $4) e",
        find::HOLDS_REPORT
    );
    let rows: Vec<Row> = sqlx::query_as(&query)
        .bind(key.map(|key| key.to_string()))
        .bind(aggregate_id)
        .bind(A::TYPE)
        .bind(A::LAST_EVENTS)
        .fetch_all(pool)
        .await?;
    let Some(Row { is_recorded, event }) = rows.first() else { return Ok(None) };
    let (is_recorded, version, position) = (*is_recorded, event.sequence, event.position);
    let decoded = rows.iter().rev().map(|row| decode_bare::<A>(upcasters, aggregate_id, &row.event));
    let events = decoded.collect::<Result<_, _>>();
    Ok(events.ok().map(|events| LastEvents { events, is_recorded, version, position }))
}
