//! `append_events` has a small path for one command that adds one event. What can be refused takes the path of all
//! batches, so one event is refused like several, and written like several.

use parking_testkit::EventLog;

use crate::arguments::{ALONE, Call, ONE_EVENT};

/// The arguments that describe one event, with the type of their elements and a value.
const EACH: &[(&str, &str, &str)] = &[
    ("append_ids", "uuid", "gen_random_uuid()"),
    ("request_tenants", "uuid", "gen_random_uuid()"),
    ("request_keys", "text", "null"),
    ("request_fingerprints", "uuid", "gen_random_uuid()"),
    ("stream_commands", "int", "1"),
    ("stream_types", "text", "'test'"),
    ("stream_ids", "text", "'a'"),
    ("expected_versions", "bigint", "0"),
    ("stream_events", "int", "1"),
    ("event_streams", "int", "1"),
    ("event_ids", "uuid", "gen_random_uuid()"),
    ("tenant_ids", "uuid", "null"),
    ("event_types", "text", "'Tested'"),
    ("event_versions", "text", "'1'"),
    ("payloads", "text", "'{}'"),
    ("metadatas", "text", "'{}'"),
    ("bodies", "bytea", "null"),
    ("body_encodings", "smallint", "null"),
];

fn alone() -> Call {
    Call::good().with(ONE_EVENT).with(ALONE)
}

fn on_stream(id: &str, expected: &str) -> Call {
    alone()
        .with(&[("stream_ids", &format!("'{{{id}}}'")), ("expected_versions", &format!("'{{{expected}}}'"))])
}

#[tokio::test]
async fn each_argument_of_one_event_has_one_element_that_begins_at_1() {
    let log = EventLog::create().await;
    for (name, kind, value) in EACH {
        for (what, sql) in [
            ("empty", format!("'{{}}'::{kind}[]")),
            ("longer", format!("array[{value}, {value}]::{kind}[]")),
            ("square", format!("array[array[{value}]]::{kind}[]")),
            ("null", format!("null::{kind}[]")),
            ("from 0", format!("array_fill({value}::{kind}, array[1], array[0])")),
        ] {
            alone().with(&[(name, &sql)]).refused(&log, &format!("{name} is {what}")).await;
        }
    }
    assert_eq!(alone().send(&log).await.unwrap(), [true]);
}

#[tokio::test]
async fn contradictions_and_invalid_nulls_are_refused_with_one_event_too() {
    let log = EventLog::started().await;
    for (name, sql) in [
        ("append_ids", "array[null]::uuid[]"),
        ("stream_commands", "'{0}'"),
        ("stream_commands", "'{2}'"),
        ("stream_commands", "'{null}'"),
        ("stream_types", "'{null}'"),
        ("stream_ids", "'{null}'"),
        ("stream_events", "'{0}'"),
        ("stream_events", "'{2}'"),
        ("stream_events", "'{-1}'"),
        ("stream_events", "'{null}'"),
        ("event_streams", "'{0}'"),
        ("event_streams", "'{2}'"),
        ("event_streams", "'{null}'"),
        ("event_ids", "array[null]::uuid[]"),
        ("event_types", "'{null}'"),
        ("event_versions", "'{null}'"),
        ("payloads", "array[null]::text[]"),
        ("payloads", "array['{']"),
        ("metadatas", "array[null]::text[]"),
        ("body_encodings", "'{0}'"),
        ("bodies", "array['x']::bytea[]"),
    ] {
        alone().with(&[(name, sql)]).refused(&log, &format!("{name} is {sql}")).await;
    }
    let body = alone().with(&[("bodies", "array['x']::bytea[]")]);
    for encoding in ["'{-1}'", "'{2}'"] {
        body.clone().with(&[("body_encodings", encoding)]).refused(&log, encoding).await;
    }
    assert_eq!(body.with(&[("body_encodings", "'{1}'")]).send(&log).await.unwrap(), [true]);
    for name in ["request_tenants", "request_fingerprints"] {
        let call = on_stream("b", "0").with(&[("request_keys", "'{k}'"), (name, "array[null]::uuid[]")]);
        call.refused(&log, &format!("a request whose {name} is null")).await;
    }
}

#[tokio::test]
async fn one_event_is_stored_if_its_stream_is_at_the_expected_version() {
    let log = EventLog::create().await;
    // The stream has as many events as calls before it won.
    for (expected, wins) in [
        ("-1", false),
        ("1", false),
        ("0", true),
        ("0", false),
        ("-1", true),
        ("1", false),
        ("-2", false),
        ("2", true),
        ("null", true),
    ] {
        let before = log.head().await;
        assert_eq!(on_stream("a", expected).send(&log).await.unwrap(), [wins], "{expected} at {before}");
        assert_eq!(log.head().await, before + i64::from(wins));
    }
    assert_eq!(on_stream("b", "null").send(&log).await.unwrap(), [true]);
    log.assert_whole().await;
    let streams: Vec<(String, i64, i64)> =
        sqlx::query_as("select aggregate_id, version, last_position from streams order by 1")
            .fetch_all(&log.pool)
            .await
            .unwrap();
    assert_eq!(streams, [("a".to_owned(), 4, 4), ("b".to_owned(), 1, 5)]);
}

#[tokio::test]
async fn a_request_with_one_event_is_kept_and_not_made_twice() {
    let log = EventLog::create().await;
    let tenant = "array['018f3a54-6c1e-7000-8000-000000000001']::uuid[]";
    let keyed = |id, key| on_stream(id, "null").with(&[("request_keys", key), ("request_tenants", tenant)]);
    assert_eq!(keyed("a", "'{k}'").send(&log).await.unwrap(), [true]);
    assert_eq!(keyed("b", "'{k}'").send(&log).await.unwrap(), [false]);
    assert_eq!(keyed("b", "'{l}'").send(&log).await.unwrap(), [true]);
    let requests: Vec<(String, i64, i64)> =
        sqlx::query_as("select key, first_position, last_position from requests order by key")
            .fetch_all(&log.pool)
            .await
            .unwrap();
    assert_eq!(requests, [("k".to_owned(), 1, 1), ("l".to_owned(), 2, 2)]);
    log.assert_whole().await;
}
