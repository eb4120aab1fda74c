//! Buckets of requests: each refills at a constant rate, and a request takes one out (GCRA, the generic cell rate algorithm).

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use parking_domain::instant::Instant;

const SECOND: i64 = 1_000_000;

/// How large a bucket is, and how fast it refills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Requests in a full bucket.
    most: u32,
    /// Microseconds until one request is refilled.
    refill: i64,
}

impl Quota {
    /// So many requests at once, and in each minute.
    pub(crate) const fn per_minute(most: u32) -> Self {
        Self::of(most, most)
    }

    /// `most` requests at once, and `per_minute` in each minute after.
    pub(crate) const fn of(most: u32, per_minute: u32) -> Self {
        let per_minute = if per_minute == 0 { 1 } else { per_minute };
        let refill = 60 * SECOND / per_minute as i64;
        Self { most, refill: if refill == 0 { 1 } else { refill } }
    }

    /// How long an empty bucket takes to be full.
    const fn whole(self) -> i64 {
        self.refill * self.most as i64
    }

    /// Takes a request out of a bucket that is full at this time, if so many stay in it. Returns when it is full then.
    fn give(self, staying: u32, full_at: Option<i64>, now: i64) -> (i64, Result<Allowance, Allowance>) {
        // Also after the clock was set back, and after the quota has shrunk, a bucket is full after its usual time.
        let full_at = full_at.map_or(now, |at| at.clamp(now, now.saturating_add(self.whole())));
        let given = self.whole() - self.refill * i64::from(staying.min(self.most));
        let after = full_at.saturating_add(self.refill);
        let is_allowed = after - now <= given;
        let full_at = if is_allowed { after } else { full_at };
        let left = (given - (full_at - now)).max(0) / self.refill;
        let allowance = Allowance {
            limit: self.most,
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            reset: seconds(full_at - now),
            retry_after: (!is_allowed).then(|| seconds(after - now - given).max(1)),
        };
        (full_at, if is_allowed { Ok(allowance) } else { Err(allowance) })
    }
}

/// What is left in a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests in a full bucket.
    pub limit: u32,
    /// Requests that are left.
    pub remaining: u32,
    /// Seconds until the bucket is full.
    pub reset: u64,
    /// Seconds until the next request is allowed, if this one was not.
    pub retry_after: Option<u64>,
}

/// The buckets of one kind, by key. A bucket that is full again is forgotten; above the limit the one that was used longest
/// ago is.
pub(crate) struct Buckets {
    most: usize,
    hasher: RandomState,
    /// When each bucket is full again, in microseconds. Of a key only a hash is kept, which nobody else can compute.
    full_at: Mutex<LruCache<u64, i64>>,
}

