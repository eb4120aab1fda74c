//! Reading one stream from the log.

use std::collections::HashMap;

use cqrs_es::{Aggregate, EventEnvelope};
use sqlx::PgPool;
use sqlx::types::Json;

use super::LogContext;

/// Why a stream cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database did not answer.
    #[error("the stream could not be read: {0}")]
    Database(#[from] sqlx::Error),
    /// An event is not what its type and version promise.
    #[error("{aggregate_type} {aggregate_id} holds an undecodable event {sequence}: {source}")]
    Undecodable {
        /// The stream's aggregate type.
        aggregate_type: &'static str,
        /// The stream's id.
        aggregate_id: String,
        /// The event's place in the stream.
        sequence: i64,
        /// What the reader of the payload said.
        source: serde_json::Error,
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

type Row = (i64, i64, String, Json<HashMap<String, String>>);

/// The stream's events in order, each with its position, none missing.
async fn read<A: Aggregate>(
    pool: &PgPool,
    aggregate_id: &str,
) -> Result<Vec<(i64, EventEnvelope<A>)>, LoadError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select position, sequence, payload::text, metadata from events \
         where aggregate_type = $1 and aggregate_id = $2 order by sequence",
    )
    .bind(A::TYPE)
    .bind(aggregate_id)
    .fetch_all(pool)
    .await?;
    (1..)
        .zip(rows)
        .map(|(expected, (position, sequence, payload, Json(metadata)))| {
            if sequence != expected {
                let aggregate_id = aggregate_id.to_owned();
                return Err(LoadError::Gap { aggregate_type: A::TYPE, aggregate_id, sequence: expected });
            }
            let payload = serde_json::from_str(&payload).map_err(|source| LoadError::Undecodable {
                aggregate_type: A::TYPE,
                aggregate_id: aggregate_id.to_owned(),
                sequence,
                source,
            })?;
            let sequence = usize::try_from(sequence).expect("sequences are positive");
            Ok((
                position,
                EventEnvelope { aggregate_id: aggregate_id.to_owned(), sequence, payload, metadata },
            ))
        })
        .collect()
}

pub(super) async fn envelopes<A: Aggregate>(
    pool: &PgPool,
    aggregate_id: &str,
) -> Result<Vec<EventEnvelope<A>>, LoadError> {
    Ok(read(pool, aggregate_id).await?.into_iter().map(|(_, envelope)| envelope).collect())
}

pub(super) async fn fold<A: Aggregate>(
    pool: &PgPool,
    aggregate_id: &str,
) -> Result<LogContext<A>, LoadError> {
    let aggregate_id = aggregate_id.to_owned();
    let mut context = LogContext { aggregate_id, aggregate: A::default(), version: 0, position: 0 };
    for (position, envelope) in read::<A>(pool, &context.aggregate_id).await? {
        context.aggregate.apply(envelope.payload);
        context.version += 1;
        context.position = position;
    }
    Ok(context)
}

pub(super) async fn holds_key(
    pool: &PgPool,
    aggregate_type: &str,
    aggregate_id: &str,
    key: &str,
) -> Result<bool, LoadError> {
    // {"UplinkReceived": {"report": {"key": …}, …}}
    Ok(sqlx::query_scalar(
        "select exists (select from events where aggregate_type = $1 and aggregate_id = $2 \
                                             and payload #>> array[event_type, 'report', 'key'] = $3)",
    )
    .bind(aggregate_type)
    .bind(aggregate_id)
    .bind(key)
    .fetch_one(pool)
    .await?)
}
