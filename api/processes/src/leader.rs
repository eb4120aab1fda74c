//! One leader among all processes that serve a database.
//!
//! Who leads holds a session advisory lock for as long as its connection lives; the others try again until it is theirs.
//! The lock saves work, and keeps nothing right: one who has lost it and does not know yet does nothing that matters.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Advisory locks of this crate: the first key of the pair, so that no other use of such locks can meet them.
pub(crate) const LOCK_SPACE: i32 = 0x7072_6f63;

/// How long one who does not lead waits before it asks again.
const POLL: Duration = Duration::from_millis(500);

/// The pause before the lead is sought again after it was lost.
const PAUSE: Duration = Duration::from_millis(250);

/// What who leads has to do.
pub trait Duty: Send {
    /// Does it until dropped, or until the connection is gone. The connection holds the lock: what it reads by it, it does
    /// not read when the lock is gone. Dropped half-way it must leave nothing half done.
    fn perform(
        &mut self,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<Infallible, sqlx::Error>> + Send;
}

/// Does the duty whenever this process leads, until stopped.
pub async fn lead(options: PgConnectOptions, mut duty: impl Duty, stop: CancellationToken) {
    while let Some(Err(error)) = stop.run_until_cancelled(tenure(&options, &mut duty)).await {
        warn!(%error, "the lead was lost: seeking it again");
        stop.run_until_cancelled(sleep(PAUSE)).await;
    }
}

/// From taking the lock to losing it.
async fn tenure(options: &PgConnectOptions, duty: &mut impl Duty) -> Result<Infallible, sqlx::Error> {
    let mut connection = options.connect().await?;
    while !try_lock(&mut connection, "leader").await? {
        sleep(POLL).await;
    }
    info!("this process leads: it does what is due");
    duty.perform(&mut connection).await
}

/// True when the lock of that name is now this connection's.
pub(crate) async fn try_lock(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
        .bind(LOCK_SPACE)
        .bind(name)
        .fetch_one(connection)
        .await
}
