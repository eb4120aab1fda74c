//! The log in order: the only reader of `events` by position.
//!
//! Positions are gapless and in commit order, so the next page is simply what stands after the last position, and a
//! missing position is an error, never something to wait for or to step over.

use chrono::{DateTime, Utc};
use parking_domain::stored::{self, DecodeError, Event};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

/// An event as the log holds it, without its body.
#[derive(Clone, Debug, FromRow)]
pub struct RecordedEvent {
    /// Its place in the total order.
    pub position: i64,
    /// The owner; `None` for events of the network.
    pub tenant_id: Option<Uuid>,
    /// The stream's aggregate type.
    pub aggregate_type: String,
    /// The stream's id.
    pub aggregate_id: String,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// Its type.
    pub event_type: String,
    /// The version of its payload's form.
    pub event_version: String,
    /// JSON, as stored.
    pub payload: String,
    /// JSON, as stored.
    pub metadata: String,
    /// Its identity.
    pub event_id: Uuid,
    /// The append that brought it.
    pub append_id: Uuid,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
}

impl RecordedEvent {
    /// The event as the domain knows it.
    pub fn decode(&self) -> Result<Event, DecodeError> {
        stored::decode(&self.aggregate_type, &self.event_type, &self.event_version, &self.payload)
    }
}

/// Why the feed cannot go on. It never ends early without saying so.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The database did not answer.
    #[error("the log could not be read: {0}")]
    Database(#[from] sqlx::Error),
    /// A position is missing: the log was tampered with or restored in part.
    #[error("position {missing} is missing from the log, position {found} follows")]
    Gap {
        /// The missing position.
        missing: i64,
        /// The one found in its stead.
        found: i64,
    },
}

/// The last position of the log; 0 while it is empty.
pub async fn head(connection: &mut PgConnection) -> Result<i64, FeedError> {
    Ok(sqlx::query_scalar("select position from log_head").fetch_one(connection).await?)
}

/// Up to `limit` events that follow `after`, in order, none missing. Empty only when nothing follows.
pub async fn read(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<RecordedEvent>, FeedError> {
    let events = read_as_is(connection, after, limit).await?;
    match (after + 1..).zip(&events).find(|(expected, event)| *expected != event.position) {
        Some((missing, event)) => Err(FeedError::Gap { missing, found: event.position }),
        None => Ok(events),
    }
}

/// As [`read`], but passing over positions that are missing: for whoever examines a log that may be damaged.
pub async fn read_as_is(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<RecordedEvent>, FeedError> {
    let events = sqlx::query_as(
        "select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, \
                payload::text, metadata::text, event_id, append_id, recorded_at \
         from events where position > $1 order by position limit $2",
    );
    Ok(events.bind(after).bind(limit).fetch_all(connection).await?)
}
