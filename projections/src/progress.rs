//! How far a projection has come, for whoever wants to read what he has written.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// The position a projection has reached.
#[derive(Clone, Debug)]
pub struct Progress(watch::Receiver<i64>);

impl Progress {
    pub(crate) fn new() -> (watch::Sender<i64>, Self) {
        let (sender, receiver) = watch::channel(0);
        (sender, Self(receiver))
    }

    /// The position reached.
    pub fn position(&self) -> i64 {
        *self.0.borrow()
    }

    /// Waits until the projection has reached `position`; false when it has not after `patience`.
    pub async fn wait_for(&self, position: i64, patience: Duration) -> bool {
        let mut receiver = self.0.clone();
        let reached = receiver.wait_for(|reached| *reached >= position);
        matches!(timeout(patience, reached).await, Ok(Ok(_)))
    }
}
