//! Folds streams from the log event by event, in pages, so that memory does not depend on their length.

use std::collections::HashMap;

use cqrs_es::{Aggregate, EventEnvelope};
use futures_util::TryStreamExt;
use parking_domain::aggregate::Decider;
use parking_domain::stored::{self, DecodeError};
use parking_domain::upcast::Upcasters;
use sqlx::types::{Json, Uuid};
use sqlx::{FromRow, PgPool};
use tracing::warn;

use super::LogContext;
use super::loader::Tail;
use crate::snapshots::Snapshots;

/// The number of events per page.
const PAGE: i64 = 1000;

/// The factor that separates snapshot forms; larger than any aggregate's state version.
const FORMS: i32 = 10_000;

/// Why a stream cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database returned an error.
    #[error("the stream could not be read: {0}")]
    Database(#[from] sqlx::Error),
    /// An event has an unknown form: it was written by a newer release, or the log was tampered with.
    #[error("{aggregate_type} {aggregate_id} holds an undecodable event {sequence}, {event_type}: {source}")]
    Undecodable {
        /// The stream's aggregate type.
        aggregate_type: &'static str,
        /// The stream's id.
        aggregate_id: String,
        /// The event's sequence in the stream.
        sequence: i64,
        /// Its type and version.
        event_type: String,
        /// The decoder's error.
        source: Box<DecodeError>,
    },
    /// An event is marked as undecodable, so the stream's state is unknown.
    #[error(
        "{aggregate_type} {aggregate_id} is damaged: its event at position {position} is unreadable and an operator skipped \
         it; an operator can restore the log from a backup that contains the event, or create a replacement"
    )]
    Damaged {
        /// The stream's aggregate type.
        aggregate_type: &'static str,
        /// The stream's id.
        aggregate_id: String,
        /// The event's position.
        position: i64,
    },
    /// An event is missing: the log was tampered with.
    #[error("{aggregate_type} {aggregate_id} has no event {sequence}, but later ones")]
    Gap {
        /// The stream's aggregate type.
        aggregate_type: &'static str,
        /// The stream's id.
        aggregate_id: String,
        /// The sequence of the missing event.
        sequence: i64,
    },
}

/// An event of one stream, as stored.
#[derive(Debug, FromRow)]
pub(crate) struct Stored {
    pub(crate) position: i64,
    pub(crate) sequence: i64,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: String,
}

impl Stored {
    /// Its size in memory, in bytes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.event_type.len() + self.event_version.len() + self.payload.len()
    }
}

/// The decoder of a payload: complete, or for a fold.
type Decoder<A> = fn(&Upcasters, &str, &str, &str) -> Result<<A as Aggregate>::Event, DecodeError>;

pub(super) fn decode<A: Decider>(
    upcasters: &Upcasters,
    aggregate_id: &str,
    event: &Stored,
) -> Result<A::Event, LoadError> {
    decode_by::<A>(stored::read::<A>, upcasters, aggregate_id, event)
}

/// As [`decode`], with only the fields that folds use.
pub(super) fn decode_bare<A: Decider>(
    upcasters: &Upcasters,
    aggregate_id: &str,
    event: &Stored,
) -> Result<A::Event, LoadError> {
    decode_by::<A>(stored::read_bare::<A>, upcasters, aggregate_id, event)
}

fn decode_by<A: Decider>(
    decode: Decoder<A>,
    upcasters: &Upcasters,
    aggregate_id: &str,
    event: &Stored,
) -> Result<A::Event, LoadError> {
    let decoded = decode(upcasters, &event.event_type, &event.event_version, &event.payload);
    decoded.map_err(|source| LoadError::Undecodable {
        aggregate_type: A::TYPE,
        aggregate_id: aggregate_id.to_owned(),
        sequence: event.sequence,
        event_type: format!("{} version {}", event.event_type, event.event_version),
        source: Box::new(source),
    })
}

/// Applies the next event to a stream.
pub(crate) fn apply_event<A: Decider>(
    context: &mut LogContext<A>,
    upcasters: &Upcasters,
    event: &Stored,
) -> Result<(), LoadError> {
    let sequence = context.version + 1;
    if event.sequence != sequence {
        let aggregate_id = context.aggregate_id.clone();
        return Err(LoadError::Gap { aggregate_type: A::TYPE, aggregate_id, sequence });
    }
    if !context.skipped.contains(&sequence) {
        let decoded = decode_bare::<A>(upcasters, &context.aggregate_id, event)?;
        context.aggregate.evolve(&decoded);
    }
    context.version = sequence;
    context.position = event.position;
    context.event_id = event.event_id;
    Ok(())
}

