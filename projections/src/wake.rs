//! Tells the runners that the log has grown: by the writer of this process at once, by NOTIFY for other processes.
//!
//! A signal says only "look": neither where it came from nor what it brought matters, and a runner that hears nothing
//! polls.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// The channel `append_events` notifies, once a batch.
const CHANNEL: &str = "events_appended";

/// The pause before listening is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Signals whenever the local writer or the database tells of new events, until stopped.
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
