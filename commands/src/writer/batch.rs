//! Selection of the waiting appends for the next round trip.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::pending::Pending;
use crate::append::Append;

/// The maximum number of events per batch; more than about 200 bring no gain.
const MAX_EVENTS: usize = 500;

/// The maximum size of a batch in bytes, so that a few large events do not delay all others.
const MAX_BYTES: usize = 1024 * 1024;

/// The waiting appends, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Batches {
    waiting: VecDeque<Pending>,
}

impl Batches {
    pub(super) fn push(&mut self, pending: Pending) {
        self.waiting.push_back(pending);
    }

    /// False when enough appends wait for the next batch.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MAX_EVENTS
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next batch. No two of its appends share a stream, claim or request, because only separate batches preserve
    /// their order. It has at least one append, whatever its size.
    pub(super) fn take(&mut self) -> Vec<Pending> {
        let (mut batch, mut later) = (Vec::new(), VecDeque::new());
        let mut blocked: HashSet<u64> = HashSet::new();
        let (mut events, mut bytes) = (0, 0);
        while let Some(pending) = self.waiting.pop_front() {
            let (count, size) = (pending.append.event_count(), pending.size);
            let fits = batch.is_empty() || (events + count <= MAX_EVENTS && bytes + size <= MAX_BYTES);
            if !fits {
                later.push_back(pending);
                break;
            }
            // A deferred append blocks its keys too, because later appends must not overtake it.
            let free = pending.conflict_keys.iter().all(|thing| !blocked.contains(thing));
            blocked.extend(&pending.conflict_keys);
            if free {
                events += count;
                bytes += size;
                batch.push(pending);
            } else {
                later.push_back(pending);
            }
        }
        later.append(&mut self.waiting);
        self.waiting = later;
        batch
    }
}

/// The hashes of the streams, claims and request of an append. Two keys with the same hash only delay each other.
pub(super) fn conflict_keys(append: &Append) -> Vec<u64> {
    let hash = |key: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        key(&mut hasher);
        hasher.finish()
    };
    let streams = append.streams.iter();
    let streams = streams.map(|s| hash(&|h| ("stream", &s.aggregate_type, &s.aggregate_id).hash(h)));
    let mut claims: Vec<u64> = append.claims().map(|change| hash(&|h| change.claim().hash(h))).collect();
    claims.sort_unstable();
    claims.dedup();
    let request = append.request.iter().map(|r| hash(&|h| ("request", r.tenant_id, &r.key).hash(h)));
    streams.chain(claims).chain(request).collect()
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use uuid::Uuid;

    use super::*;
    use crate::append::{Expected, NewEvent, StreamAppend};

    fn pending(name: u128, streams: &[&str], size: usize) -> Pending {
        let event = NewEvent {
            event_id: Uuid::nil(),
            tenant_id: None,
            event_type: "Tested".into(),
            event_version: "1".into(),
            payload: "x".repeat(size),
            metadata: String::new(),
            body: None,
        };
        let stream = |id: &&str| StreamAppend {
            aggregate_type: "test".into(),
            aggregate_id: (*id).into(),
            expected: Expected::Any,
            events: vec![event.clone()],
            claims: Vec::new(),
        };
        let streams = streams.iter().map(stream).collect();
        Pending::new(
            Append { append_id: Uuid::from_u128(name), request: None, streams },
            oneshot::channel().0,
            None,
        )
    }

    fn names(batch: &[Pending]) -> Vec<u128> {
        batch.iter().map(|pending| pending.append.append_id.as_u128()).collect()
    }

    #[test]
    fn appends_to_one_stream_keep_their_order_over_batches() {
        let mut batches = Batches::default();
        batches.push(pending(1, &["a"], 1));
        batches.push(pending(2, &["a", "b"], 1));
        batches.push(pending(3, &["b"], 1));
        batches.push(pending(4, &["c"], 1));
        assert_eq!(names(&batches.take()), [1, 4]);
        assert_eq!(names(&batches.take()), [2]);
        assert_eq!(names(&batches.take()), [3]);
        assert!(batches.is_empty());
    }

    #[test]
    fn a_batch_is_bounded_and_never_empty() {
        let mut batches = Batches::default();
        batches.push(pending(1, &["a"], 3 * MAX_BYTES));
        (2..1000).for_each(|n| batches.push(pending(n, &[&n.to_string()], 1)));
        assert_eq!(names(&batches.take()), [1]);
        assert_eq!(batches.take().len(), MAX_EVENTS);
        assert_eq!(batches.take().len(), 498);
        assert!(batches.is_empty());
    }
}
