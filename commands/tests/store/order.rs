//! The order of events, with many writers.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use parking_commands::append::{AppendError, Appended, Expected};
use parking_testkit::{EventLog, Role};

use crate::log::{Log, on_both};
use crate::support::conflict;

const NEW: Expected = Expected::Version(0);

on_both! {
    conformance_09_appends_of_any_version_always_succeed_and_lose_nothing,
    conformance_10_of_concurrent_appends_with_one_expected_version_one_wins,
    conformance_11_of_concurrent_creations_of_one_stream_one_wins,
    conformance_12_appends_to_different_streams_do_not_conflict,
    conformance_34_positions_have_no_gaps_after_conflicts_and_refusals,
    conformance_36_the_events_of_one_append_are_adjacent,
    conformance_37_within_a_stream_the_order_of_positions_is_that_of_sequences,
}

/// Appends to one stream, through each process in turn.
async fn either(log: &impl Log, n: usize, stream: &str, expected: Expected, payload: &str) -> Outcome {
    let append = log.to(stream, expected, &[payload]);
    if n.is_multiple_of(2) { log.commit(append).await } else { log.commit_elsewhere(append).await }
}

type Outcome = Result<Appended, AppendError>;

async fn conformance_09_appends_of_any_version_always_succeed_and_lose_nothing(log: impl Log) {
    let payloads: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let appends = payloads.iter().enumerate().map(|(n, it)| either(&log, n, "a", Expected::Any, it));
    let done = join_all(appends).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let mut stored: Vec<String> = log.stored("a").await.into_iter().map(|(.., payload)| payload).collect();
    stored.sort_by_key(|payload| payload.parse::<u32>().unwrap());
    assert_eq!(stored, payloads, "each once");
    log.assert_whole().await;
}

async fn conformance_10_of_concurrent_appends_with_one_expected_version_one_wins(log: impl Log) {
    for version in 0..10 {
        let appends = (0..20).map(|n| either(&log, n, "a", Expected::Version(version), "{}"));
        let done = join_all(appends).await;
        let (won, lost): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for lost in lost {
            assert_eq!(conflict(lost), version + 1);
        }
    }
    log.assert_whole().await;
}

