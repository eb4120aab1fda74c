//! A bounded window of recorded keys that tracks which keys it may have dropped.
//!
//! The same report always has the same `time`. The window evicts the key with the earliest `time`, so every evicted key
//! is at or before `forgotten_until`: a key that is not in the window and is later than that is certainly new. For
//! other keys the stream itself must be searched, which happens for old reports.

use serde::{Deserialize, Serialize};

use crate::chirpstack::EventKey;
use crate::instant::Instant;

/// Larger than any run of reports that overtake each other, small enough to keep for every device.
pub(super) const WINDOW: usize = 64;

/// The window's knowledge of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recall {
    /// It was recorded.
    Recorded,
    /// It was never recorded.
    New,
    /// It may have been recorded and evicted.
    Forgotten,
}

/// The keys of the latest reports by `time`; reports without a time are evicted first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct RecentKeys {
    keys: Vec<(Option<Instant>, EventKey)>,
    /// True once a key was evicted.
    forgetful: bool,
    /// The latest time of an evicted key; `None` while only reports without a time were evicted.
    forgotten_until: Option<Instant>,
}

impl RecentKeys {
    /// Whether `key` was recorded, as far as the window shows.
    pub(super) fn recall(&self, key: EventKey, time: Option<Instant>) -> Recall {
        if self.keys.iter().any(|(_, known)| *known == key) {
            Recall::Recorded
        } else if self.forgetful && time <= self.forgotten_until {
            Recall::Forgotten
        } else {
            Recall::New
        }
    }

    /// Its heap allocation, in bytes.
    pub(super) fn heap_bytes(&self) -> usize {
        self.keys.capacity() * size_of::<(Option<Instant>, EventKey)>()
    }

    /// Adds a recorded key and evicts the earliest one if the window is full. It never holds more than [`WINDOW`] keys,
    /// not even temporarily, because a hundred thousand devices have a window each.
    pub(super) fn remember(&mut self, key: EventKey, time: Option<Instant>) {
        if self.keys.len() < WINDOW {
            self.keys.push((time, key));
            return;
        }
        let earliest = self.keys.iter_mut().min_by_key(|(time, _)| *time);
        let forgotten = match earliest {
            Some(earliest) if earliest.0 <= time => std::mem::replace(earliest, (time, key)).0,
            _ => time,
        };
        self.forgetful = true;
        self.forgotten_until = self.forgotten_until.max(forgotten);
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;

    fn key(n: i64) -> EventKey {
        EventKey(Uuid::from_u64_pair(0, n.unsigned_abs()))
    }

    fn at(second: i64) -> Option<Instant> {
        Instant::UNIX_EPOCH.checked_add(TimeDelta::seconds(second))
    }

    fn full() -> RecentKeys {
        let mut keys = RecentKeys::default();
        (0..100).for_each(|n| keys.remember(key(n), at(n)));
        keys
    }

    #[test]
    fn before_anything_is_forgotten_every_unknown_key_is_new() {
        let mut keys = RecentKeys::default();
        keys.remember(key(1), at(1));
        assert_eq!(keys.recall(key(1), at(1)), Recall::Recorded);
        assert_eq!(keys.recall(key(2), at(0)), Recall::New);
        assert_eq!(keys.recall(key(3), None), Recall::New);
    }

    #[test]
    fn an_evicted_key_is_forgotten_and_never_new() {
        let keys = full();
        for n in 0..100 {
            let expected = if n < 36 { Recall::Forgotten } else { Recall::Recorded };
            assert_eq!(keys.recall(key(n), at(n)), expected, "{n}");
        }
        assert_eq!(keys.recall(key(200), at(100)), Recall::New);
        assert_eq!(keys.recall(key(200), at(36)), Recall::New);
        assert_eq!(keys.recall(key(200), None), Recall::Forgotten);
    }

    #[test]
    fn one_report_from_the_future_does_not_evict_the_others() {
        let mut keys = full();
        keys.remember(key(1000), at(1_000_000));
        (100..200).for_each(|n| keys.remember(key(n), at(n)));
        assert_eq!(keys.recall(key(1000), at(1_000_000)), Recall::Recorded);
        assert_eq!(keys.recall(key(201), at(201)), Recall::New);
    }

    #[test]
    fn a_report_without_a_time_never_evicts_one_with_a_time() {
        let mut keys = full();
        (300..400).for_each(|n| keys.remember(key(n), None));
        assert_eq!(keys.recall(key(99), at(99)), Recall::Recorded);
        assert_eq!(keys.recall(key(399), None), Recall::Forgotten);
    }
}
