//! A stream of any aggregate type, for the memory and for the creation of missing snapshots.

use std::any::Any;

use parking_domain::aggregate::Decider;
use parking_domain::upcast::Upcasters;

use super::load::{self, Stored};
use super::{LoadError, LogContext};
use crate::snapshots::{Snapshot, Snapshots};

/// A partially folded stream.
pub(crate) trait Stream: Any + Send {
    /// Applies the next event.
    fn apply_event(&mut self, upcasters: &Upcasters, event: &Stored) -> Result<(), LoadError>;

    /// The number of applied events.
    fn version(&self) -> i64;

    /// The number of events since its last snapshot.
    fn unsaved_events(&self) -> i64;

    /// The size of its state, in bytes.
    fn weight(&self) -> usize;

    /// Its state as a snapshot, which becomes its last one.
    fn snapshot(&mut self) -> Option<Snapshot>;

    /// Offers its state as a snapshot before it is evicted.
    fn offer_snapshot(&mut self, snapshots: &Snapshots);

    /// The stream as its concrete type.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<A: Decider> Stream for LogContext<A> {
    fn apply_event(&mut self, upcasters: &Upcasters, event: &Stored) -> Result<(), LoadError> {
        load::apply_event(self, upcasters, event)
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn unsaved_events(&self) -> i64 {
        self.version - self.saved
    }

    fn weight(&self) -> usize {
        self.aggregate.weight()
    }

    fn snapshot(&mut self) -> Option<Snapshot> {
        self.saved = self.version;
        Snapshot::of(self)
    }

    fn offer_snapshot(&mut self, snapshots: &Snapshots) {
        snapshots.offer_last(self);
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
