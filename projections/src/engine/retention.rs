//! Retention of read models that would grow without limit. The log keeps everything; deleted rows stay deleted, also in
//! a rebuild.
//!
//! The horizon is stored before the first row is deleted. Comparisons of rows with the log cover only younger rows, and
//! those are the same after a rebuild.

use parking_domain::instant::Instant;
use sqlx::PgConnection;

/// Rows deleted at once: few enough that no session waits long for their locks.
const CHUNK: i64 = 5_000;

/// Deletes device reports received before a time; returns the number of rows. `connection` has the role projector.
pub async fn clean_uplinks(connection: &mut PgConnection, before: Instant) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "insert into ops.retention (table_name, age, horizon) values ('uplinks', 'received_at', $1) \
         on conflict (table_name) do update set horizon = greatest(retention.horizon, excluded.horizon)",
    )
    .bind(before.utc())
    .execute(&mut *connection)
    .await?;
    let mut cleaned = 0;
    loop {
        let chunk = sqlx::query(
            "delete from uplinks where position in \
                    (select position from uplinks where received_at < $1 order by received_at limit $2)",
        )
        .bind(before.utc())
        .bind(CHUNK)
        .execute(&mut *connection)
        .await?;
        if chunk.rows_affected() == 0 {
            return Ok(cleaned);
        }
        cleaned += chunk.rows_affected();
    }
}

/// The SQL condition that a row of the table is young enough to be compared.
pub(crate) async fn comparable(connection: &mut PgConnection, table: &str) -> Result<String, sqlx::Error> {
    let condition: Option<String> = sqlx::query_scalar(
        "select format('t.%I >= %L::timestamptz', age, horizon) from ops.retention where table_name = $1",
    )
    .bind(table)
    .fetch_optional(connection)
    .await?;
    Ok(condition.unwrap_or_else(|| "true".to_owned()))
}
