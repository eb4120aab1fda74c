//! The only place that reads the clock and draws randomness; everything else is given both.

use chrono::{DateTime, Utc};
use parking_commands::ids::Ids;
use parking_commands::randomness::Randomness;
use uuid::Uuid;

/// The time of day.
pub(crate) trait Clock: Send + Sync {
    /// Now, by this clock.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's own clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the composition root is where time comes from")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Version-7 UUIDs of the machine's clock and randomness.
pub(crate) struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the composition root is where randomness comes from")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The operating system's randomness.
pub(crate) struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("an operating system without randomness cannot run this");
    }
}
