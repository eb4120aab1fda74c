//! Events that the log marks as undecodable (`EventSkipped` with `undecodable`), by their streams.
//!
//! Cached in memory, so that commands pay nothing for the check, and refreshed every half second, so that a process
//! learns what another process recorded and detects it in its streams in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use sqlx::PgPool;
use tokio::time::sleep;
use tracing::debug;

/// The pause between two refreshes.
const PAUSE: Duration = Duration::from_millis(500);

/// An undecodable event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnreadableEvent {
    pub(super) sequence: i64,
    pub(super) position: i64,
}

/// By aggregate type and id.
type Streams = HashMap<String, HashMap<String, Vec<UnreadableEvent>>>;

/// The cached events. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Unreadable(Arc<RwLock<Streams>>);

impl Unreadable {
    /// Follows the log until the last clone is dropped.
    pub(super) fn follow(pool: PgPool) -> Self {
        let unreadable = Self::default();
        tokio::spawn(refresh_periodically(Arc::downgrade(&unreadable.0), pool));
        unreadable
    }

    /// The undecodable events of a stream, in order.
    pub(super) fn of(&self, aggregate_type: &str, aggregate_id: &str) -> Vec<UnreadableEvent> {
        let streams = self.0.read().unwrap_or_else(PoisonError::into_inner);
        streams.get(aggregate_type).and_then(|ids| ids.get(aggregate_id)).cloned().unwrap_or_default()
    }

    /// The streams with undecodable events, by aggregate type and id.
    pub(super) fn streams(&self) -> Vec<(String, String)> {
        let streams = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let names = streams.iter().flat_map(|(kind, ids)| ids.keys().map(|id| (kind.clone(), id.clone())));
        names.collect()
    }

    /// Refreshes the cache from the log.
    pub(super) async fn refresh(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let streams = read(pool).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = streams;
        Ok(())
    }
}

async fn refresh_periodically(known: Weak<RwLock<Streams>>, pool: PgPool) {
    while let Some(streams) = known.upgrade() {
        if let Err(error) = Unreadable(streams).refresh(&pool).await {
            debug!(%error, "the list of undecodable events could not be read; retrying");
        }
        sleep(PAUSE).await;
    }
}

/// Reads all of them, found by the index on streams. Their number is the number of skips by operators.
async fn read(pool: &PgPool) -> Result<Streams, sqlx::Error> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "select distinct e.aggregate_type, e.aggregate_id, e.sequence, e.position \
           from (select (payload -> event_type ->> 'position')::bigint as position from events \
                  where aggregate_type = 'log' and event_type = 'EventSkipped' \
                    and (payload -> event_type ->> 'undecodable')::boolean) s \
           join events e on e.position = s.position order by e.sequence",
    )
    .fetch_all(pool)
    .await?;
    let mut streams = Streams::new();
    for (aggregate_type, aggregate_id, sequence, position) in rows {
        let events = streams.entry(aggregate_type).or_default().entry(aggregate_id).or_default();
        events.push(UnreadableEvent { sequence, position });
    }
    Ok(streams)
}
