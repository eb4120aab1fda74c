//! Time, for those who wait for it.

use parking_domain::instant::Instant;
use std::future::Future;
use std::pin::Pin;

/// The time of day, and waiting for it.
pub trait Clock: Send + Sync {
    /// Now, by this clock.
    fn now(&self) -> Instant;

    /// Returns when it is so late by this clock, or was before. A clock that is set meanwhile is followed.
    fn reach(&self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
