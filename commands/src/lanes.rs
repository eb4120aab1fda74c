//! Lanes: a process's commands on the same stream run one after the other.
//!
//! A command over several streams takes all of their lanes in the order of their numbers, and never waits for a lane
//! with a lower number than one it holds. This rules out deadlocks.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use parking_domain::aggregate::Decider;
use tokio::sync::{Mutex, MutexGuard};

use crate::append::{Expected, StreamAppend};

/// Far more lanes than concurrent commands: two streams that share a lane wait for each other's commits.
const LANES: usize = 4096;

/// A stream's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StreamName {
    aggregate_type: &'static str,
    aggregate_id: String,
}

impl StreamName {
    /// The stream of an aggregate.
    pub fn of<A: Decider>(aggregate_id: &(impl ToString + ?Sized)) -> Self {
        Self { aggregate_type: A::TYPE, aggregate_id: aggregate_id.to_string() }
    }

    /// The part of an append that names this stream, requires nothing of it and adds nothing to it.
    pub(crate) fn unconditionally(&self) -> StreamAppend {
        StreamAppend {
            aggregate_type: self.aggregate_type.to_owned(),
            aggregate_id: self.aggregate_id.clone(),
            expected: Expected::Any,
            events: Vec::new(),
            claims: Vec::new(),
        }
    }
}

/// All lanes of a process.
pub(crate) struct Lanes {
    lanes: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for Lanes {
    fn default() -> Self {
        let lanes = (0..LANES).map(|_| Mutex::new(())).collect();
        Self { lanes, hasher: RandomState::new() }
    }
}

impl Lanes {
    /// The lane of one stream, for a command on that stream only.
    pub(crate) async fn take_one(&self, aggregate_type: &str, aggregate_id: &str) -> MutexGuard<'_, ()> {
        self.lanes[self.number(aggregate_type, aggregate_id)].lock().await
    }

    /// The lanes of these streams.
    pub(crate) async fn take(&self, streams: &[StreamName]) -> Taken<'_> {
        let numbers = streams.iter().map(|stream| self.number(stream.aggregate_type, &stream.aggregate_id));
        let mut numbers: Vec<usize> = numbers.collect();
        numbers.sort_unstable();
        numbers.dedup();
        let mut taken = BTreeMap::new();
        for number in numbers {
            taken.insert(number, self.lanes[number].lock().await);
        }
        Taken { lanes: self, taken }
    }

    fn number(&self, aggregate_type: &str, aggregate_id: &str) -> usize {
        let hash = self.hasher.hash_one((aggregate_type, aggregate_id));
        usize::try_from(hash % LANES as u64).expect("below LANES")
    }
}

/// The lanes that a command holds; dropping it releases them.
pub(crate) struct Taken<'a> {
    lanes: &'a Lanes,
    taken: BTreeMap<usize, MutexGuard<'a, ()>>,
}

impl Taken<'_> {
    /// Takes one more lane if it is free; true on success. Waiting for it out of order could deadlock.
    pub(crate) fn try_add(&mut self, stream: &StreamName) -> bool {
        let number = self.lanes.number(stream.aggregate_type, &stream.aggregate_id);
        if self.taken.contains_key(&number) {
            return true;
        }
        match self.lanes.lanes[number].try_lock() {
            Ok(lane) => {
                self.taken.insert(number, lane);
                true
            }
            Err(_) => false,
        }
    }
}