/// All events of a stream with their metadata, for cqrs-es. All of them are held in memory: for tools and tests only.
pub(super) async fn envelopes<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    aggregate_id: &str,
) -> Result<Vec<EventEnvelope<A>>, LoadError> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(flatten)]
        event: Stored,
        metadata: Json<HashMap<String, String>>,
    }
    let mut rows = sqlx::query_as(
        "select position, sequence, event_id, event_type, event_version, payload::text, metadata from events \
          where aggregate_type = $1 and aggregate_id = $2 order by sequence",
    )
    .bind(A::TYPE)
    .bind(aggregate_id)
    .fetch(pool);
    let mut envelopes = Vec::new();
    while let Some(Row { event, metadata }) = rows.try_next().await? {
        let sequence = envelopes.len() + 1;
        if usize::try_from(event.sequence) != Ok(sequence) {
            let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
            let aggregate_id = aggregate_id.to_owned();
            return Err(LoadError::Gap { aggregate_type: A::TYPE, aggregate_id, sequence });
        }
        let payload = decode::<A>(upcasters, aggregate_id, &event)?;
        let (aggregate_id, metadata) = (aggregate_id.to_owned(), metadata.0);
        envelopes.push(EventEnvelope { aggregate_id, sequence, payload, metadata });
    }
    Ok(envelopes)
}

/// The stream from the loader's tail; `None` if the snapshot is unusable, so that the stream must be read separately.
pub(super) fn fold_tail<A: Decider>(
    upcasters: &Upcasters,
    aggregate_id: &str,
    skipped: &[i64],
    tail: Tail,
) -> Result<Option<LogContext<A>>, LoadError> {
    let mut events = tail.events.into_iter();
    let mut context = LogContext { skipped: skipped.to_vec(), ..LogContext::empty(aggregate_id) };
    if let Some(snapshot) = tail.snapshot {
        let (Some(last), Some(state)) = (events.next(), snapshot.state) else { return Ok(None) };
        let Ok(aggregate) = serde_json::from_str(&state) else { return Ok(None) };
        context = context.at(aggregate, snapshot.version, last.position, last.event_id);
    }
    for event in events {
        apply_event(&mut context, upcasters, &event)?;
    }
    Ok(Some(context))
}

/// The stream from its snapshot, or without events.
pub(super) async fn from_snapshot<A: Decider>(
    pool: &PgPool,
    aggregate_id: &str,
    skipped: Vec<i64>,
) -> LogContext<A> {
    let snapshot =
        snapshot::<A>(pool, aggregate_id, snapshot_form::<A>(skipped.len())).await.unwrap_or_else(|error| {
            warn!(%error, "snapshots cannot be read; streams load slower until they can");
            None
        });
    LogContext { skipped, ..snapshot.unwrap_or_else(|| LogContext::empty(aggregate_id)) }
}

/// The form of a snapshot from which this many events are skipped; a snapshot that includes them does not match.
pub(crate) fn snapshot_form<A: Decider>(skipped: usize) -> i32 {
    let skipped = i32::try_from(skipped).unwrap_or(i32::MAX);
    A::STATE_VERSION.saturating_add(skipped.saturating_mul(FORMS))
}

/// The stream's snapshot; `None` if it has another form or another history, or cannot be parsed.
async fn snapshot<A: Decider>(
    pool: &PgPool,
    aggregate_id: &str,
    form: i32,
) -> Result<Option<LogContext<A>>, sqlx::Error> {
    #[derive(FromRow)]
    struct Row {
        version: i64,
        state: String,
        position: i64,
        event_id: Uuid,
        same: bool,
    }
    let found: Option<Row> = sqlx::query_as(
        "select s.version, s.state::text, e.position, e.event_id, e.event_id = s.event_id as same \
           from snapshots s join events e on e.aggregate_type = s.aggregate_type \
                                         and e.aggregate_id = s.aggregate_id and e.sequence = s.version \
          where s.aggregate_type = $1 and s.aggregate_id = $2 and s.state_version = $3",
    )
    .bind(A::TYPE)
    .bind(aggregate_id)
    .bind(form)
    .fetch_optional(pool)
    .await?;
    Ok(found.filter(|row| row.same).and_then(|row| {
        let aggregate = serde_json::from_str(&row.state).ok()?;
        Some(LogContext::empty(aggregate_id).at(aggregate, row.version, row.position, row.event_id))
    }))
}

/// Applies the rest of the stream, page by page. The state after each page is offered as a snapshot, so that a
/// cancelled load is not wasted and the next one continues from there.
pub(super) async fn fold_rest<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    snapshots: &Snapshots,
    context: &mut LogContext<A>,
) -> Result<(), LoadError> {
    loop {
        let page_end = context.version + PAGE;
        let aggregate_id = context.aggregate_id.clone();
        let mut events = sqlx::query_as::<_, Stored>(
            "select position, sequence, event_id, event_type, event_version, payload::text from events \
              where aggregate_type = $1 and aggregate_id = $2 and sequence > $3 order by sequence limit $4",
        )
        .bind(A::TYPE)
        .bind(&aggregate_id)
        .bind(context.version)
        .bind(PAGE)
        .fetch(pool);
        while let Some(event) = events.try_next().await? {
            apply_event(context, upcasters, &event)?;
        }
        drop(events);
        if context.version < page_end {
            return Ok(());
        }
        snapshots.offer(context);
    }
}
