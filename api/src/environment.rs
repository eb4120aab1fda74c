//! The only module that reads the clock and draws randomness; all others get both as parameters.

use std::pin::Pin;
use std::time::Duration;

use chrono::Utc;
use parking_commands::ids::Ids;
use parking_commands::randomness::Randomness;
use parking_domain::instant::Instant;
use tokio::time::sleep;
use uuid::Uuid;

pub(crate) use parking_processes::clock::Clock;

/// The longest sleep between two looks at the clock.
const NAP: Duration = Duration::from_secs(10);

/// The machine's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the composition root reads the clock")]
    fn now(&self) -> Instant {
        Instant::at_or_before(Utc::now())
    }

    fn reach(&self, at: Instant) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            while let Ok(left) = (at - self.now()).to_std()
                && !left.is_zero()
            {
                // In steps: the clock may be set, and the machine may have slept.
                sleep(left.min(NAP)).await;
            }
        })
    }
}

/// Version-7 UUIDs from the machine's clock and randomness.
pub(crate) struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the composition root draws randomness")]
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