impl Buckets {
    /// At most so many buckets.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, hasher: RandomState::new(), full_at: Mutex::new(LruCache::unbounded()) }
    }

    /// Takes a request out of a bucket: an error if it is empty.
    pub(crate) fn take(&self, key: impl Hash, quota: Quota, now: Instant) -> Result<Allowance, Allowance> {
        self.take_leaving(0, key, quota, now)
    }

    /// Takes a request out of a bucket if so many stay in it, which the allowance does not contain.
    pub(crate) fn take_leaving(
        &self,
        staying: u32,
        key: impl Hash,
        quota: Quota,
        now: Instant,
    ) -> Result<Allowance, Allowance> {
        let key = self.hasher.hash_one(key);
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let (full_at, given) = quota.give(staying, buckets.get(&key).copied(), now.micros());
        buckets.put(key, full_at);
        forget(&mut buckets, self.most, now.micros());
        given
    }

    /// What taking a request out would answer. Nothing is taken.
    pub(crate) fn look(&self, key: impl Hash, quota: Quota, now: Instant) -> Result<Allowance, Allowance> {
        let buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        quota.give(0, buckets.peek(&self.hasher.hash_one(key)).copied(), now.micros()).1
    }

    /// Puts a request back that was taken out.
    pub(crate) fn put_back(&self, key: impl Hash, quota: Quota) {
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.peek_mut(&self.hasher.hash_one(key)) {
            *full_at -= quota.refill;
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Forgets the buckets that nobody would miss, a few at a time: each request adds one at most.
fn forget(buckets: &mut LruCache<u64, i64>, most: usize, now: i64) {
    for _ in 0..2 {
        let is_full = buckets.peek_lru().is_some_and(|(_, full_at)| *full_at <= now);
        if is_full || buckets.len() > most {
            buckets.pop_lru();
        }
    }
}

/// Whole seconds, rounded up.
fn seconds(micros: i64) -> u64 {
    (micros.max(0).unsigned_abs()).div_ceil(SECOND.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Instant {
        Instant::from_micros(1_800_000_000_000_000 + millis * 1000)
    }

    #[test]
    fn a_bucket_gives_what_is_in_it_and_refills_at_its_rate() {
        let (buckets, quota) = (Buckets::new(10), Quota::of(3, 60));
        let take = |millis| buckets.take("key", quota, at(millis));
        let left: Vec<_> = (0..3).map(|_| take(0).unwrap().remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = Allowance { limit: 3, remaining: 0, reset: 3, retry_after: Some(1) };
        assert_eq!(take(0), Err(refused));
        assert_eq!(take(999), Err(Allowance { reset: 3, ..refused }));
        assert_eq!(take(1000).unwrap().remaining, 0);
        assert!(take(1500).is_err());
        assert_eq!(take(60_000).unwrap(), Allowance { limit: 3, remaining: 2, reset: 1, retry_after: None });
        buckets.put_back("key", quota);
        assert_eq!(take(60_000).unwrap().remaining, 2);
    }

    #[test]
    fn a_refused_request_takes_nothing() {
        let (buckets, quota) = (Buckets::new(10), Quota::of(1, 1));
        buckets.take(1, quota, at(0)).unwrap();
        for second in 1..60 {
            let refused = buckets.take(1, quota, at(second * 1000)).unwrap_err();
            assert_eq!(refused.retry_after, Some(60 - second.unsigned_abs()));
        }
        assert!(buckets.take(1, quota, at(60_000)).is_ok());
    }

    #[test]
    fn what_stays_in_a_bucket_is_for_others() {
        let (buckets, quota) = (Buckets::new(10), Quota::of(3, 60));
        let leaving = |staying| buckets.take_leaving(staying, 1, quota, at(0));
        assert_eq!(leaving(2).unwrap().remaining, 0);
        assert_eq!(
            leaving(2).unwrap_err(),
            Allowance { limit: 3, remaining: 0, reset: 1, retry_after: Some(1) }
        );
        assert_eq!(buckets.look(1, quota, at(0)).unwrap().remaining, 1, "nothing is taken");
        assert_eq!(buckets.take(1, quota, at(0)).unwrap().remaining, 1);
        assert!(leaving(9).is_err(), "more than there can be");
        buckets.take(1, quota, at(0)).unwrap();
        assert_eq!(buckets.look(1, quota, at(0)), buckets.take(1, quota, at(0)));
    }

    #[test]
    fn a_clock_that_is_set_back_and_a_quota_that_changes_lock_nobody_out() {
        let (buckets, quota) = (Buckets::new(10), Quota::of(2, 60));
        buckets.take(1, quota, at(3_600_000)).unwrap();
        assert!(buckets.take(1, quota, at(0)).is_err(), "as if it were empty");
        assert!(buckets.take(1, quota, at(1000)).is_ok());
        buckets.take(2, Quota::of(1, 1), at(0)).unwrap();
        assert!(buckets.take(2, Quota::of(60, 3600), at(1000)).is_err(), "as if it were empty");
        assert!(buckets.take(2, Quota::of(60, 3600), at(1020)).is_ok());
        assert!(buckets.take(3, Quota::per_minute(0), at(0)).is_err(), "a limit of none");
        assert!(
            buckets.take(4, Quota::per_minute(u32::MAX), at(0)).is_ok(),
            "more than one in a microsecond"
        );
    }

    #[test]
    fn buckets_stay_bounded_and_are_forgotten_when_they_are_full() {
        let (buckets, quota) = (Buckets::new(100_000), Quota::per_minute(60));
        for key in 0..1_000_000 {
            buckets.take(key, quota, at(0)).unwrap();
        }
        assert_eq!(buckets.len(), 100_000);
        for key in 0..120_000 {
            buckets.take(("another kind", key), quota, at(60_000 + key)).unwrap();
        }
        assert!(buckets.len() < 1100, "{}", buckets.len());
    }
}
