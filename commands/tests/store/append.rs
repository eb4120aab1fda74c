//! Appending: versions, atomicity, independence within a batch.

use parking_commands::append::{AppendError, Expected, MAX_EVENT_BYTES};

use crate::log::{Log, on_both};
use crate::support::conflict;

const NEW: Expected = Expected::Version(0);

on_both! {
    conformance_01_a_new_store_is_empty,
    conformance_02_a_new_stream_starts_at_sequence_1_and_continues,
    conformance_03_the_events_of_one_append_are_consecutive_and_all_or_nothing,
    conformance_04_an_empty_append_is_refused_by_the_writer,
    conformance_05_the_right_expected_version_succeeds,
    conformance_06_too_low_and_too_high_versions_are_conflicts,
    conformance_07_no_stream_on_an_existing_stream_conflicts,
    conformance_08_stream_exists_on_a_missing_one_conflicts,
    conformance_13_the_same_event_id_twice_is_refused_in_any_stream,
    conformance_13_the_same_event_id_twice_in_one_append_is_refused,
    conformance_16_a_losing_command_in_a_batch_does_not_fail_the_others,
    conformance_17_two_commands_for_one_stream_in_one_batch_keep_their_order,
    conformance_18_a_condition_on_another_stream_is_checked_and_adds_nothing,
    conformance_19_an_oversized_event_is_refused_and_nothing_is_stored,
    conformance_20_payload_and_body_are_restored_byte_for_byte,
    an_append_spans_streams_all_or_nothing,
    an_append_that_names_a_stream_twice_is_refused,
    streams_of_two_types_with_one_id_are_distinct,
}

async fn conformance_01_a_new_store_is_empty(log: impl Log) {
    assert_eq!(log.head().await, 0);
    assert_eq!(log.rows().await, []);
    log.assert_whole().await;
}

async fn conformance_02_a_new_stream_starts_at_sequence_1_and_continues(log: impl Log) {
    log.append("a", NEW, &["1"]).await.unwrap();
    log.append("a", Expected::Version(1), &["2", "3"]).await.unwrap();
    let stored = log.stored("a").await;
    assert_eq!(stored, [(1, 1, "1".into()), (2, 2, "2".into()), (3, 3, "3".into())]);
}

async fn conformance_03_the_events_of_one_append_are_consecutive_and_all_or_nothing(log: impl Log) {
    let done = log.append("a", NEW, &["1", "2", "3"]).await.unwrap();
    assert_eq!((done.first_position, done.last_position, done.versions), (1, 3, vec![3]));
    let refused = log.append("b", NEW, &["1", "not json", "3"]).await;
    assert!(matches!(refused, Err(AppendError::Rejected(_))), "{refused:?}");
    assert_eq!(log.stored("b").await, []);
    log.assert_whole().await;
}

async fn conformance_04_an_empty_append_is_refused_by_the_writer(log: impl Log) {
    assert_eq!(log.append("a", NEW, &[]).await, Err(AppendError::Malformed));
    assert_eq!(log.commit(log.over(Vec::new())).await, Err(AppendError::Malformed));
    log.assert_whole().await;
}

async fn conformance_05_the_right_expected_version_succeeds(log: impl Log) {
    for version in 0..5 {
        let done = log.append("a", Expected::Version(version), &["{}"]).await.unwrap();
        assert_eq!(done.versions, [version + 1]);
    }
}

async fn conformance_06_too_low_and_too_high_versions_are_conflicts(log: impl Log) {
    log.append("a", NEW, &["1", "2"]).await.unwrap();
    for wrong in [1, 3, 100, -1, i64::MIN, i64::MAX] {
        assert_eq!(conflict(log.append("a", Expected::Version(wrong), &["0"]).await), 2, "{wrong}");
    }
    assert_eq!(conflict(log.append("b", Expected::Version(1), &["0"]).await), 0);
    log.assert_whole().await;
}

async fn conformance_07_no_stream_on_an_existing_stream_conflicts(log: impl Log) {
    log.append("a", NEW, &["1"]).await.unwrap();
    assert_eq!(conflict(log.append("a", NEW, &["1"]).await), 1);
}

async fn conformance_08_stream_exists_on_a_missing_one_conflicts(log: impl Log) {
    assert_eq!(conflict(log.append("a", Expected::Exists, &["1"]).await), 0);
    log.append("a", NEW, &["1"]).await.unwrap();
    assert_eq!(log.append("a", Expected::Exists, &["2"]).await.unwrap().versions, [2]);
}

