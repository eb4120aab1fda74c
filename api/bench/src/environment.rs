//! The only place here that reads the clock and draws randomness; everything else is given both.

use chrono::{DateTime, Utc};
use parking_commands::ids::Ids;
use uuid::Uuid;

/// Now, by the machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A seed that differs from run to run; whoever uses it prints it.
pub(crate) fn fresh_seed() -> u64 {
    u64::from(now().timestamp_subsec_nanos())
}

/// Version-7 UUIDs, as the server draws them.
pub(crate) struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is where randomness comes from")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
