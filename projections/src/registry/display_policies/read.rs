//! Queries on a tenant's display policies. Row-level security limits every query to the connection's tenant.

use sqlx::PgConnection;
use uuid::Uuid;

use super::DisplayPolicy;
use crate::engine::rows::from_json;

/// One page of policies: the active one, then the others, oldest first.
pub async fn list(
    connection: &mut PgConnection,
    limit: i64,
    offset: i64,
) -> Result<Vec<DisplayPolicy>, sqlx::Error> {
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_json(p)::text from display_policies p \
          order by is_active desc, created_at, policy_id limit $1 offset $2",
    )
    .bind(limit)
    .bind(offset)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// The number of policies.
pub async fn count(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from display_policies").fetch_one(connection).await
}

/// A policy.
pub async fn get(
    connection: &mut PgConnection,
    policy_id: Uuid,
) -> Result<Option<DisplayPolicy>, sqlx::Error> {
    let query = sqlx::query_scalar("select to_json(p)::text from display_policies p where policy_id = $1");
    let row: Option<String> = query.bind(policy_id).fetch_optional(connection).await?;
    row.map(|row| from_json(&row)).transpose()
}

/// The active policy; none if the tenant has none, and the platform's defaults apply.
pub async fn in_force(connection: &mut PgConnection) -> Result<Option<DisplayPolicy>, sqlx::Error> {
    let query = sqlx::query_scalar("select to_json(p)::text from display_policies p where is_active");
    let row: Option<String> = query.fetch_optional(connection).await?;
    row.map(|row| from_json(&row)).transpose()
}
