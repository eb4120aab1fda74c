//! The position of a projection, for readers that wait for one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// The position that a projection has reached.
#[derive(Clone, Debug)]
pub struct Progress {
    reached: watch::Receiver<i64>,
    awaited: Arc<Notify>,
}

/// The runner's end: reports the position and learns that a reader waits.
pub(crate) struct Reporter {
    reached: watch::Sender<i64>,
    awaited: Arc<Notify>,
}

impl Reporter {
    pub(crate) fn new() -> (Self, Progress) {
        let (sender, reached) = watch::channel(0);
        let awaited = Arc::new(Notify::new());
        (Self { reached: sender, awaited: awaited.clone() }, Progress { reached, awaited })
    }

    /// The position that the runner has reached.
    pub(crate) fn reached(&self) -> &watch::Sender<i64> {
        &self.reached
    }

    /// Returns when a reader waits for a position, or has started to wait since the last return.
    pub(crate) async fn awaited(&self) {
        self.awaited.notified().await;
    }
}

impl Progress {
    /// The position reached.
    pub fn position(&self) -> i64 {
        *self.reached.borrow()
    }

    /// Notifies of every advance from the current position on.
    pub fn news(&self) -> watch::Receiver<i64> {
        let mut news = self.reached.clone();
        news.mark_unchanged();
        news
    }

    /// Waits until the projection has reached `position`; false if it has not after `patience`. A lingering runner
    /// reads at once.
    pub async fn wait_for(&self, position: i64, patience: Duration) -> bool {
        if self.position() < position {
            self.awaited.notify_one();
        }
        let mut receiver = self.reached.clone();
        let reached = receiver.wait_for(|reached| *reached >= position);
        matches!(timeout(patience, reached).await, Ok(Ok(_)))
    }
}
