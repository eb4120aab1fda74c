//! Counters of the writer's work since it started, for monitoring.

use std::sync::atomic::{AtomicU64, Ordering};

use super::call::Verdict;

/// Counters of one writer. They only increase.
#[derive(Debug, Default)]
pub struct Counts {
    batches: AtomicU64,
    appends: AtomicU64,
    conflicts: AtomicU64,
}

impl Counts {
    /// Committed batches.
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// Durable appends.
    pub fn appends(&self) -> u64 {
        self.appends.load(Ordering::Relaxed)
    }

    /// Appends that the log refused because of other appends.
    pub fn conflicts(&self) -> u64 {
        self.conflicts.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, verdicts: &[Verdict]) {
        let appended = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.appends.fetch_add(appended as u64, Ordering::Relaxed);
        self.conflicts.fetch_add((verdicts.len() - appended) as u64, Ordering::Relaxed);
    }
}