async fn conformance_13_the_same_event_id_twice_is_refused_in_any_stream(log: impl Log) {
    let first = log.to("a", NEW, &["1"]);
    for stream in ["a", "b"] {
        let mut second = log.to(stream, Expected::Any, &["2"]);
        second.streams[0].events[0].event_id = first.streams[0].events[0].event_id;
        // Stored in the first round, detected in the second.
        log.commit(first.clone()).await.ok();
        let refused = log.commit(second).await;
        assert!(matches!(refused, Err(AppendError::Rejected(_))), "{refused:?}");
    }
    assert_eq!(log.head().await, 1);
    log.assert_whole().await;
}

async fn conformance_13_the_same_event_id_twice_in_one_append_is_refused(log: impl Log) {
    let mut append = log.over(vec![log.part("a", NEW, &["1"]), log.part("b", NEW, &["2"])]);
    append.streams[1].events[0].event_id = append.streams[0].events[0].event_id;
    let refused = log.commit(append).await;
    assert!(matches!(refused, Err(AppendError::Rejected(_))), "{refused:?}");
    log.assert_whole().await;
}

async fn conformance_16_a_losing_command_in_a_batch_does_not_fail_the_others(log: impl Log) {
    log.append("taken", NEW, &["1"]).await.unwrap();
    // Sent without waiting in between, so that they share batches.
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

async fn conformance_17_two_commands_for_one_stream_in_one_batch_keep_their_order(log: impl Log) {
    let (first, second, third) = tokio::join!(
        biased;
        log.append("a", Expected::Any, &["1"]),
        log.append("a", Expected::Any, &["2"]),
        log.append("a", Expected::Version(2), &["3"]),
    );
    let positions = [first, second, third].map(|done| done.unwrap().first_position);
    assert_eq!(positions, [1, 2, 3]);
}

async fn conformance_18_a_condition_on_another_stream_is_checked_and_adds_nothing(log: impl Log) {
    let guarded = |guard| log.over(vec![log.part("guard", guard, &[]), log.part("a", Expected::Any, &["1"])]);
    assert_eq!(conflict(log.commit(guarded(Expected::Exists)).await), 0);
    let done = log.commit(guarded(NEW)).await.unwrap();
    assert_eq!(done.versions, [1], "only streams that got events have a new version");
    assert_eq!(log.stored("guard").await, []);
    log.assert_whole().await;
}

async fn conformance_19_an_oversized_event_is_refused_and_nothing_is_stored(log: impl Log) {
    let mut append = log.to("a", NEW, &["1", "2"]);
    append.streams[0].events[1].body = Some(vec![0; MAX_EVENT_BYTES + 1].into());
    assert!(matches!(log.commit(append).await, Err(AppendError::TooLarge { .. })));
    assert_eq!(log.head().await, 0);
}

async fn conformance_20_payload_and_body_are_restored_byte_for_byte(log: impl Log) {
    let mebibyte = format!("\"{}\"", "x".repeat(1024 * 1024));
    let payloads = [
        r#"{ "b":1,  "a" : {"nested":[1,2,{"x":null}]} }"#,
        r#"{"text":"ünïcödé \u0000 \ud83d\ude97 🚗"}"#,
        r#"{"a":1,"a":2,"n":1.0e400}"#,
        &mebibyte,
    ];
    let mut append = log.to("ünïcödé 🚗", NEW, &payloads);
    let body: Vec<u8> = (0..=255).collect();
    append.streams[0].events[0].body = Some(body.clone().into());
    log.commit(append).await.unwrap();
    let (stored, bodies): (Vec<_>, Vec<_>) =
        log.rows().await.into_iter().map(|row| (row.payload, row.body)).unzip();
    assert_eq!(stored, payloads);
    assert_eq!(bodies, [Some(body), None, None, None]);
    assert_eq!(log.stored("ünïcödé 🚗").await.len(), 4);
}

async fn an_append_spans_streams_all_or_nothing(log: impl Log) {
    log.append("b", NEW, &["1"]).await.unwrap();
    let both = |b| log.over(vec![log.part("a", NEW, &["1", "2"]), log.part("b", b, &["3"])]);
    assert_eq!(conflict(log.commit(both(NEW)).await), 1);
    assert_eq!(log.stored("a").await, [], "the loser's other stream is untouched");
    let done = log.commit(both(Expected::Version(1))).await.unwrap();
    assert_eq!(done.versions, [2, 2]);
    log.assert_whole().await;
}

async fn an_append_that_names_a_stream_twice_is_refused(log: impl Log) {
    let twice = log.over(vec![log.part("a", NEW, &["1"]), log.part("a", NEW, &["2"])]);
    assert_eq!(log.commit(twice).await, Err(AppendError::Malformed));
}

async fn streams_of_two_types_with_one_id_are_distinct(log: impl Log) {
    let mut other = log.part("a", NEW, &["2"]);
    other.aggregate_type = "other".into();
    let done = log.commit(log.over(vec![log.part("a", NEW, &["1"]), other])).await.unwrap();
    assert_eq!(done.versions, [1, 1]);
}
