//! Elects one leader among the processes that serve a database.
//!
//! The leader holds a session advisory lock while its connection lives; the others retry until they get it. The lock
//! saves work; correctness does not depend on it: a process that lost it without noticing does no harm.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// The first key of this crate's advisory locks, so that they collide with no other locks.
pub(crate) const LOCK_SPACE: i32 = 0x7072_6f63;

/// How long a process waits before it tries for the lock again.
const POLL: Duration = Duration::from_millis(500);

/// The pause after the lead was lost.
const PAUSE: Duration = Duration::from_millis(250);

/// What the leader does.
pub trait Duty: Send {
    /// Runs until dropped, or until the connection is lost. The connection holds the lock, so a read on it fails once
    /// the lock is lost. Dropping the future must leave nothing half done.
    fn perform(
        &mut self,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<Infallible, sqlx::Error>> + Send;
}

/// Performs the duty whenever this process leads, until stopped.
pub async fn lead(options: PgConnectOptions, mut duty: impl Duty, stop: CancellationToken) {
    while let Some(Err(error)) = stop.run_until_cancelled(hold_lead(&options, &mut duty)).await {
        warn!(%error, "the lead was lost: seeking it again");
        stop.run_until_cancelled(sleep(PAUSE)).await;
    }
}

/// Leads from taking the lock until it is lost.
async fn hold_lead(options: &PgConnectOptions, duty: &mut impl Duty) -> Result<Infallible, sqlx::Error> {
    let mut connection = options.connect().await?;
    while !try_lock(&mut connection, "leader").await? {
        sleep(POLL).await;
    }
    info!("this process leads: it does what is due");
    duty.perform(&mut connection).await
}

/// True if this connection now holds the lock of that name.
pub(crate) async fn try_lock(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
        .bind(LOCK_SPACE)
        .bind(name)
        .fetch_one(connection)
        .await
}
