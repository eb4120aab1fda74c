//! Streams in memory, as the last command left them: the least recently used go when they weigh more than the budget.
//!
//! A command takes its stream out while it works on it, so one that fails or is dropped half-way leaves nothing behind.
//! What is remembered may be out of date, because other processes append too: an append notices.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use parking_domain::aggregate::Decider;

use crate::snapshots::{SET, Snapshots, WORTH_SAVING};
use crate::store::{LogContext, Stream};

/// What the streams of a process may weigh, in bytes, where nothing else is said: some hundred thousand devices.
pub const DEFAULT_BUDGET: usize = 256 * 1024 * 1024;

/// What keeping a stream costs besides its state and its name, which is kept twice.
const OVERHEAD: usize = 256;

type Name = (&'static str, String);

/// The streams of a process, whatever their aggregates.
pub struct Memory {
    budget: usize,
    snapshots: Snapshots,
    held: Mutex<Held>,
}

struct Held {
    streams: LruCache<Name, Entry>,
    weight: usize,
}

struct Entry {
    stream: Box<dyn Stream>,
    weight: usize,
}

impl Held {
    fn remove(&mut self, name: &Name) -> Option<Box<dyn Stream>> {
        let Entry { stream, weight } = self.streams.pop(name)?;
        self.weight -= weight;
        Some(stream)
    }
}

impl Memory {
    /// A memory of so many bytes. Streams that leave it are offered to `snapshots`.
    pub(crate) fn new(budget: usize, snapshots: Snapshots) -> Self {
        Self { budget, snapshots, held: Mutex::new(Held { streams: LruCache::unbounded(), weight: 0 }) }
    }

    /// Takes a stream out.
    pub(crate) fn take<A: Decider>(&self, aggregate_id: &str) -> Option<LogContext<A>> {
        let stream = self.lock().remove(&(A::TYPE, aggregate_id.to_owned()))?;
        stream.into_any().downcast().ok().map(|context| *context)
    }

    /// Puts a stream in. What was used least recently leaves until the rest is within the budget; the one put in stays.
    pub(crate) fn keep<A: Decider>(&self, context: LogContext<A>) {
        let name = (A::TYPE, context.aggregate_id.clone());
        let weight = context.aggregate.weight() + 2 * context.aggregate_id.len() + OVERHEAD;
        let mut left = Vec::new();
        let mut held = self.lock();
        held.remove(&name);
        held.streams.put(name, Entry { stream: Box::new(context), weight });
        held.weight += weight;
        while held.weight > self.budget
            && held.streams.len() > 1
            && let Some((_, entry)) = held.streams.pop_lru()
        {
            held.weight -= entry.weight;
            left.push(entry.stream);
        }
        drop(held);
        for stream in &mut left {
            stream.leave(&self.snapshots);
        }
    }

    /// Saves the streams that are ahead of their snapshots, those that are furthest ahead first; how many. It may be given
    /// up at any time.
    pub(crate) async fn save_all(&self) -> Result<usize, sqlx::Error> {
        let mut ahead: Vec<(i64, Name)> = {
            let held = self.lock();
            let ahead = held.streams.iter().map(|(name, entry)| (entry.stream.behind(), name));
            ahead.filter(|(behind, _)| *behind >= WORTH_SAVING).map(|(n, name)| (n, name.clone())).collect()
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

    /// How many streams are in it, and what they weigh together in bytes.
    pub fn size(&self) -> (usize, usize) {
        let held = self.lock();
        (held.streams.len(), held.weight)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // What is done under the lock is done whole or panics before it begins.
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
        fn streams_weigh_no_more_than_the_budget_or_are_one(
            budget in 0..20_000_usize,
            uses in vec((0..40_usize, 0..3000_usize, any::<bool>()), 1..200),
        ) {
            let memory = Memory::new(budget, Snapshots::off());
            for (n, length, kept) in uses {
                let id = format!("{n} {}", "x".repeat(length * (n % 2)));
                let taken = memory.take::<Uplinks>(&id);
                if let (None, true) = (taken, kept) {
                    memory.keep(LogContext::<Uplinks>::empty(&id));
                    prop_assert!(memory.take::<Uplinks>(&id).is_some(), "the one put in stays");
                    memory.keep(LogContext::<Uplinks>::empty(&id));
                }
                let (weight, heaviest) = weigh(&memory);
                prop_assert_eq!(memory.size().1, weight);
                prop_assert!(weight <= budget.max(heaviest), "{} in {}", weight, budget);
            }
        }
    }

    #[test]
    fn the_least_recently_used_leaves_first() {
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
