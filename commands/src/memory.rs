//! Streams in memory as the last command left them; the least recently used are evicted when the budget is exceeded.
//!
//! A command takes its stream out of memory while it runs, so a command that fails or is dropped leaves no partial
//! state. A cached stream may be outdated because other processes append too; the append detects this.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use parking_domain::aggregate::Decider;

use crate::snapshots::{SET, Snapshots, WORTH_SAVING};
use crate::store::{LogContext, Stream};

/// The default budget for the streams of a process, in bytes: some hundred thousand devices.
pub const DEFAULT_BUDGET: usize = 256 * 1024 * 1024;

/// The overhead of a cached stream, in bytes, besides its state and its name, which is stored twice.
const OVERHEAD: usize = 256;

type Name = (&'static str, String);

/// The cached streams of a process, of all aggregate types.
pub struct Memory {
    budget: usize,
    snapshots: Snapshots,
    held: Mutex<CachedStreams>,
}

struct CachedStreams {
    streams: LruCache<Name, Entry>,
    weight: usize,
}

struct Entry {
    stream: Box<dyn Stream>,
    weight: usize,
}

impl CachedStreams {
    fn remove(&mut self, name: &Name) -> Option<Box<dyn Stream>> {
        let Entry { stream, weight } = self.streams.pop(name)?;
        self.weight -= weight;
        Some(stream)
    }
}

impl Memory {
    /// A memory with a budget in bytes. Evicted streams are offered to `snapshots`.
    pub(crate) fn new(budget: usize, snapshots: Snapshots) -> Self {
        Self {
            budget,
            snapshots,
            held: Mutex::new(CachedStreams { streams: LruCache::unbounded(), weight: 0 }),
        }
    }

    /// Takes a stream out.
    pub(crate) fn take<A: Decider>(&self, aggregate_id: &str) -> Option<LogContext<A>> {
        let stream = self.lock().remove(&(A::TYPE, aggregate_id.to_owned()))?;
        stream.into_any().downcast().ok().map(|context| *context)
    }

    /// Puts a stream in and evicts the least recently used ones while the budget is exceeded, except the one put in.
    pub(crate) fn keep<A: Decider>(&self, context: LogContext<A>) {
        let name = (A::TYPE, context.aggregate_id.clone());
        let weight = context.aggregate.weight() + 2 * context.aggregate_id.len() + OVERHEAD;
        let mut evicted = Vec::new();
        let mut held = self.lock();
        held.remove(&name);
        held.streams.put(name, Entry { stream: Box::new(context), weight });
        held.weight += weight;
        while held.weight > self.budget
            && held.streams.len() > 1
            && let Some((_, entry)) = held.streams.pop_lru()
        {
            held.weight -= entry.weight;
            evicted.push(entry.stream);
        }
        drop(held);
        for stream in &mut evicted {
            stream.offer_snapshot(&self.snapshots);
        }
    }

    /// Saves the streams that are ahead of their snapshots, the furthest ahead first; returns how many. It may be
    /// cancelled at any time.
    pub(crate) async fn save_all(&self) -> Result<usize, sqlx::Error> {
        let mut ahead: Vec<(i64, Name)> = {
            let held = self.lock();
            let ahead = held.streams.iter().map(|(name, entry)| (entry.stream.unsaved_events(), name));
            ahead.filter(|(unsaved, _)| *unsaved >= WORTH_SAVING).map(|(n, name)| (n, name.clone())).collect()
        };
        ahead.sort_unstable_by(|one, other| other.cmp(one));
        for set in ahead.chunks(SET) {
            let snapshots: Vec<_> = {
                let mut held = self.lock();
                set.iter().filter_map(|(_, name)| held.streams.peek_mut(name)?.stream.snapshot()).collect()
            };
            self.snapshots.save(&snapshots).await?;
        }
        Ok(ahead.len())
    }

    /// The number of cached streams and their total size in bytes.
    pub fn size(&self) -> (usize, usize) {
        let held = self.lock();
        (held.streams.len(), held.weight)
    }

    fn lock(&self) -> MutexGuard<'_, CachedStreams> {
        // Each operation under the lock either completes or panics before it changes anything.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use parking_domain::uplinks::Uplinks;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn weigh(memory: &Memory) -> (usize, usize) {
        let held = memory.lock();
        let each = held.streams.iter().map(|(_, entry)| entry.weight);
        (each.clone().sum(), each.max().unwrap_or_default())
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(9),
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_budget_holds_unless_one_stream_exceeds_it(
            budget in 0..20_000_usize,
            uses in vec((0..40_usize, 0..3000_usize, any::<bool>()), 1..200),
        ) {
            let memory = Memory::new(budget, Snapshots::off());
            for (n, length, kept) in uses {
                let id = format!("{n} {}", "x".repeat(length * (n % 2)));
                let taken = memory.take::<Uplinks>(&id);
                if let (None, true) = (taken, kept) {
                    memory.keep(LogContext::<Uplinks>::empty(&id));
                    prop_assert!(memory.take::<Uplinks>(&id).is_some(), "the stream put in is not evicted");
                    memory.keep(LogContext::<Uplinks>::empty(&id));
                }
                let (weight, heaviest) = weigh(&memory);
                prop_assert_eq!(memory.size().1, weight);
                prop_assert!(weight <= budget.max(heaviest), "{} in {}", weight, budget);
            }
        }
    }

    #[test]
    fn the_least_recently_used_stream_is_evicted_first() {
        let one = {
            let memory = Memory::new(usize::MAX, Snapshots::off());
            memory.keep(LogContext::<Uplinks>::empty("a"));
            memory.size().1
        };
        let memory = Memory::new(2 * one, Snapshots::off());
        for id in ["a", "b", "a", "c"] {
            let context = memory.take(id).unwrap_or_else(|| LogContext::<Uplinks>::empty(id));
            memory.keep(context);
        }
        assert!(memory.take::<Uplinks>("b").is_none());
        assert!(memory.take::<Uplinks>("a").is_some() && memory.take::<Uplinks>("c").is_some());
        assert_eq!(memory.size(), (0, 0));
    }
}
