//! The only place here that reads the clock and draws randomness; everything else is given both.

use chrono::{DateTime, Utc};

/// Now, by the machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A seed that differs from run to run; whoever uses it prints it.
pub(crate) fn fresh_seed() -> u64 {
    u64::from(now().timestamp_subsec_nanos())
}
