//! Signals runners that the log has grown, and followers that a history has: directly from this process's writer, by
//! NOTIFY from other processes.
//!
//! A signal only means "look"; a runner or a follower without signals polls.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// The channel that `append_events` notifies, once for each batch.
const CHANNEL: &str = "events_appended";

/// The pause before listening is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Signals new events from the local writer or the database, until stopped.
pub async fn listen(
    options: PgConnectOptions,
    mut local: watch::Receiver<i64>,
    signal: watch::Sender<()>,
    stop: CancellationToken,
) {
    let remote = relay_all(&options, CHANNEL, &signal);
    let local = async {
        while local.changed().await.is_ok() {
            signal.send_replace(());
        }
        // The writer has stopped; other processes may go on.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = local => {}
        () = remote => {}
    }
}

/// Signals the notifications of a channel, until stopped.
pub async fn listen_to(
    channel: &'static str,
    options: PgConnectOptions,
    signal: watch::Sender<()>,
    stop: CancellationToken,
) {
    stop.run_until_cancelled(relay_all(&options, channel, &signal)).await;
}

/// Relays notifications through lost connections. Never returns.
async fn relay_all(options: &PgConnectOptions, channel: &str, signal: &watch::Sender<()>) {
    loop {
        if let Err(error) = relay(options, channel, signal).await {
            debug!(%error, channel, "listening failed: polling until it works again");
        }
        sleep(RETRY_PAUSE).await;
    }
}

async fn relay(
    options: &PgConnectOptions,
    channel: &str,
    signal: &watch::Sender<()>,
) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(channel).await?;
    // What was notified before is looked at now.
    signal.send_replace(());
    loop {
        listener.recv().await?;
        signal.send_replace(());
    }
}
