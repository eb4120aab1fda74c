//! How far a projection has come, in the database: taken by one runner, moved by compare-and-set.

use sqlx::PgConnection;

use crate::projection::Projection;

/// Advisory locks of projections: the first key of the pair, so that no other use of such locks can meet them.
const LOCK_SPACE: i32 = 0x7072_6f6a;

pub(super) struct Checkpoint {
    projection: &'static str,
    version: i32,
}

impl Checkpoint {
    pub(super) fn of<P: Projection>() -> Self {
        Self { projection: P::NAME, version: P::VERSION }
    }

    /// The position reached, and whether this connection now holds the projection's lock.
    pub(super) async fn claim(&self, connection: &mut PgConnection) -> Result<(i64, bool), sqlx::Error> {
        sqlx::query(
            "insert into projections.checkpoints (projection, version) values ($1, $2) on conflict do nothing",
        )
        .bind(self.projection)
        .bind(self.version)
        .execute(&mut *connection)
        .await?;
        // Locked in a statement of its own: the position must be read after the lock is ours.
        let ours: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
            .bind(LOCK_SPACE)
            .bind(format!("{} {}", self.projection, self.version))
            .fetch_one(&mut *connection)
            .await?;
        let position = sqlx::query_scalar(
            "select position from projections.checkpoints where projection = $1 and version = $2",
        )
        .bind(self.projection)
        .bind(self.version)
        .fetch_one(connection)
        .await?;
        Ok((position, ours))
    }

    /// Moves from `from` to `to`; false when the checkpoint stands elsewhere.
    pub(super) async fn advance(
        &self,
        connection: &mut PgConnection,
        from: i64,
        to: i64,
    ) -> Result<bool, sqlx::Error> {
        let moved = sqlx::query(
            "update projections.checkpoints \
                set position = $4, status = 'running', failure = null, updated_at = clock_timestamp() \
              where projection = $1 and version = $2 and position = $3",
        )
        .bind(self.projection)
        .bind(self.version)
        .bind(from)
        .bind(to)
        .execute(connection)
        .await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Says for all to see that the projection stands still, and why, if it still stands at `position`.
    pub(super) async fn stop(
        &self,
        connection: &mut PgConnection,
        position: i64,
        failure: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update projections.checkpoints set status = 'stopped', failure = $3, updated_at = clock_timestamp() \
              where projection = $1 and version = $2 and position = $4",
        )
        .bind(self.projection)
        .bind(self.version)
        .bind(failure)
        .bind(position)
        .execute(connection)
        .await?;
        Ok(())
    }

    pub(super) async fn note_dead_letter(
        &self,
        connection: &mut PgConnection,
        position: i64,
        failure: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into projections.dead_letters (projection, version, position, failure) values ($1, $2, $3, $4) \
             on conflict (projection, version, position) do update set failure = excluded.failure",
        )
        .bind(self.projection)
        .bind(self.version)
        .bind(position)
        .bind(failure)
        .execute(connection)
        .await?;
        Ok(())
    }
}
