//! Retention of read models that would grow without limit. The log keeps everything; deleted rows stay deleted, also in
//! a rebuild.
//!
//! The horizon is stored before the first row is deleted. Comparisons of rows with the log cover only younger rows, and
//! those are the same after a rebuild.

use chrono::{DateTime, TimeDelta, Utc};
use parking_domain::instant::Instant;
use sqlx::PgConnection;

use crate::engine::{feed, rows};

/// Rows deleted at once: few enough that no session waits long for their locks.
const CHUNK: i64 = 5_000;

/// A table whose old rows are deleted, and the column with their age.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    table: &'static str,
    age: &'static str,
}

/// Device reports, by the time of their reception.
pub const UPLINKS: Kept = Kept { table: "uplinks", age: "received_at" };

/// Changes, by the time of their recording.
pub const CHANGES: Kept = Kept { table: "changes", age: "recorded_at" };

/// Devices at spaces, by the time of the event from which on a row holds.
const PLACES: Kept = Kept { table: "device_places", age: "recorded_at" };

/// Deletes rows older than a time; returns their number. `connection` has the role projector.
pub async fn clean(connection: &mut PgConnection, kept: Kept, before: Instant) -> Result<u64, sqlx::Error> {
    raise_horizon(connection, kept, before).await?;
    let Kept { table, age } = kept;
    let chunk = format!(
        "delete from {table} where ctid = any(array( \
           select ctid from {table} where {age} < $1 order by {age} limit $2))"
    );
    in_chunks(connection, &chunk, before).await
}

/// Forgets what devices reported at spaces before a time, except what held at this time; returns the number of deleted
/// rows. Which device was where remains known. `connection` has the role projector.
pub async fn forget_readings(connection: &mut PgConnection, before: Instant) -> Result<u64, sqlx::Error> {
    raise_horizon(connection, PLACES, before).await?;
    let replaced = |reported: &str| {
        format!(
            "select ctid from device_places p \
              where occupancy is not null and recorded_at < $1 and {reported} \
                and exists (select from device_places later \
                             where later.space_id = p.space_id and later.category = p.category \
                               and later.position > p.position and later.recorded_at < $1) \
              order by recorded_at limit $2"
        )
    };
    let unknown = format!(
        "update device_places set occupancy = null where ctid = any(array({}))",
        replaced("not reported")
    );
    in_chunks(connection, &unknown, before).await?;
    let delete = format!("delete from device_places where ctid = any(array({}))", replaced("reported"));
    in_chunks(connection, &delete, before).await
}

async fn raise_horizon(
    connection: &mut PgConnection,
    kept: Kept,
    before: Instant,
) -> Result<(), sqlx::Error> {
    let Kept { table, age } = kept;
    // Every event up to there was recorded before, with a row or without one.
    let through = feed::position_at(connection, before - TimeDelta::microseconds(1))
        .await
        .map_err(feed::FeedError::into_sqlx)?;
    sqlx::query(
        "insert into ops.retention (table_name, age, horizon, through_position) values ($1, $2, $3, $4) \
         on conflict (table_name) do update \
           set horizon = greatest(retention.horizon, excluded.horizon), \
               through_position = greatest(retention.through_position, excluded.through_position)",
    )
    .bind(table)
    .bind(age)
    .bind(before.utc())
    .bind(through)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Runs a statement for [`CHUNK`] rows at a time until it finds none; returns their number.
async fn in_chunks(connection: &mut PgConnection, chunk: &str, before: Instant) -> Result<u64, sqlx::Error> {
    let mut cleaned = 0;
    loop {
        let chunk = sqlx::query(chunk).bind(before.utc()).bind(CHUNK).execute(&mut *connection).await?;
        if chunk.rows_affected() == 0 {
            return Ok(cleaned);
        }
        cleaned += chunk.rows_affected();
    }
}

/// Forgets the requests of commands that changed nothing and were decided before a time; returns their number. The log
/// remembers all others. `connection` has the role projector.
pub async fn forget_requests(connection: &mut PgConnection, before: Instant) -> Result<u64, sqlx::Error> {
    let mut forgotten = 0;
    loop {
        let chunk = sqlx::query_scalar("select forget_requests($1, $2)");
        let chunk: i64 = chunk.bind(before.utc()).bind(CHUNK).fetch_one(&mut *connection).await?;
        forgotten += chunk.unsigned_abs();
        if chunk < CHUNK {
            return Ok(forgotten);
        }
    }
}

/// The time before which rows of a table are deleted.
pub(crate) async fn horizon(
    connection: &mut PgConnection,
    table: &str,
) -> Result<Option<Instant>, sqlx::Error> {
    let horizon = "select horizon from ops.retention where table_name = $1";
    let horizon: Option<DateTime<Utc>> =
        sqlx::query_scalar(horizon).bind(table).fetch_optional(connection).await?;
    horizon.map(rows::instant).transpose()
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
