//! Tells the runners that the log has grown: by the writer of this process at once, by NOTIFY for other processes.
//!
//! Neither is needed for correctness: a runner that hears nothing polls.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::debug;

/// The channel `append_events` notifies, once a batch, with the new head.
const CHANNEL: &str = "events_appended";

/// The pause before listening is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Passes on every new head that either the local writer or the database tells of, until stopped.
pub async fn listen(
    options: PgConnectOptions,
    mut local: watch::Receiver<i64>,
    heads: watch::Sender<i64>,
    stop: CancellationToken,
) {
    let raise = |head: i64| {
        heads.send_if_modified(|known| std::mem::replace(known, head.max(*known)) < head);
    };
    let remote = async {
        loop {
            if let Err(error) = relay(&options, raise).await {
                debug!(%error, "listening for appends failed: polling until it works again");
            }
            sleep(RETRY_PAUSE).await;
        }
    };
    let local = async {
        while local.changed().await.is_ok() {
            raise(*local.borrow_and_update());
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

async fn relay(options: &PgConnectOptions, raise: impl Fn(i64)) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        let notification = listener.recv().await?;
        if let Ok(head) = notification.payload().parse() {
            raise(head);
        }
    }
}
