//! The ids of the requests that appended events.

use std::collections::HashMap;

use sqlx::PgConnection;

/// The request ids of the events at these positions, by position. An event that no request with an id appended has none.
/// The connection must be allowed to read the log.
pub async fn of_events(
    connection: &mut PgConnection,
    positions: &[i64],
) -> Result<HashMap<i64, String>, sqlx::Error> {
    let query = "select position, metadata ->> 'request_id' from events \
                  where position = any($1) and metadata ->> 'request_id' is not null";
    let rows: Vec<(i64, String)> = sqlx::query_as(query).bind(positions).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}
