//! The history of changes. Row-level security limits a reader's query to its tenant.

use sqlx::PgConnection;

use super::Entry;
use crate::engine::follower::history::{Cursor, History, Next, nothing_after};
use crate::engine::rows::from_json;
use crate::occupancy::name;

/// The rows of `changes` in order.
#[derive(Debug)]
pub struct ChangeHistory;

impl History for ChangeHistory {
    type Entry = Entry;

    /// Also where the projection is still behind.
    async fn end(connection: &mut PgConnection) -> Result<Cursor, sqlx::Error> {
        let position =
            sqlx::query_scalar("select position from log_head").fetch_one(&mut *connection).await?;
        let generation = status(connection).await?.map_or(0, |(end, _)| end.generation);
        Ok(Cursor { version: name::VERSION, generation, position })
    }

    async fn after(
        connection: &mut PgConnection,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Next<Entry>, sqlx::Error> {
        // Read before the rows: those up to this position are committed.
        let Some((end, _)) = status(connection).await? else {
            return Ok(Next::Entries(Vec::new(), cursor));
        };
        if (cursor.version, cursor.generation) != (end.version, end.generation) {
            return Ok(Next::Resync(end));
        }
        if cursor.position >= end.position {
            return nothing_after::<Self>(connection, cursor).await;
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
        .fetch_all(&mut *connection)
        .await?;
        // Read after the rows: none of those that follow the cursor were deleted before they were read. From 0 on, what is
        // kept follows.
        let deleted_through = status(connection).await?.map_or(0, |(_, deleted)| deleted);
        if cursor.position > 0 && cursor.position < deleted_through {
            return Ok(Next::Resync(end));
        }
        let entries = rows.iter().map(|row| from_json(row)).collect::<Result<Vec<Entry>, _>>()?;
        let is_full = i64::try_from(entries.len()).is_ok_and(|read| read >= limit);
        let through = entries.last().filter(|_| is_full).map_or(end.position, |last| last.position);
        Ok(Next::Entries(entries, Cursor { position: through, ..end }))
    }
}

/// The end of the rows, and the position up to which they are deleted; none before the projection first ran.
async fn status(connection: &mut PgConnection) -> Result<Option<(Cursor, i64)>, sqlx::Error> {
    let row: Option<(i32, i32, i64, i64)> = sqlx::query_as(
        "select version, generation, position, public.changes_deleted_through() \
           from projections.checkpoints where projection = $1 and version = $2",
    )
    .bind(name::NAME)
    .bind(name::VERSION)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(version, generation, position, deleted_through)| {
        (Cursor { version, generation, position }, deleted_through)
    }))
}
