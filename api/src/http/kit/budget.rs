//! The budget of unsent answers: how many bytes of large answers the server holds for clients that have not taken them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::http::kit::problem::Problem;

/// Answers up to this size are not counted: the number of connections limits them.
const SMALL: usize = 16 * 1024;

/// The limit for reads, in bytes.
const READS: usize = 256 << 20;

/// The limit for everything else, in bytes: reads alone cannot keep commands from being answered.
const ALL: usize = READS + (64 << 20);

/// Which limit an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Refused beyond the limit for reads.
    Read,
    /// Refused beyond the limit for everything: metrics must be readable while reads are refused.
    Watch,
    /// Never refused, because the command was executed: [`Budget::has_room`] is asked before.
    Done,
}

/// The bytes of unsent answers. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Budget {
    unsent: Arc<AtomicUsize>,
}

impl Budget {
    /// True when a command may be executed: there is room for its answer.
    pub(crate) fn has_room(&self) -> bool {
        self.unsent() < ALL
    }

    /// The bytes counted now.
    pub(crate) fn unsent(&self) -> usize {
        self.unsent.load(Ordering::Relaxed)
    }

    /// The answer, counted until the last of its bytes is dropped; a refusal when there is no room for it.
    ///
    /// Bytes that others hold too are not counted: they take no memory of their own.
    pub(crate) async fn hold(&self, answer: Response, share: Share) -> Response {
        // All answers are in memory: their size is known, and they are read at once.
        let is_large = answer.body().size_hint().exact().is_some_and(|size| size > SMALL as u64);
        if !is_large {
            return answer;
        }
        let (parts, body) = answer.into_parts();
        let Ok(bytes) = to_bytes(body, usize::MAX).await else {
            return Problem::of(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        };
        let body = match bytes.try_into_mut() {
            Ok(own) => match self.take(own.capacity(), share) {
                Some(taken) => Body::from(Bytes::from_owner(Counted { bytes: own, _taken: taken })),
                None => return refuse(),
            },
            Err(shared) => Body::from(shared),
        };
        Response::from_parts(parts, body)
    }

    fn take(&self, bytes: usize, share: Share) -> Option<Taken> {
        let limit = match share {
            Share::Read => READS,
            Share::Watch => ALL,
            Share::Done => usize::MAX,
        };
        let with = |unsent: usize| {
            let sum = unsent.saturating_add(bytes);
            // One answer that is larger than the limit is possible while nothing else is unsent.
            (sum <= limit || unsent == 0).then_some(sum)
        };
        self.unsent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, with).ok()?;
        Some(Taken { budget: self.clone(), bytes })
    }
}

fn refuse() -> Response {
    let detail =
        "too many large answers wait for their clients: ask for less (a smaller page), or again in a moment";
    Problem::unavailable("overloaded", detail).into_response()
}

/// A part of the budget, given back when dropped.
struct Taken {
    budget: Budget,
    bytes: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.budget.unsent.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The bytes of an answer. hyper drops them when the last one is written, or with the connection.
struct Counted<B> {
    bytes: B,
    _taken: Taken,
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Counted<B> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer of this many bytes.
    fn answer(size: usize) -> Response {
        Body::from(vec![b'x'; size]).into_response()
    }

    async fn is_refused(budget: &Budget, share: Share) -> bool {
        let answer = budget.hold(answer(SMALL + 1), share).await;
        answer.extensions().get::<Problem>().is_some_and(|problem| problem.code() == "overloaded")
    }

    #[tokio::test]
    async fn a_large_answer_is_counted_until_the_last_of_its_bytes_is_dropped() {
        let budget = Budget::default();
        let held = budget.hold(answer(100_000), Share::Read).await;
        assert_eq!(held.body().size_hint().exact(), Some(100_000));
        assert_eq!(budget.unsent(), 100_000);
        // The body has ended, and its bytes wait to be written.
        let mut bytes = to_bytes(held.into_body(), usize::MAX).await.expect("a body in memory");
        assert_eq!(bytes, vec![b'x'; 100_000]);
        let written = bytes.split_to(99_999);
        drop(written);
        assert_eq!(budget.unsent(), 100_000);
        drop(bytes);
        assert_eq!(budget.unsent(), 0);
    }

    #[tokio::test]
    async fn an_answer_that_is_never_read_gives_back_what_it_took() {
        let budget = Budget::default();
        drop(budget.hold(answer(100_000), Share::Read).await);
        assert_eq!(budget.unsent(), 0);
    }

    #[tokio::test]
    async fn small_and_shared_answers_are_not_counted() {
        let budget = Budget::default();
        let document = Bytes::from(vec![b'x'; 100_000]);
        let small = budget.hold(answer(SMALL), Share::Read).await;
        let shared = budget.hold(Body::from(document.clone()).into_response(), Share::Read).await;
        assert_eq!(budget.unsent(), 0);
        assert_eq!(small.body().size_hint().exact(), Some(SMALL as u64));
        let shown = to_bytes(shared.into_body(), usize::MAX).await.expect("a body in memory");
        assert_eq!(shown.as_ptr(), document.as_ptr());
    }

    #[tokio::test]
    async fn what_vectors_keep_in_reserve_is_counted_too() {
        let budget = Budget::default();
        let mut long = Vec::with_capacity(200_000);
        long.resize(100_000, b'x');
        let _held = budget.hold(Body::from(long).into_response(), Share::Read).await;
        assert_eq!(budget.unsent(), 200_000);
    }

    #[tokio::test]
    async fn reads_are_refused_first_and_what_was_executed_never() {
        let budget = Budget::default();
        let reads = budget.take(READS, Share::Read).expect("the budget is free");
        assert!(is_refused(&budget, Share::Read).await);
        assert!(!is_refused(&budget, Share::Watch).await && budget.has_room());
        let commands = budget.take(ALL - READS, Share::Done).expect("never refused");
        assert!(is_refused(&budget, Share::Watch).await && !budget.has_room());
        assert!(!is_refused(&budget, Share::Done).await);
        drop((reads, commands));
        assert!(!is_refused(&budget, Share::Read).await && budget.has_room());
        assert_eq!(budget.unsent(), 0);
    }

    #[tokio::test]
    async fn one_answer_may_be_larger_than_the_budget() {
        let budget = Budget::default();
        let huge = budget.take(ALL + 1, Share::Read);
        assert!(huge.is_some() && budget.take(1, Share::Read).is_none());
    }
}
