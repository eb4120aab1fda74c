//! How far a projection has come, in the database: taken by one runner, moved by compare-and-set.

use sqlx::{Connection, PgConnection, Postgres, Transaction};

use crate::projection::Projection;

/// Advisory locks of projections and of their rebuilds: the first key of the pair, so that no other use of such locks can
/// meet them.
const LOCK_SPACE: i32 = 0x7072_6f6a;
const REBUILD_LOCK_SPACE: i32 = 0x7265_6275;

/// Advisory locks that every transaction with rows of a projection holds shared, so that a rebuild's last step can keep
/// them away: of the live rows, and of the new ones.
const GATE_SPACE: i32 = 0x6761_7465;
const REBUILD_GATE_SPACE: i32 = 0x6761_7466;

/// The checkpoint in the schema that the connection looks in first.
pub(crate) struct Checkpoint {
    projection: &'static str,
    version: i32,
    lock_space: i32,
    gate_space: i32,
    /// Counts the rebuilds whose rows took the place of the live ones: what is remembered of other rows is worth nothing.
    generation: i32,
}

impl Checkpoint {
    pub(crate) fn of<P: Projection>() -> Self {
        Self {
            projection: P::NAME,
            version: P::VERSION,
            lock_space: LOCK_SPACE,
            gate_space: GATE_SPACE,
            generation: 0,
        }
    }

    pub(crate) fn of_rebuild<P: Projection>() -> Self {
        Self { lock_space: REBUILD_LOCK_SPACE, gate_space: REBUILD_GATE_SPACE, ..Self::of::<P>() }
    }

    /// Begins a transaction that writes rows, in one round trip. It waits here, and holds nothing yet, while a rebuild
    /// corrects the rows.
    pub(crate) async fn begin<'c>(
        &self,
        connection: &'c mut PgConnection,
    ) -> Result<Transaction<'c, Postgres>, sqlx::Error> {
        connection.begin_with(format!("begin; select pg_advisory_xact_lock_shared({})", self.gate())).await
    }

    /// Waits until no transaction writes rows, and keeps new ones away until this one ends.
    pub(crate) async fn close_gate(&self, transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
        let close = format!("select pg_advisory_xact_lock({})", self.gate());
        sqlx::query(&close).execute(transaction).await.map(drop)
    }

    /// The lock's key. The name is one of the program's own: nothing to escape.
    fn gate(&self) -> String {
        format!("{}, hashtext('{}')", self.gate_space, self.projection)
    }

    /// The position reached, and whether this connection now holds the projection's lock.
    pub(crate) async fn claim(&mut self, connection: &mut PgConnection) -> Result<(i64, bool), sqlx::Error> {
        sqlx::query("insert into checkpoints (projection, version) values ($1, $2) on conflict do nothing")
            .bind(self.projection)
            .bind(self.version)
            .execute(&mut *connection)
            .await?;
        // Locked in a statement of its own: the position must be read after the lock is ours.
        let ours: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
            .bind(self.lock_space)
            .bind(format!("{} {}", self.projection, self.version))
            .fetch_one(&mut *connection)
            .await?;
        let (position, generation) = sqlx::query_as(
            "select position, generation from checkpoints where projection = $1 and version = $2",
        )
        .bind(self.projection)
        .bind(self.version)
        .fetch_one(connection)
        .await?;
        self.generation = generation;
        Ok((position, ours))
    }

    /// Moves from `from` to `to`; false when the checkpoint stands elsewhere.
    pub(crate) async fn advance(
        &self,
        connection: &mut PgConnection,
        from: i64,
        to: i64,
    ) -> Result<bool, sqlx::Error> {
        let moved = sqlx::query(
            "update checkpoints \
                set position = $4, status = 'running', failure = null, updated_at = clock_timestamp() \
              where projection = $1 and version = $2 and position = $3 and generation = $5",
        )
        .bind(self.projection)
        .bind(self.version)
        .bind(from)
        .bind(to)
        .bind(self.generation)
        .execute(connection)
        .await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Says for all to see that the projection stands still, and why, if it still stands at `position`.
    pub(crate) async fn stop(
        &self,
        connection: &mut PgConnection,
        position: i64,
        failure: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update checkpoints set status = 'stopped', failure = $3, updated_at = clock_timestamp() \
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

    pub(crate) async fn note_dead_letter(
        &self,
        connection: &mut PgConnection,
        position: i64,
        failure: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into dead_letters (projection, version, position, failure) values ($1, $2, $3, $4) \
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
