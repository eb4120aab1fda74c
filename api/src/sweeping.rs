//! The removal of sessions, links and passwords that are over, once an hour.

use std::time::Duration;

use parking_commands::accounts::Accounts;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::environment::{Clock, SystemClock};

const PAUSE: Duration = Duration::from_secs(3600);

/// Sweeps until `stop`. Each process does; what one has removed, the others do not find.
pub(crate) async fn sweep(accounts: Accounts, stop: CancellationToken) {
    let sweeping = async {
        loop {
            sleep(PAUSE).await;
            match accounts.sweep(SystemClock.now()).await {
                Ok(swept) => debug!(?swept, "what was over of the accounts is removed"),
                Err(error) => {
                    warn!(%error, "what is over of the accounts was not removed: it is tried again in an hour");
                }
            }
        }
    };
    let _stopped = stop.run_until_cancelled(sweeping).await;
}
