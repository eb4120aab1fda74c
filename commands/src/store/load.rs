//! Reading streams, snapshots and requests from the log.

use std::collections::HashMap;

use cqrs_es::EventEnvelope;
use parking_domain::aggregate::Decider;
use parking_domain::stored::{self, DecodeError};
use parking_domain::upcast::Upcasters;
use sqlx::types::Json;
use sqlx::{FromRow, PgPool};
use tracing::warn;

use super::loader::Tail;
use super::unreadable::Place;
use super::{Earlier, FindRequestError, LogContext};
use crate::append::{AppendError, RequestKey};

/// Why a stream cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database did not answer.
    #[error("the stream could not be read: {0}")]
    Database(#[from] sqlx::Error),
    /// An event is of no form this program knows: a newer release may, or it was tampered with.
    #[error("{aggregate_type} {aggregate_id} holds an undecodable event {sequence}, {event_type}: {source}")]
    Undecodable {
        /// The stream's aggregate type.
        aggregate_type: &'static str,
        /// The stream's id.
        aggregate_id: String,
        /// The event's place in the stream.
        sequence: i64,
        /// Its type and version.
        event_type: String,
        /// What the reader of the payload said.
        source: Box<DecodeError>,
    },
    /// The log says that nobody can read an event of it, so nobody knows what it has become.
    #[error(
        "{aggregate_type} {aggregate_id} is damaged: nobody can read its event at position {position}, which an operator \
         skipped; an operator can restore the log from a backup that holds the event, else make a new one in its place"
    )]
    Damaged {
        /// The stream's aggregate type.
        aggregate_type: &'static str,
        /// The stream's id.
        aggregate_id: String,
        /// The event.
        position: i64,
    },
    /// An event is missing: the log was tampered with.
    #[error("{aggregate_type} {aggregate_id} has no event {sequence}, but later ones")]
    Gap {
        /// The stream's aggregate type.
        aggregate_type: &'static str,
        /// The stream's id.
        aggregate_id: String,
        /// The place of the missing event.
        sequence: i64,
    },
}

/// An event of one stream, as stored.
#[derive(Debug, FromRow)]
pub(super) struct Stored {
    position: i64,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: Json<HashMap<String, String>>,
}

/// More than any aggregate's state will have versions.
const FORMS_OF_A_STATE: i32 = 10_000;

const STORED: &str = "select position, sequence, event_type, event_version, payload::text, metadata from events \
                      where aggregate_type = $1 and aggregate_id = $2";

/// The events of a stream from `first` on, in order.
async fn read<A: Decider>(pool: &PgPool, aggregate_id: &str, first: i64) -> Result<Vec<Stored>, LoadError> {
    let query = format!("{STORED} and sequence >= $3 order by sequence");
    let query = sqlx::query_as(&query).bind(A::TYPE).bind(aggregate_id).bind(first);
    let events: Vec<Stored> = query.fetch_all(pool).await?;
    check_sequence::<A>(aggregate_id, first, &events)?;
    Ok(events)
}

/// Refuses events of a stream that do not follow each other from `first` on.
fn check_sequence<A: Decider>(aggregate_id: &str, first: i64, events: &[Stored]) -> Result<(), LoadError> {
    match (first..).zip(events).find(|(expected, event)| *expected != event.sequence) {
        Some((sequence, _)) => {
            Err(LoadError::Gap { aggregate_type: A::TYPE, aggregate_id: aggregate_id.to_owned(), sequence })
        }
        None => Ok(()),
    }
}

fn decode<A: Decider>(
    upcasters: &Upcasters,
    aggregate_id: &str,
    event: &Stored,
) -> Result<A::Event, LoadError> {
    let read = stored::read::<A>(upcasters, &event.event_type, &event.event_version, &event.payload);
    read.map_err(|source| LoadError::Undecodable {
        aggregate_type: A::TYPE,
        aggregate_id: aggregate_id.to_owned(),
        sequence: event.sequence,
        event_type: format!("{} version {}", event.event_type, event.event_version),
        source: Box::new(source),
    })
}

/// The version of a stream; 0 when it does not exist.
pub(super) async fn version<A: Decider>(pool: &PgPool, aggregate_id: &str) -> Result<i64, LoadError> {
    let version =
        sqlx::query_scalar("select version from streams where aggregate_type = $1 and aggregate_id = $2");
    Ok(version.bind(A::TYPE).bind(aggregate_id).fetch_optional(pool).await?.unwrap_or_default())
}

pub(super) async fn envelopes<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    aggregate_id: &str,
) -> Result<Vec<EventEnvelope<A>>, LoadError> {
    let envelope = |event: Stored| {
        let payload = decode::<A>(upcasters, aggregate_id, &event)?;
        let sequence = usize::try_from(event.sequence).expect("sequences are positive");
        Ok(EventEnvelope {
            aggregate_id: aggregate_id.to_owned(),
            sequence,
            payload,
            metadata: event.metadata.0,
        })
    };
    read::<A>(pool, aggregate_id, 1).await?.into_iter().map(envelope).collect()
}

pub(super) async fn fold<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    aggregate_id: &str,
    unreadable: &[Place],
) -> Result<LogContext<A>, LoadError> {
    let snapshot =
        snapshot::<A>(pool, aggregate_id, form::<A>(unreadable.len())).await.unwrap_or_else(|error| {
            warn!(%error, "snapshots cannot be read; streams load slower until they can");
            None
        });
    if let Some((version, aggregate)) = snapshot {
        let mut events = read::<A>(pool, aggregate_id, version).await?.into_iter();
        // The snapshot's last event must be there: a cache may be ahead of a log that was restored.
        if let Some(last) = events.next() {
            return take(
                LogContext { aggregate, version, position: last.position, ..empty(aggregate_id) },
                upcasters,
                events,
                unreadable,
            );
        }
    }
    take(empty(aggregate_id), upcasters, read::<A>(pool, aggregate_id, 1).await?.into_iter(), unreadable)
}

