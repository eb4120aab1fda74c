//! Appending: versions, atomicity, neighbours.

use parking_commands::append::{Append, AppendError, Expected, MAX_EVENT_BYTES};
use parking_commands::ids::Ids;
use parking_testkit::{EventLog, Role};

use crate::support::conflict;

const NEW: Expected = Expected::Version(0);

#[tokio::test]
async fn conformance_01_a_new_store_is_empty() {
    let log = EventLog::create().await;
    assert_eq!(log.head().await, 0);
    assert_eq!(log.stored("a").await, []);
}

#[tokio::test]
async fn conformance_02_a_new_stream_starts_at_sequence_1_and_goes_on() {
    let log = EventLog::create().await;
    log.append("a", NEW, &["1"]).await.unwrap();
    log.append("a", Expected::Version(1), &["2", "3"]).await.unwrap();
    let stored = log.stored("a").await;
    assert_eq!(stored, [(1, 1, "1".into()), (2, 2, "2".into()), (3, 3, "3".into())]);
}

#[tokio::test]
async fn conformance_03_the_events_of_one_append_are_consecutive_and_all_or_nothing() {
    let log = EventLog::create().await;
    let done = log.append("a", NEW, &["1", "2", "3"]).await.unwrap();
    assert_eq!((done.first_position, done.last_position, done.versions), (1, 3, vec![3]));
    let refused = log.append("b", NEW, &["1", "not json", "3"]).await;
    assert!(matches!(refused, Err(AppendError::Rejected(_))), "{refused:?}");
    assert_eq!(log.stored("b").await, []);
    log.assert_whole().await;
}

#[tokio::test]
async fn an_append_spans_streams_all_or_nothing() {
    let log = EventLog::create().await;
    log.append("b", NEW, &["1"]).await.unwrap();
    let both = |b| Append {
        append_id: log.ids.next(),
        request: None,
        streams: vec![log.part("a", NEW, &["1", "2"]), log.part("b", b, &["3"])],
    };
    assert_eq!(conflict(log.writer.append(both(NEW)).await), 1);
    assert_eq!(log.stored("a").await, [], "the loser's other stream is untouched");
    let done = log.writer.append(both(Expected::Version(1))).await.unwrap();
    assert_eq!(done.versions, [2, 2]);
    log.assert_whole().await;
}

#[tokio::test]
async fn conformance_05_the_right_expected_version_succeeds() {
    let log = EventLog::create().await;
    for version in 0..5 {
        let done = log.append("a", Expected::Version(version), &["{}"]).await.unwrap();
        assert_eq!(done.versions, [version + 1]);
    }
}

#[tokio::test]
async fn conformance_06_too_low_and_too_high_versions_are_conflicts() {
    let log = EventLog::create().await;
    log.append("a", NEW, &["1", "2"]).await.unwrap();
    for wrong in [1, 3, 100] {
        assert_eq!(conflict(log.append("a", Expected::Version(wrong), &["x"]).await), 2);
    }
    log.assert_whole().await;
}

#[tokio::test]
async fn conformance_07_no_stream_on_an_existing_stream_conflicts() {
    let log = EventLog::create().await;
    log.append("a", NEW, &["1"]).await.unwrap();
    assert_eq!(conflict(log.append("a", NEW, &["1"]).await), 1);
}

#[tokio::test]
async fn conformance_08_stream_exists_on_a_missing_one_conflicts() {
    let log = EventLog::create().await;
    assert_eq!(conflict(log.append("a", Expected::Exists, &["1"]).await), 0);
    log.append("a", NEW, &["1"]).await.unwrap();
    assert_eq!(log.append("a", Expected::Exists, &["2"]).await.unwrap().versions, [2]);
}

#[tokio::test]
async fn conformance_13_the_same_event_id_twice_is_refused_in_any_stream() {
    let log = EventLog::create().await;
    let first = log.to("a", NEW, &["1"]);
    let mut second = log.to("b", NEW, &["2"]);
    second.streams[0].events[0].event_id = first.streams[0].events[0].event_id;
    log.writer.append(first).await.unwrap();
    let refused = log.writer.append(second).await;
    assert!(matches!(refused, Err(AppendError::Rejected(_))), "{refused:?}");
    log.assert_whole().await;
}

