//! A stream whatever its aggregate: for what treats all kinds alike, the memory and the making of missing snapshots.

use std::any::Any;

use parking_domain::aggregate::Decider;
use parking_domain::upcast::Upcasters;

use super::load::{self, Stored};
use super::{LoadError, LogContext};
use crate::snapshots::{Snapshot, Snapshots};

/// A stream as it was folded so far.
pub(crate) trait Stream: Any + Send {
    /// Takes the next event.
    fn take(&mut self, upcasters: &Upcasters, event: &Stored) -> Result<(), LoadError>;

    /// How many events were taken.
    fn version(&self) -> i64;

    /// How many events it is ahead of its last snapshot.
    fn behind(&self) -> i64;

    /// What its state weighs, in bytes.
    fn weight(&self) -> usize;

    /// Its state as a snapshot, which is then its last one.
    fn snapshot(&mut self) -> Option<Snapshot>;

    /// Offers its state before it leaves the memory.
    fn leave(&mut self, snapshots: &Snapshots);

    /// The stream as what it is.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<A: Decider> Stream for LogContext<A> {
    fn take(&mut self, upcasters: &Upcasters, event: &Stored) -> Result<(), LoadError> {
        load::take(self, upcasters, event)
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn behind(&self) -> i64 {
        self.version - self.saved
    }

    fn weight(&self) -> usize {
        self.aggregate.weight()
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        self.saved = self.version;
        Snapshot::of(self)
    }

    fn leave(&mut self, snapshots: &Snapshots) {
        snapshots.offer_last(self);
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
