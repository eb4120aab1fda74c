//! Bodies as they were received, whatever their stored form; and damaged dictionaries.

use bytes::Bytes;
use fastrand::Rng;
use parking_commands::append::Expected;
use parking_testkit::EventLog;
use sqlx::Executor;

use crate::{run, text};

/// Bodies of all kinds: none, empty, random, repetitive, and 256 KiB of both.
fn bodies() -> Vec<Option<Bytes>> {
    let mut rng = Rng::with_seed(11);
    let mut random = |length: usize| Bytes::from((0..length).map(|_| rng.u8(..)).collect::<Vec<_>>());
    let uplink = include_bytes!("../../../api/tests/fixtures/chirpstack-events/up-2025-weather-station.json");
    vec![
        None,
        Some(Bytes::new()),
        Some(random(300)),
        Some(Bytes::from_static(uplink)),
        Some(random(256 * 1024)),
        Some(vec![b'x'; 256 * 1024].into()),
    ]
}

/// A log that holds them from position 2 on.
async fn log() -> EventLog {
    let log = EventLog::started().await;
    for body in bodies() {
        let mut append = log.to("a", Expected::Any, &["{}"]);
        append.streams[0].events[0].body = body;
        log.writer.append(append).await.unwrap();
    }
    log
}

#[tokio::test]
async fn a_body_comes_back_byte_for_byte() {
    let log = log().await;
    for (position, body) in (2..).zip(bodies()) {
        let output = run(&log, &["body", &position.to_string()]).await;
        assert_eq!(output.status.code(), Some(i32::from(body.is_none())), "position {position}");
        assert_eq!(output.stdout, body.unwrap_or_default(), "position {position}");
    }
    let encodings: Vec<Option<i16>> =
        sqlx::query_scalar("select body_encoding from events where position > 1 order by position")
            .fetch_all(&log.pool)
            .await
            .unwrap();
    assert_eq!(
        encodings,
        [None, Some(0), Some(0), Some(1), Some(0), Some(1)],
        "compressed where that is shorter"
    );
    let output = run(&log, &["body", "99"]).await;
    assert!(text(&output.stderr).contains("there is no event at position 99"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn a_dictionary_that_is_gone_or_altered_is_damage() {
    let missing = "dictionary 1 is missing or altered: bodies that were compressed with it cannot be read";
    for damage in [
        "delete from log_dictionaries",
        "update log_dictionaries set dictionary = set_byte(dictionary, 20000, 255 - get_byte(dictionary, 20000))",
    ] {
        let log = log().await;
        assert!(!text(&run(&log, &["check"]).await.stdout).contains("dictionary"), "the log is clean before");
        let mut admin = log.admin().acquire().await.unwrap();
        admin.execute("alter table log_dictionaries disable trigger user").await.unwrap();
        admin.execute(damage).await.unwrap();
        let output = run(&log, &["check"]).await;
        assert!(text(&output.stdout).contains(missing), "{damage}: {}", text(&output.stdout));
        assert_eq!(output.status.code(), Some(1));
    }
    let log = log().await;
    let mut admin = log.admin().acquire().await.unwrap();
    admin.execute("alter table events disable trigger user").await.unwrap();
    admin.execute("update events set body_encoding = 7 where position = 5").await.unwrap();
    let output = run(&log, &["check"]).await;
    assert!(text(&output.stdout).contains("the body at position 5 has an encoding that no event announced"));
    let output = run(&log, &["body", "5"]).await;
    assert!(text(&output.stderr).contains("its dictionary 7 is missing"), "{}", text(&output.stderr));
}
