//! The history of changes. Row-level security limits a reader's query to its tenant.

use sqlx::PgConnection;

use super::Entry;
use crate::engine::follower::history::{Cursor, History, Next};
use crate::engine::rows::from_json;
use crate::occupancy::name;

/// The rows of `changes` in order.
#[derive(Debug)]
pub struct ChangeHistory;

impl History for ChangeHistory {
    type Entry = Entry;

    async fn end(connection: &mut PgConnection) -> Result<Cursor, sqlx::Error> {
        Ok(status(connection).await?.0)
    }

    async fn after(
        connection: &mut PgConnection,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Next<Entry>, sqlx::Error> {
        // Read before the rows: those up to this position are committed.
        let (end, deleted_through) = status(connection).await?;
        let of_these_rows = (cursor.version, cursor.generation) == (end.version, end.generation);
        if !of_these_rows || cursor.position < deleted_through {
            return Ok(Next::Resync(end));
        }
        if cursor.position >= end.position {
            return Ok(Next::Entries(Vec::new(), cursor));
        }
        let rows: Vec<String> = sqlx::query_scalar(
            "select to_json(c)::text from \
                    (select * from changes where position > $1 and position <= $2 \
                      order by position fetch first $3 rows with ties) c \
              order by c.position, c.ordinal",
        )
        .bind(cursor.position)
        .bind(end.position)
        .bind(limit)
        .fetch_all(connection)
        .await?;
        let entries = rows.iter().map(|row| from_json(row)).collect::<Result<Vec<Entry>, _>>()?;
        let is_full = i64::try_from(entries.len()).is_ok_and(|read| read >= limit);
        let through = entries.last().filter(|_| is_full).map_or(end.position, |last| last.position);
        Ok(Next::Entries(entries, Cursor { position: through, ..end }))
    }
}

/// The end of the history, and the position up to which rows are deleted.
async fn status(connection: &mut PgConnection) -> Result<(Cursor, i64), sqlx::Error> {
    let (version, generation, position, deleted_through): (i32, i32, i64, i64) = sqlx::query_as(
        "select version, generation, position, public.changes_deleted_through() \
           from projections.checkpoints where projection = $1 and version = $2",
    )
    .bind(name::NAME)
    .bind(name::VERSION)
    .fetch_optional(connection)
    .await?
    .unwrap_or_default();
    Ok((Cursor { version, generation, position }, deleted_through))
}
