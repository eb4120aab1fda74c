//! The only module here that reads the clock and draws randomness; all others get both as parameters.

use chrono::Utc;
use parking_commands::ids::Ids;
use parking_domain::instant::Instant;
use uuid::Uuid;

/// The current time.
#[expect(clippy::disallowed_methods, reason = "the only reader of the clock")]
pub(crate) fn now() -> Instant {
    Instant::at_or_before(Utc::now())
}

/// A seed that differs from run to run; the caller prints it.
pub(crate) fn fresh_seed() -> u64 {
    now().micros().unsigned_abs() % 1_000_000
}

/// Version-7 UUIDs, as the server draws them.
pub(crate) struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the only source of randomness")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
