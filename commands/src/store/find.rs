//! Look-ups in the log without folding a stream: versions, requests, claim holders, report keys.

use parking_domain::aggregate::Decider;
use parking_domain::id::SpaceId;
use parking_domain::space::{Space, SpaceEvent};
use parking_domain::upcast::Upcasters;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use super::load::{Stored, decode};
use super::{Earlier, FindRequestError, LoadError};
use crate::append::{AppendError, RequestKey};

/// The version of a stream; 0 when it does not exist.
pub(super) async fn version<A: Decider>(pool: &PgPool, aggregate_id: &str) -> Result<i64, LoadError> {
    let version =
        sqlx::query_scalar("select version from streams where aggregate_type = $1 and aggregate_id = $2");
    Ok(version.bind(A::TYPE).bind(aggregate_id).fetch_optional(pool).await?.unwrap_or_default())
}

/// The original result of a request: the events of its append that belong to the aggregate, at most one append. A request
/// without events has the position that the log had then.
pub(super) async fn request<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    request: &RequestKey,
) -> Result<Option<Earlier<A>>, FindRequestError> {
    match positions_of(pool, request).await? {
        None => Ok(None),
        Some((first, last)) if first > last => {
            Ok(Some(Earlier { position: last, version: 0, events: Vec::new() }))
        }
        Some((first, last)) => Ok(Some(appended(pool, upcasters, first, last).await?)),
    }
}

/// The first and the last position of what a request appended; of one without events, the last comes before the first.
pub(super) async fn positions_of(
    pool: &PgPool,
    request: &RequestKey,
) -> Result<Option<(i64, i64)>, FindRequestError> {
    let known: Option<(bool, i64, i64)> = sqlx::query_as(
        "select fingerprint = $3, first_position, last_position from requests where tenant_id = $1 and key = $2",
    )
    .bind(request.tenant_id)
    .bind(&request.key)
    .bind(request.fingerprint)
    .fetch_optional(pool)
    .await
    .map_err(LoadError::from)?;
    match known {
        None => Ok(None),
        Some((false, ..)) => Err(AppendError::RequestKeyReused { key: request.key.clone() }.into()),
        Some((true, first, last)) => Ok(Some((first, last))),
    }
}

/// The events at these positions that belong to the aggregate.
async fn appended<A: Decider>(
    pool: &PgPool,
    upcasters: &Upcasters,
    first: i64,
    last: i64,
) -> Result<Earlier<A>, LoadError> {
    #[derive(FromRow)]
    struct Row {
        aggregate_id: String,
        #[sqlx(flatten)]
        event: Stored,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select aggregate_id, position, sequence, event_id, event_type, event_version, payload::text from events \
          where position between $1 and $2 and aggregate_type = $3 order by position",
    )
    .bind(first)
    .bind(last)
    .bind(A::TYPE)
    .fetch_all(pool)
    .await?;
    let version = rows.last().map_or(0, |last| last.event.sequence);
    let events = rows.iter().map(|row| decode::<A>(upcasters, &row.aggregate_id, &row.event));
    Ok(Earlier { position: last, version, events: events.collect::<Result<_, _>>()? })
}

/// The events of one reservation or override of a space, by the index on them. `offset 0` keeps the planner from reading
/// the whole stream instead.
pub(super) async fn space_part(
    pool: &PgPool,
    upcasters: &Upcasters,
    space_id: SpaceId,
    part: Uuid,
) -> Result<Vec<SpaceEvent>, LoadError> {
    let space_id = space_id.to_string();
    let stored: Vec<Stored> = sqlx::query_as(
        "select position, sequence, event_id, event_type, event_version, payload from ( \
            select aggregate_id, position, sequence, event_id, event_type, event_version, payload::text from events \
             where space_part(aggregate_type, event_type, payload) = $2 offset 0) as of_part \
          where aggregate_id = $1 order by sequence",
    )
    .bind(&space_id)
    .bind(part.to_string())
    .fetch_all(pool)
    .await?;
    stored.iter().map(|event| decode::<Space>(upcasters, &space_id, event)).collect()
}

/// The streams that hold the claims of a scope, by id, in order of the claims' keys.
pub(super) async fn holders(pool: &PgPool, scope: &str, limit: i64) -> Result<Vec<String>, LoadError> {
    let holders =
        sqlx::query_scalar("select aggregate_id from claims where scope = $1 order by key limit $2");
    Ok(holders.bind(scope).bind(limit).fetch_all(pool).await?)
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

/// Whether the `uplinks` stream $2 contains a report with the key $1, found by the index on keys. `offset 0` keeps the
/// planner from reading the stream instead, which it might do on a log without statistics.
pub(super) const HOLDS_REPORT: &str = "exists (select from (select aggregate_id from events \
                           where hashtextextended(report_key(aggregate_type, event_type, payload), 0) \
                                     = hashtextextended($1, 0) \
                             and report_key(aggregate_type, event_type, payload) = $1 offset 0) as same_key \
              where aggregate_id = $2)";

/// True when the `uplinks` stream contains a report with this key.
pub(super) async fn holds_report(pool: &PgPool, aggregate_id: &str, key: Uuid) -> Result<bool, LoadError> {
    let query = format!("select {HOLDS_REPORT}");
    Ok(sqlx::query_scalar(&query).bind(key.to_string()).bind(aggregate_id).fetch_one(pool).await?)
}
