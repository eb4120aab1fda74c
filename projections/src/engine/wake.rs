//! Signals the runners that the log has grown: directly from this process's writer, by NOTIFY from other processes.
//!
//! A signal only means "look at the log"; a runner without signals polls.

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
    let remote = async {
        loop {
            if let Err(error) = relay(&options, &signal).await {
                debug!(%error, "listening for appends failed: polling until it works again");
            }
            sleep(RETRY_PAUSE).await;
        }
    };
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

async fn relay(options: &PgConnectOptions, signal: &watch::Sender<()>) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        listener.recv().await?;
        signal.send_replace(());
    }
}
