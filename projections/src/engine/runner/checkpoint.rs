//! The checkpoint of a projection in the database: claimed by one runner, moved by compare-and-set.

use sqlx::{Connection, PgConnection, Postgres, Transaction};

use crate::engine::exceptions::HeldStream;
use crate::engine::projection::Projection;
use crate::engine::skips::Skip;

/// The first key of the advisory locks of projections and of their rebuilds, so that they collide with no other locks.
const LOCK_SPACE: i32 = 0x7072_6f6a;
const REBUILD_LOCK_SPACE: i32 = 0x7265_6275;

/// The first key of the advisory locks that every transaction with rows of a projection holds shared, so that a
/// rebuild's last step can exclude them: for live rows and for new ones.
const GATE_SPACE: i32 = 0x6761_7465;
const REBUILD_GATE_SPACE: i32 = 0x6761_7466;

/// The checkpoint in the first schema of the search path.
pub(crate) struct Checkpoint {
    projection: &'static str,
    version: i32,
    lock_space: i32,
    gate_space: i32,
    /// Counts the rebuilds that replaced the live rows: memory of an older generation is invalid.
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

    /// Begins a transaction that writes rows, in one round trip. While a rebuild corrects the rows it waits here,
    /// before it holds any lock.
    pub(crate) async fn begin<'c>(
        &self,
        connection: &'c mut PgConnection,
    ) -> Result<Transaction<'c, Postgres>, sqlx::Error> {
        connection.begin_with(format!("begin; select pg_advisory_xact_lock_shared({})", self.gate())).await
    }

    /// Waits until no transaction writes rows, and blocks new ones until this transaction ends.
    pub(crate) async fn close_gate(&self, transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
        let close = format!("select pg_advisory_xact_lock({})", self.gate());
        sqlx::query(&close).execute(transaction).await.map(drop)
    }

    /// The lock's key. The name is a constant, so it needs no escaping.
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
        // Locked in a statement of its own: the position must be read after the lock is taken.
        let ours: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
            .bind(self.lock_space)
            .bind(format!("{} {}", self.projection, self.version))
            .fetch_one(&mut *connection)
            .await?;
        if ours {
            self.retry(connection).await?;
        }
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

    /// Sets a stopped projection to running. Until its next stop no event is skipped, so the skips read after this are
    /// complete.
    pub(crate) async fn retry(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update checkpoints set status = 'retrying' \
              where projection = $1 and version = $2 and status = 'stopped'",
        )
        .bind(self.projection)
        .bind(self.version)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// True while the projection is stopped and no retry was requested.
    pub(crate) async fn is_stopped(&self, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(
            "select exists (select from checkpoints where projection = $1 and version = $2 and status = 'stopped')",
        )
        .bind(self.projection)
        .bind(self.version)
        .fetch_one(connection)
        .await
    }

    /// Moves from `from` to `to`; false if the checkpoint is elsewhere, or another runner has stopped it.
    pub(crate) async fn advance(
        &self,
        connection: &mut PgConnection,
        from: i64,
        to: i64,
    ) -> Result<bool, sqlx::Error> {
        let moved = sqlx::query(
            "update checkpoints \
                set position = $4, status = 'running', failure = null, stopped_at = null, \
                    updated_at = clock_timestamp() \
              where projection = $1 and version = $2 and position = $3 and generation = $5 \
                and status <> 'stopped'",
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

    /// Marks the projection as stopped, with the cause, if it is still at `position`. `before` is the poison event.
    pub(crate) async fn stop(
        &self,
        connection: &mut PgConnection,
        position: i64,
        before: Option<i64>,
        failure: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update checkpoints \
                set status = 'stopped', failure = $3, stopped_at = $5, updated_at = clock_timestamp() \
              where projection = $1 and version = $2 and position = $4 and generation = $6",
        )
        .bind(self.projection)
        .bind(self.version)
        .bind(failure)
        .bind(position)
        .bind(before)
        .bind(self.generation)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Stores skipped events and newly held-back streams.
    pub(crate) async fn note_exceptions(
        &self,
        connection: &mut PgConnection,
        skipped: &[Skip],
        held: &[HeldStream],
    ) -> Result<(), sqlx::Error> {
        for Skip { position, reason, .. } in skipped {
            sqlx::query(
                "insert into skipped_events (projection, version, position, reason) values ($1, $2, $3, $4)",
            )
            .bind(self.projection)
            .bind(self.version)
            .bind(position)
            .bind(reason)
            .execute(&mut *connection)
            .await?;
        }
        for HeldStream { aggregate_type, aggregate_id, tenant_id, position, cause, failure, .. } in held {
            sqlx::query(
                "insert into held_streams (projection, version, aggregate_type, aggregate_id, tenant_id, position, \
                                           cause, failure) values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(self.projection)
            .bind(self.version)
            .bind(aggregate_type)
            .bind(aggregate_id)
            .bind(tenant_id)
            .bind(position)
            .bind(cause)
            .bind(failure)
            .execute(&mut *connection)
            .await?;
        }
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
