//! Questions about the overrides of a tenant's spaces. Whose they are, the connection knows.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{Override, OverrideStatus};
use crate::rows::from_json;

/// Which overrides are wanted. What is given must all hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this space.
    pub space_id: Option<Uuid>,
    /// Of spaces on this site.
    pub site_id: Option<Uuid>,
    /// That have come this far.
    pub status: Option<OverrideStatus>,
}

const FILTER: &str =
    "($1 is null or o.space_id = $1) and ($2 is null or s.site_id = $2) and ($3 is null or o.status = $3)";

/// One page of the overrides, the latest start first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Override>, sqlx::Error> {
    let query = format!(
        "select to_json(o)::text from overrides o left join spaces s using (space_id) where {FILTER} \
          order by o.starts_at desc, o.override_id limit $4 offset $5"
    );
    let rows: Vec<String> = sqlx::query_scalar(&query)
        .bind(filter.space_id)
        .bind(filter.site_id)
        .bind(filter.status.map(OverrideStatus::word))
        .bind(limit)
        .bind(offset)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// How many the filter lets through.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    let query =
        format!("select count(*) from overrides o left join spaces s using (space_id) where {FILTER}");
    sqlx::query_scalar(&query)
        .bind(filter.space_id)
        .bind(filter.site_id)
        .bind(filter.status.map(OverrideStatus::word))
        .fetch_one(connection)
        .await
}

/// An override.
pub async fn get(connection: &mut PgConnection, override_id: Uuid) -> Result<Option<Override>, sqlx::Error> {
    let query = sqlx::query_scalar("select to_json(o)::text from overrides o where override_id = $1");
    let row: Option<String> = query.bind(override_id).fetch_optional(connection).await?;
    row.map(|row| from_json(&row)).transpose()
}

/// The overrides of a space that are not over, the first first.
pub async fn of_space(connection: &mut PgConnection, space_id: Uuid) -> Result<Vec<Override>, sqlx::Error> {
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_json(o)::text from overrides o where space_id = $1 and status in ('set', 'active') \
          order by starts_at, override_id",
    )
    .bind(space_id)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| from_json(row)).collect()
}
