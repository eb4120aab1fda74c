//! Claims: keys that only one stream may hold at a time, decided together with the append.

use futures_util::future::join_all;
use parking_commands::append::{Append, AppendError, Expected, StreamAppend};
use parking_domain::aggregate::{Claim, ClaimChange};

use crate::log::{Log, on_both};
use crate::support::conflict;

const NEW: Expected = Expected::Version(0);

on_both! {
    a_claim_held_by_another_stream_refuses_the_append_and_names_the_holder,
    a_stream_may_take_a_claim_that_it_holds,
    a_claim_released_by_one_stream_can_be_taken_in_the_same_append,
    releasing_a_claim_that_is_not_held_changes_nothing,
    a_stream_that_names_one_claim_twice_is_refused,
    of_concurrent_appends_for_one_claim_one_wins_and_the_losers_leave_nothing,
    a_conflict_elsewhere_in_the_append_leaves_its_claims_unchanged,
    a_held_claim_elsewhere_in_the_append_leaves_everything_unchanged,
    one_claim_twice_in_one_append_is_refused,
    the_same_key_in_another_scope_is_another_claim,
}

fn claim(key: &str) -> Claim {
    Claim { scope: "name".into(), key: key.into() }
}

fn take(key: &str) -> ClaimChange {
    ClaimChange::Take(claim(key))
}

fn release(key: &str) -> ClaimChange {
    ClaimChange::Release(claim(key))
}

/// One event for the stream, with these claim changes.
fn part(log: &impl Log, stream: &str, expected: Expected, claims: Vec<ClaimChange>) -> StreamAppend {
    StreamAppend { claims, ..log.part(stream, expected, &["{}"]) }
}

fn one(log: &impl Log, stream: &str, claims: Vec<ClaimChange>) -> Append {
    log.over(vec![part(log, stream, Expected::Any, claims)])
}

/// The holder of a name.
async fn holder(log: &impl Log, key: &str) -> Option<String> {
    log.claims().await.remove(&("name".into(), key.into()))
}

fn held_by(key: &str, stream: &str) -> AppendError {
    AppendError::ClaimHeld { claim: claim(key), holder: format!("test {stream}") }
}

async fn a_claim_held_by_another_stream_refuses_the_append_and_names_the_holder(log: impl Log) {
    log.commit(one(&log, "a", vec![take("x")])).await.unwrap();
    assert_eq!(log.commit(one(&log, "b", vec![take("x")])).await, Err(held_by("x", "a")));
    assert_eq!(log.stored("b").await, []);
    log.commit(one(&log, "a", vec![release("x")])).await.unwrap();
    assert_eq!(holder(&log, "x").await, None);
    log.commit(one(&log, "b", vec![take("x")])).await.unwrap();
    assert_eq!(holder(&log, "x").await.as_deref(), Some("test b"));
    log.assert_whole().await;
}

async fn a_stream_may_take_a_claim_that_it_holds(log: impl Log) {
    for _ in 0..2 {
        log.commit(one(&log, "a", vec![take("x")])).await.unwrap();
    }
    assert_eq!(holder(&log, "x").await.as_deref(), Some("test a"));
}

async fn a_claim_released_by_one_stream_can_be_taken_in_the_same_append(log: impl Log) {
    log.commit(one(&log, "a", vec![take("x")])).await.unwrap();
    let hand_over = |from, to, taker_first: bool| {
        let mut parts = vec![
            part(&log, from, Expected::Exists, vec![release("x")]),
            part(&log, to, Expected::Any, vec![take("x")]),
        ];
        if taker_first {
            parts.reverse();
        }
        log.over(parts)
    };
    for (from, to, taker_first) in [("a", "b", false), ("b", "a", true)] {
        log.commit(hand_over(from, to, taker_first)).await.unwrap();
        assert_eq!(holder(&log, "x").await, Some(format!("test {to}")));
    }
    // Only the holder can release it.
    let stolen = log.commit(hand_over("b", "c", false)).await;
    assert_eq!(stolen, Err(held_by("x", "a")));
    log.assert_whole().await;
}

async fn releasing_a_claim_that_is_not_held_changes_nothing(log: impl Log) {
    log.commit(one(&log, "a", vec![take("x")])).await.unwrap();
    log.commit(one(&log, "b", vec![release("x"), release("never taken")])).await.unwrap();
    assert_eq!(holder(&log, "x").await.as_deref(), Some("test a"));
    assert_eq!(log.stored("b").await.len(), 1);
}

async fn a_stream_that_names_one_claim_twice_is_refused(log: impl Log) {
    for changes in
        [vec![release("x"), take("x")], vec![take("x"), take("x")], vec![release("x"), release("x")]]
    {
        assert_eq!(log.commit(one(&log, "a", changes)).await, Err(AppendError::Malformed));
    }
    log.assert_whole().await;
}

async fn of_concurrent_appends_for_one_claim_one_wins_and_the_losers_leave_nothing(log: impl Log) {
    for round in 0..5 {
        let key = format!("key {round}");
        let names: Vec<String> = (0..20).map(|n| format!("{round} {n}")).collect();
        let race =
            names.iter().enumerate().map(|(n, name)| {
                let append = one(&log, name, vec![take(&key)]);
                let log = &log;
                async move {
                    if n % 2 == 0 { log.commit(append).await } else { log.commit_elsewhere(append).await }
                }
            });
        let done = join_all(race).await;
        let winner = done.iter().position(Result::is_ok).unwrap();
        for (name, result) in names.iter().zip(&done).filter(|(name, _)| **name != names[winner]) {
            assert_eq!(*result, Err(held_by(&key, &names[winner])));
            assert_eq!(log.stored(name).await, []);
        }
    }
    assert_eq!(log.head().await, 5);
    log.assert_whole().await;
}

async fn a_conflict_elsewhere_in_the_append_leaves_its_claims_unchanged(log: impl Log) {
    log.commit(one(&log, "a", vec![take("x")])).await.unwrap();
    let append = log.over(vec![
        part(&log, "a", Expected::Any, vec![release("x"), take("y")]),
        part(&log, "b", Expected::Exists, vec![take("x")]),
    ]);
    assert_eq!(conflict(log.commit(append).await), 0);
    assert_eq!(holder(&log, "x").await.as_deref(), Some("test a"));
    assert_eq!(holder(&log, "y").await, None);
    log.assert_whole().await;
}

async fn a_held_claim_elsewhere_in_the_append_leaves_everything_unchanged(log: impl Log) {
    log.commit(one(&log, "a", vec![take("x")])).await.unwrap();
    let append = log.over(vec![part(&log, "b", NEW, vec![take("y")]), part(&log, "c", NEW, vec![take("x")])]);
    assert_eq!(log.commit(append).await, Err(held_by("x", "a")));
    assert_eq!(holder(&log, "y").await, None);
    assert_eq!(log.versions().await.into_keys().collect::<Vec<_>>(), ["a"]);
    log.assert_whole().await;
}

async fn one_claim_twice_in_one_append_is_refused(log: impl Log) {
    let twice = log.over(vec![part(&log, "a", NEW, vec![take("x")]), part(&log, "b", NEW, vec![take("x")])]);
    assert_eq!(log.commit(twice).await, Err(AppendError::Malformed));
}

async fn the_same_key_in_another_scope_is_another_claim(log: impl Log) {
    log.commit(one(&log, "a", vec![take("x")])).await.unwrap();
    let other = ClaimChange::Take(Claim { scope: "slug".into(), key: "x".into() });
    log.commit(one(&log, "b", vec![other])).await.unwrap();
    assert_eq!(log.claims().await.len(), 2);
}
