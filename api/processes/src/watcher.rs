//! Who wants to know what happens here, to count it.

use std::time::Duration;

use crate::jobs::{Job, Outcome};

/// Hears what the processes do. It must not wait.
pub trait Watcher: Send + Sync {
    /// Something due became an event, so long after its time.
    fn happened(&self, _late: Duration) {}

    /// A job has ended.
    fn job_ended(&self, _job: Job, _outcome: Outcome, _took: Duration) {}
}

/// Nobody.
impl Watcher for () {}
