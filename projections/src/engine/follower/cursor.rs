//! A follower's cursor: in the database, held by one process and moved by compare-and-set; or in memory.

use sqlx::PgConnection;

use super::history::{Cursor, History};
use super::{Begin, Follower, Runs};

/// The first key of the advisory locks of followers, so that they collide with no other locks.
const LOCK_SPACE: i32 = 0x666f_6c6c;

/// The cursor of a follower that this process runs.
pub(super) struct HeldCursor {
    follower: &'static str,
    runs: Runs,
    pub(super) at: Cursor,
}

impl HeldCursor {
    /// The cursor, unless another process runs the follower. A follower without one gets it where it begins. `reached` is
    /// where a follower in every process was before.
    pub(super) async fn claim<F: Follower>(
        connection: &mut PgConnection,
        reached: Option<Cursor>,
    ) -> Result<Option<Self>, sqlx::Error> {
        let held = |at| Ok(Some(Self { follower: F::NAME, runs: F::RUNS, at }));
        if F::RUNS == Runs::InEveryProcess {
            return match reached {
                Some(at) => held(at),
                None => held(first::<F>(connection).await?),
            };
        }
        let ours: bool = sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
            .bind(LOCK_SPACE)
            .bind(F::NAME)
            .fetch_one(&mut *connection)
            .await?;
        if !ours {
            return Ok(None);
        }
        let stored: Option<(i32, i32, i64)> =
            sqlx::query_as("select version, generation, position from ops.followers where follower = $1")
                .bind(F::NAME)
                .fetch_optional(&mut *connection)
                .await?;
        if let Some((version, generation, position)) = stored {
            return held(Cursor { version, generation, position });
        }
        let at = first::<F>(connection).await?;
        sqlx::query(
            "insert into ops.followers (follower, version, generation, position) values ($1, $2, $3, $4)",
        )
        .bind(F::NAME)
        .bind(at.version)
        .bind(at.generation)
        .bind(at.position)
        .execute(connection)
        .await?;
        held(at)
    }

    /// Moves the cursor, past `skipped` entries that were not taken; false if another process has moved it.
    pub(super) async fn advance(
        &self,
        connection: &mut PgConnection,
        to: Cursor,
        skipped: i64,
    ) -> Result<bool, sqlx::Error> {
        if self.runs == Runs::InEveryProcess {
            return Ok(true);
        }
        let moved = sqlx::query(
            "update ops.followers \
                set version = $5, generation = $6, position = $7, skipped = skipped + $8, \
                    status = 'running', failure = null, updated_at = clock_timestamp() \
              where follower = $1 and version = $2 and generation = $3 and position = $4",
        )
        .bind(self.follower)
        .bind(self.at.version)
        .bind(self.at.generation)
        .bind(self.at.position)
        .bind(to.version)
        .bind(to.generation)
        .bind(to.position)
        .bind(skipped)
        .execute(connection)
        .await?;
        Ok(moved.rows_affected() == 1)
    }

    /// Marks the follower as stopped, with the cause.
    pub(super) async fn stop(&self, connection: &mut PgConnection, failure: &str) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update ops.followers set status = 'stopped', failure = $3, updated_at = clock_timestamp() \
              where follower = $1 and position = $2 and version = $4 and generation = $5",
        )
        .bind(self.follower)
        .bind(self.at.position)
        .bind(failure)
        .bind(self.at.version)
        .bind(self.at.generation)
        .execute(connection)
        .await
        .map(drop)
    }
}

/// Where a follower begins.
async fn first<F: Follower>(connection: &mut PgConnection) -> Result<Cursor, sqlx::Error> {
    let end = F::History::end(connection).await?;
    Ok(match F::BEGIN {
        Begin::AtTheEnd => end,
        Begin::AtTheStart => Cursor { position: 0, ..end },
    })
}
