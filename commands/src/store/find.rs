//! Look-ups in the log without folding a stream: versions, requests, claim holders, report keys.

use parking_domain::aggregate::Decider;
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

/// The original result of a request: the events of its append that belong to the aggregate, at most one append.
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
        "select r.fingerprint = $3 as same, e.aggregate_id, e.position, e.sequence, e.event_id, e.event_type, \
                e.event_version, e.payload::text \
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