async fn conformance_11_of_concurrent_creations_of_one_stream_one_wins(log: impl Log) {
    for round in 0..5 {
        let stream = format!("stream {round}");
        let payloads: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let creators = payloads.iter().enumerate().map(|(n, it)| either(&log, n, &stream, NEW, it));
        let done = join_all(creators).await;
        let winners: Vec<usize> = (0..20).filter(|n| done[*n].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{done:?}");
        assert_eq!(log.stored(&stream).await, [(round + 1, 1, winners[0].to_string())]);
        done.into_iter().filter(Result::is_err).for_each(|lost| assert_eq!(conflict(lost), 1));
    }
    log.assert_whole().await;
}

async fn conformance_12_appends_to_different_streams_do_not_conflict(log: impl Log) {
    let names: Vec<String> = (0..600).map(|n| n.to_string()).collect();
    let done = join_all(names.iter().map(|name| log.append(name, NEW, &["{}"]))).await;
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(log.head().await, 600);
    log.assert_whole().await;
}

async fn conformance_34_positions_have_no_gaps_after_conflicts_and_refusals(log: impl Log) {
    let appends = (0..100).map(|n: i64| {
        let (stream, log) = (format!("stream {}", n % 7), &log);
        async move {
            match n % 5 {
                0 => log.append(&stream, Expected::Version(n), &["1", "2"]).await,
                1 => log.append(&stream, Expected::Any, &["1", "not json", "3"]).await,
                _ => log.append(&stream, Expected::Any, &["1", "2", "3"]).await,
            }
        }
    });
    let mut done: Vec<_> = join_all(appends).await.into_iter().flatten().collect();
    done.sort_by_key(|done| done.first_position);
    let mut next = 1;
    for done in &done {
        assert_eq!(done.first_position, next, "each begins right behind the one before");
        next = done.last_position + 1;
    }
    assert!((60..100).contains(&done.len()), "some lost, most won");
    assert_eq!(next - 1, log.head().await, "what was answered is what is there");
    log.assert_whole().await;
}

async fn conformance_36_the_events_of_one_append_are_adjacent(log: impl Log) {
    let appends = (0..100).map(|n| {
        let (a, b) = (format!("a {}", n % 9), format!("b {}", n % 4));
        let parts = vec![
            log.part(&a, Expected::Any, &["1", "2"]),
            log.part(&b, Expected::Any, &["3"]),
            log.part("guard", NEW, &[]),
            log.part("all", Expected::Any, &["4", "5", "6"]),
        ];
        let (append, log) = (log.over(parts), &log);
        async move { if n % 2 == 0 { log.commit(append).await } else { log.commit_elsewhere(append).await } }
    });
    for done in join_all(appends).await {
        let done = done.unwrap();
        assert_eq!(done.last_position - done.first_position, 5);
        assert_eq!(done.versions.len(), 3);
    }
    let rows = log.rows().await;
    assert_eq!(rows.len(), 600);
    for append in rows.chunks(6) {
        assert!(append.iter().all(|row| row.append_id == append[0].append_id), "nothing comes in between");
        let payloads: Vec<&str> = append.iter().map(|row| row.payload.as_str()).collect();
        assert_eq!(payloads, ["1", "2", "3", "4", "5", "6"], "in the order given");
    }
    log.assert_whole().await;
}

async fn conformance_37_within_a_stream_the_order_of_positions_is_that_of_sequences(log: impl Log) {
    let streams: Vec<String> = (0..300).map(|n| (n % 5).to_string()).collect();
    let appends = streams.iter().enumerate().map(|(n, stream)| either(&log, n, stream, Expected::Any, "{}"));
    assert!(join_all(appends).await.iter().all(Result::is_ok));
    let mut last: HashMap<String, i64> = HashMap::new();
    for row in log.rows().await {
        let before = last.insert(row.aggregate_id, row.sequence).unwrap_or(0);
        assert_eq!(row.sequence, before + 1, "position {}", row.position);
    }
    assert_eq!(last.into_values().collect::<Vec<_>>(), [60; 5]);
}

#[tokio::test]
async fn conformance_22_recorded_at_comes_from_the_server_and_rises_with_position() {
    let log = EventLog::create().await;
    let now = "select clock_timestamp()";
    let before: DateTime<Utc> = sqlx::query_scalar(now).fetch_one(&log.pool).await.unwrap();
    let first = log.append("a", NEW, &["1"]).await.unwrap().recorded_at.utc();
    let after: DateTime<Utc> = sqlx::query_scalar(now).fetch_one(&log.pool).await.unwrap();
    assert!(before <= first && first <= after, "{before} {first} {after}");
    // The clock was set back: the head has a later time than the server now returns.
    let owner = log.database.pool(Role::Owner);
    sqlx::query("update log_head set recorded_at = now() + interval '1 hour'").execute(&owner).await.unwrap();
    let ahead = log.append("b", NEW, &["1"]).await.unwrap();
    let next = log.append("c", NEW, &["1"]).await.unwrap();
    assert!(ahead.recorded_at.utc() > after && next.recorded_at > ahead.recorded_at);
    let stored: Vec<DateTime<Utc>> = sqlx::query_scalar("select recorded_at from events order by position")
        .fetch_all(&log.pool)
        .await
        .unwrap();
    assert_eq!(
        stored,
        [first, ahead.recorded_at.utc(), next.recorded_at.utc()],
        "what is answered is what is stored"
    );
}

#[tokio::test]
async fn each_event_of_a_batch_has_a_time_of_its_own() {
    let log = EventLog::create().await;
    let appends = ["a", "b", "c"].map(|stream| log.append(stream, NEW, &["1", "2", "3"]));
    let appended = join_all(appends).await;
    log.append("a", Expected::Any, &["4"]).await.unwrap();
    let stored: Vec<(i64, DateTime<Utc>)> =
        sqlx::query_as("select position, recorded_at from events order by position")
            .fetch_all(&log.pool)
            .await
            .unwrap();
    assert_eq!(stored.len(), 10);
    assert!(stored.windows(2).all(|pair| pair[0].1 < pair[1].1), "{stored:?}");
    for append in appended.into_iter().map(Result::unwrap) {
        let first = (append.first_position, append.recorded_at.utc());
        assert!(stored.contains(&first), "what is answered is what is stored: {first:?} {stored:?}");
    }
    let head: DateTime<Utc> =
        sqlx::query_scalar("select recorded_at from log_head").fetch_one(&log.pool).await.unwrap();
    assert_eq!(Some(head), stored.last().map(|(_, recorded_at)| *recorded_at));
}
