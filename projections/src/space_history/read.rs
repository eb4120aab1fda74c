//! Queries on a space's past. Row-level security limits every query to the connection's tenant.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Moment;
use crate::rows::from_json;
use crate::spaces::read::AsOf;

/// One page of a space's changes, newest first.
pub async fn list(
    connection: &mut PgConnection,
    space_id: Uuid,
    limit: i64,
    offset: i64,
) -> Result<Vec<Moment>, sqlx::Error> {
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_json(h)::text from space_history h where space_id = $1 \
          order by position desc, ordinal desc limit $2 offset $3",
    )
    .bind(space_id)
    .bind(limit)
    .bind(offset)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// The number of changes.
pub async fn count(connection: &mut PgConnection, space_id: Uuid) -> Result<i64, sqlx::Error> {
    let count = sqlx::query_scalar("select count(*) from space_history where space_id = $1");
    count.bind(space_id).fetch_one(connection).await
}

/// The last change up to a point in the log; none if the space did not exist yet.
pub async fn as_of(
    connection: &mut PgConnection,
    space_id: Uuid,
    as_of: AsOf,
) -> Result<Option<Moment>, sqlx::Error> {
    let through = as_of.through(connection).await?;
    let row: Option<String> = sqlx::query_scalar(
        "select to_json(h)::text from space_history h \
          where space_id = $1 and position <= $2 \
          order by position desc, ordinal desc limit 1",
    )
    .bind(space_id)
    .bind(through)
    .fetch_optional(connection)
    .await?;
    row.map(|row| from_json(&row)).transpose()
}