#[tokio::test]
async fn conformance_16_a_losing_command_in_a_batch_does_not_fail_its_neighbours() {
    let log = EventLog::create().await;
    log.append("taken", NEW, &["1"]).await.unwrap();
    // Sent without waiting in between, they share batches.
    let (a, lost, bad, b) = tokio::join!(
        log.append("a", NEW, &["1"]),
        log.append("taken", NEW, &["2"]),
        log.append("bad", NEW, &["not json"]),
        log.append("b", NEW, &["1"]),
    );
    assert_eq!(conflict(lost), 1);
    assert!(matches!(bad, Err(AppendError::Rejected(_))));
    a.unwrap();
    b.unwrap();
    assert_eq!(log.head().await, 3);
    log.assert_whole().await;
}

#[tokio::test]
async fn conformance_17_two_commands_for_one_stream_in_one_batch_keep_their_order() {
    let log = EventLog::create().await;
    let (first, second, third) = tokio::join!(
        biased;
        log.append("a", Expected::Any, &["1"]),
        log.append("a", Expected::Any, &["2"]),
        log.append("a", Expected::Version(2), &["3"]),
    );
    let positions = [first, second, third].map(|done| done.unwrap().first_position);
    assert_eq!(positions, [1, 2, 3]);
}

#[tokio::test]
async fn conformance_18_a_condition_on_another_stream_is_checked_and_adds_nothing() {
    let log = EventLog::create().await;
    let guarded = |guard| Append {
        append_id: log.ids.next(),
        request: None,
        streams: vec![log.part("guard", guard, &[]), log.part("a", Expected::Any, &["1"])],
    };
    assert_eq!(conflict(log.writer.append(guarded(Expected::Exists)).await), 0);
    let done = log.writer.append(guarded(NEW)).await.unwrap();
    assert_eq!(done.versions, [1], "only streams that got events have a new version");
    assert_eq!(log.stored("guard").await, []);
}

#[tokio::test]
async fn conformance_19_an_oversized_event_is_refused_and_nothing_is_stored() {
    let log = EventLog::create().await;
    let mut append = log.to("a", NEW, &["1", "2"]);
    append.streams[0].events[1].body = Some(vec![0; MAX_EVENT_BYTES + 1].into());
    assert!(matches!(log.writer.append(append).await, Err(AppendError::TooLarge { .. })));
    assert_eq!(log.head().await, 0);
}

#[tokio::test]
async fn conformance_20_payload_and_body_come_back_byte_for_byte() {
    let log = EventLog::create().await;
    let mebibyte = format!("\"{}\"", "x".repeat(1024 * 1024));
    let payloads = [
        r#"{ "b":1,  "a" : {"nested":[1,2,{"x":null}]} }"#,
        r#"{"text":"ünïcödé \u0000 \ud83d\ude97 🚗"}"#,
        r#"{"a":1,"a":2,"n":1.0e400}"#,
        &mebibyte,
    ];
    let mut append = log.to("a", NEW, &payloads);
    let body: Vec<u8> = (0..=255).collect();
    append.streams[0].events[0].body = Some(body.clone().into());
    log.writer.append(append).await.unwrap();
    let stored: Vec<String> = log.stored("a").await.into_iter().map(|(.., payload)| payload).collect();
    assert_eq!(stored, payloads);
    let bodies: Vec<Option<Vec<u8>>> =
        sqlx::query_scalar("select body from events order by position").fetch_all(&log.pool).await.unwrap();
    assert_eq!(bodies, [Some(body), None, None, None]);
}

#[tokio::test]
async fn conformance_22_recorded_at_never_runs_backwards_with_position() {
    let log = EventLog::create().await;
    log.append("a", NEW, &["1"]).await.unwrap();
    // A clock that was set back: the head remembers a later time than the server now gives.
    let owner = log.database.pool(Role::Owner);
    sqlx::query("update log_head set recorded_at = now() + interval '1 hour'").execute(&owner).await.unwrap();
    let ahead = log.append("b", NEW, &["1"]).await.unwrap();
    let next = log.append("c", NEW, &["1"]).await.unwrap();
    assert!(next.recorded_at >= ahead.recorded_at);
}

#[tokio::test]
async fn an_append_that_adds_nothing_or_names_a_stream_twice_is_refused() {
    let log = EventLog::create().await;
    let nothing = log.to("a", NEW, &[]);
    let twice = Append {
        append_id: log.ids.next(),
        request: None,
        streams: vec![log.part("a", NEW, &["1"]), log.part("a", NEW, &["2"])],
    };
    assert_eq!(log.writer.append(nothing).await, Err(AppendError::Malformed));
    assert_eq!(log.writer.append(twice).await, Err(AppendError::Malformed));
}
