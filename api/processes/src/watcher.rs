//! Observes the processes, for metrics.

use std::time::Duration;

use crate::jobs::{Job, Outcome};

/// Receives what the processes do. It must not block.
pub trait Watcher: Send + Sync {
    /// A due change became an event, `late` after its time.
    fn happened(&self, _late: Duration) {}

    /// A job has ended.
    fn job_ended(&self, _job: Job, _outcome: Outcome, _took: Duration) {}
}

/// Ignores everything.
impl Watcher for () {}
