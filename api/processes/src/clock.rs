//! The clock of the processes.

use parking_domain::instant::Instant;
use std::future::Future;
use std::pin::Pin;

/// Reads the time and waits for one.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Instant;

    /// Returns when this clock shows at least this time. A clock that is set meanwhile is followed.
    fn reach(&self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
