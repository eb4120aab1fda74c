//! Streams in memory, as the last command left them: one memory of each kind of aggregate in a process.
//!
//! A command takes its stream out while it works on it, so one that fails or is dropped half-way leaves nothing behind.
//! What is remembered may be out of date, because other processes append too: an append notices.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use parking_domain::aggregate::Decider;

use crate::store::LogContext;

/// Parts with a lock of their own, so that commands seldom wait for each other's look-ups.
const PARTS: usize = 4096;

/// Streams each part keeps: more than its share of ten thousand devices, which never fall evenly.
const STREAMS_PER_PART: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not 0");

/// The streams of one kind of aggregate.
pub(crate) struct Memory<A> {
    parts: Vec<Mutex<LruCache<String, LogContext<A>>>>,
    hasher: RandomState,
}

impl<A: Decider> Memory<A> {
    fn new() -> Self {
        let parts = (0..PARTS).map(|_| Mutex::new(LruCache::new(STREAMS_PER_PART))).collect();
        Self { parts, hasher: RandomState::new() }
    }

    /// Takes a stream out.
    pub(crate) fn take(&self, aggregate_id: &str) -> Option<LogContext<A>> {
        self.part(aggregate_id).pop(aggregate_id)
    }

    /// Puts a stream in.
    pub(crate) fn keep(&self, context: LogContext<A>) {
        self.part(&context.aggregate_id).put(context.aggregate_id.clone(), context);
    }

    fn part(&self, aggregate_id: &str) -> MutexGuard<'_, LruCache<String, LogContext<A>>> {
        let part = self.hasher.hash_one(aggregate_id) % PARTS as u64;
        let part = &self.parts[usize::try_from(part).expect("below PARTS")];
        // Nothing that could panic is done under the lock.
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A memory of whatever kind.
trait Forgetful: Any + Send + Sync {
    fn forget(&self, aggregate_id: &str);
}

impl<A: Decider> Forgetful for Memory<A> {
    fn forget(&self, aggregate_id: &str) {
        self.take(aggregate_id);
    }
}

/// The memories of a process, by the type of their aggregates.
#[derive(Default)]
pub(crate) struct Memories(Mutex<HashMap<&'static str, Arc<dyn Forgetful>>>);

impl Memories {
    /// The memory of a kind of aggregate: the same for all that ask.
    pub(crate) fn of<A: Decider>(&self) -> Arc<Memory<A>> {
        let mut memories = self.lock();
        let memory = memories.entry(A::TYPE).or_insert_with(|| Arc::new(Memory::<A>::new())).clone();
        let memory: Arc<dyn Any + Send + Sync> = memory;
        memory.downcast().expect("a type of aggregate is the name of one type")
    }

    /// Forgets a stream that is appended to without its memory.
    pub(crate) fn forget(&self, aggregate_type: &str, aggregate_id: &str) {
        if let Some(memory) = self.lock().get(aggregate_type) {
            memory.forget(aggregate_id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Arc<dyn Forgetful>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
