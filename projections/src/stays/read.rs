//! Queries on the stays in a tenant's spaces. Row-level security limits every query to the connection's tenant.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Stay;
use crate::rows::from_json;
use parking_domain::instant::Instant;

/// Which stays to list; all given conditions must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StayFilter {
    /// In this space.
    pub space_id: Option<Uuid>,
    /// On this site.
    pub site_id: Option<Uuid>,
    /// Current, or ended after this time.
    pub since: Option<Instant>,
    /// Begun before this time.
    pub until: Option<Instant>,
}

const FILTER: &str = "($1 is null or space_id = $1) and ($2 is null or site_id = $2) \
                      and ($3 is null or departed_at is null or departed_at > $3) \
                      and ($4 is null or arrived_at < $4)";

/// One page of stays, latest arrival first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &StayFilter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Stay>, sqlx::Error> {
    let query = format!(
        "select to_json(s)::text from stays s where {FILTER} \
          order by arrived_at desc, position desc, ordinal desc limit $5 offset $6"
    );
    let rows: Vec<String> = sqlx::query_scalar(&query)
        .bind(filter.space_id)
        .bind(filter.site_id)
        .bind(filter.since.map(Instant::utc))
        .bind(filter.until.map(Instant::utc))
        .bind(limit)
        .bind(offset)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// The number of stays that match.
pub async fn count(connection: &mut PgConnection, filter: &StayFilter) -> Result<i64, sqlx::Error> {
    let query = format!("select count(*) from stays where {FILTER}");
    sqlx::query_scalar(&query)
        .bind(filter.space_id)
        .bind(filter.site_id)
        .bind(filter.since.map(Instant::utc))
        .bind(filter.until.map(Instant::utc))
        .fetch_one(connection)
        .await
}