/// Folds what the loader gave; `None` when its snapshot is of no use, so that the stream has to be read whole.
pub(super) fn fold_tail<A: Decider>(
    upcasters: &Upcasters,
    aggregate_id: &str,
    Tail { snapshot, events }: Tail,
    unreadable: &[Place],
) -> Result<Option<LogContext<A>>, LoadError> {
    let Some((version, state)) = snapshot else {
        check_sequence::<A>(aggregate_id, 1, &events)?;
        return take(empty(aggregate_id), upcasters, events.into_iter(), unreadable).map(Some);
    };
    check_sequence::<A>(aggregate_id, version, &events)?;
    let mut events = events.into_iter();
    let (Some(last), Some(aggregate)) =
        (events.next(), state.and_then(|state| serde_json::from_str(&state).ok()))
    else {
        return Ok(None);
    };
    let context = LogContext { aggregate, version, position: last.position, ..empty(aggregate_id) };
    take(context, upcasters, events, unreadable).map(Some)
}

fn empty<A: Decider>(aggregate_id: &str) -> LogContext<A> {
    let aggregate_id = aggregate_id.to_owned();
    LogContext { aggregate_id, aggregate: A::default(), version: 0, position: 0, left_out: 0 }
}

fn take<A: Decider>(
    mut context: LogContext<A>,
    upcasters: &Upcasters,
    events: impl Iterator<Item = Stored>,
    unreadable: &[Place],
) -> Result<LogContext<A>, LoadError> {
    context.left_out = unreadable.len();
    for event in events {
        if !unreadable.iter().any(|place| place.sequence == event.sequence) {
            context.aggregate.evolve(&decode::<A>(upcasters, &context.aggregate_id, &event)?);
        }
        context.version = event.sequence;
        context.position = event.position;
    }
    Ok(context)
}

/// The form of a state from which so many events were left out: one that has them in it is as good as none.
pub(crate) fn form<A: Decider>(left_out: usize) -> i32 {
    let left_out = i32::try_from(left_out).unwrap_or(i32::MAX);
    A::STATE_VERSION.saturating_add(left_out.saturating_mul(FORMS_OF_A_STATE))
}

/// The stream's snapshot; one of another form, or one that cannot be read, is as good as none.
async fn snapshot<A: Decider>(
    pool: &PgPool,
    aggregate_id: &str,
    form: i32,
) -> Result<Option<(i64, A)>, sqlx::Error> {
    let found: Option<(i64, String)> = sqlx::query_as(
        "select version, state::text from snapshots \
         where aggregate_type = $1 and aggregate_id = $2 and state_version = $3",
    )
    .bind(A::TYPE)
    .bind(aggregate_id)
    .bind(form)
    .fetch_optional(pool)
    .await?;
    Ok(found.and_then(|(version, state)| Some((version, serde_json::from_str(&state).ok()?))))
}

pub(super) async fn request<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    request: &RequestKey,
) -> Result<Option<Earlier<A>>, FindRequestError> {
    #[derive(FromRow)]
    struct Row {
        same: bool,
        aggregate_id: String,
        #[sqlx(flatten)]
        event: Stored,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select r.fingerprint = $3 as same, e.aggregate_id, e.position, e.sequence, e.event_type, e.event_version, \
                e.payload::text, e.metadata \
           from requests r join events e on e.position between r.first_position and r.last_position \
          where r.tenant_id = $1 and r.key = $2 and e.aggregate_type = $4 order by e.position",
    )
    .bind(request.tenant_id)
    .bind(&request.key)
    .bind(request.fingerprint)
    .bind(A::TYPE)
    .fetch_all(pool)
    .await
    .map_err(LoadError::from)?;
    let Some(last) = rows.last() else { return Ok(None) };
    if !last.same {
        return Err(AppendError::RequestKeyReused { key: request.key.clone() }.into());
    }
    let (position, version) = (last.event.position, last.event.sequence);
    let events = rows.iter().map(|row| decode::<A>(upcasters, &row.aggregate_id, &row.event));
    Ok(Some(Earlier { position, version, events: events.collect::<Result<_, _>>()? }))
}

pub(super) async fn holder(
    pool: &PgPool,
    scope: &str,
    key: &str,
) -> Result<Option<(String, String)>, LoadError> {
    let holder =
        sqlx::query_as("select aggregate_type, aggregate_id from claims where scope = $1 and key = $2");
    Ok(holder.bind(scope).bind(key).fetch_optional(pool).await?)
}

pub(super) async fn holds_key(
    pool: &PgPool,
    aggregate_type: &str,
    aggregate_id: &str,
    key: &str,
) -> Result<bool, LoadError> {
    // Payloads begin {"UplinkReceived":{"report":{"key":"…". Compared as text: PostgreSQL's JSON operators read the whole
    // document, and cannot read everything that JSON can hold.
    Ok(sqlx::query_scalar(
        "select exists (select from events where aggregate_type = $1 and aggregate_id = $2 \
                                             and starts_with(payload::text, format('{\"%s\":{\"report\":{\"key\":\"%s\"', event_type, $3::text)))",
    )
    .bind(aggregate_type)
    .bind(aggregate_id)
    .bind(key)
    .fetch_one(pool)
    .await?)
}
