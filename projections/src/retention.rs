//! How long rows of read models are kept that would grow for ever. The log keeps everything; what is cleaned away stays away,
//! in a rebuild too.
//!
//! The horizon is written down before the first row goes. Whoever compares rows with the log looks at what is younger, and
//! there the promise holds that rows made anew are the same.

use parking_domain::instant::Instant;
use sqlx::PgConnection;

/// Rows taken away at once: few enough that nobody waits for their locks.
const CHUNK: i64 = 5_000;

/// Takes away what devices reported before a time; how many rows that were. `connection` is a projector's.
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

/// The condition under which a row of the table is young enough to be compared.
pub(crate) async fn comparable(connection: &mut PgConnection, table: &str) -> Result<String, sqlx::Error> {
    let condition: Option<String> = sqlx::query_scalar(
        "select format('t.%I >= %L::timestamptz', age, horizon) from ops.retention where table_name = $1",
    )
    .bind(table)
    .fetch_optional(connection)
    .await?;
    Ok(condition.unwrap_or_else(|| "true".to_owned()))
}
