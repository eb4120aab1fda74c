//! Poison events: their cause, and what the runner does with them.

use std::time::Duration;

use parking_commands::append::Expected;
use parking_commands::ingest::Ingest;
use parking_domain::chirpstack::EventKind::Status;
use parking_projections::engine::feed::RecordedEvent;
use parking_projections::engine::projection::{ApplyError, Poison, Projection, Tables};
use parking_testkit::{EventLog, Role};
use serde_json::json;
use sqlx::PgConnection;
use tokio::time::timeout;

use crate::diary::{
    Noting, Stopping, append, append_elsewhere, assert_atomic, checkpoint, diary, log_with_diary,
};
use crate::support::{DEADLINE, Running, at, record};

/// Waits until the projection has stopped; returns position and cause.
pub(crate) async fn stopped(log: &EventLog) -> (i64, String) {
    let stopped = async {
        loop {
            let stopped = "select position, failure from projections.checkpoints where status = 'stopped'";
            let stopped = sqlx::query_as(stopped).fetch_optional(&log.pool).await.unwrap();
            if let Some(stopped) = stopped {
                return stopped;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(DEADLINE, stopped).await.unwrap()
}

#[tokio::test]
async fn conformance_53_a_poison_event_stops_the_projection_right_before_it() {
    let log = log_with_diary().await;
    append(&log, &["1", "2", "\"poison\"", "4"]).await;
    let running = Running::start::<Stopping>(&log);
    running.wait_for(2).await;
    let (position, failure) = stopped(&log).await;
    assert_eq!(position, 2);
    assert!(failure.contains("poison"), "{failure}");
    assert_eq!(diary(&log).await, [1, 2]);
    running.stop().await;
}

#[tokio::test]
async fn conformance_53_a_poison_event_becomes_a_dead_letter_and_its_neighbours_are_taken() {
    let log = log_with_diary().await;
    let last = append(&log, &["1", "2", "\"poison\"", "4", "5"]).await;
    let running = Running::start::<Noting>(&log);
    running.wait_for(last).await;
    assert_eq!(diary(&log).await, [1, 2, 4, 5]);
    let letters: Vec<(i64, String)> =
        sqlx::query_as("select position, failure from projections.dead_letters")
            .fetch_all(&log.pool)
            .await
            .unwrap();
    assert!(matches!(&letters[..], [(3, failure)] if failure.contains("poison")), "{letters:?}");
    running.stop().await;
}

#[tokio::test]
async fn conformance_54_a_failure_is_cleared_when_its_cause_is_gone() {
    let log = log_with_diary().await;
    let owner = log.database.pool(Role::Owner);
    let sql = "alter table projections.diary add constraint no_three check (position <> 3)";
    sqlx::query(sql).execute(&owner).await.unwrap();
    append(&log, &["1"; 5]).await;
    let running = Running::start::<Stopping>(&log);
    let (position, failure) = stopped(&log).await;
    assert_eq!(position, 2);
    assert!(failure.contains("no_three"), "{failure}");
    running.stop().await;
    sqlx::query("alter table projections.diary drop constraint no_three").execute(&owner).await.unwrap();
    let running = Running::start::<Stopping>(&log);
    running.wait_for(5).await;
    assert_eq!(checkpoint(&log).await, (5, "running".into(), None));
    assert_atomic(&log).await;
    running.stop().await;
}

/// Applies every event of the uplinks, and stops at poison.
#[derive(Default)]
struct Reader;

impl Projection for Reader {
    const NAME: &'static str = "reader";
    const VERSION: i32 = 1;
    const TABLES: &'static [Tables] = &[];
    const STREAMS: &'static [&'static str] = &["uplinks"];
    const POISON: Poison = Poison::Stop;

    async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[RecordedEvent],
    ) -> Result<(), ApplyError> {
        for event in events {
            event.decode()?;
        }
        let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
        sqlx::query("insert into projections.diary select unnest($1)")
            .bind(positions)
            .execute(connection)
            .await?;
        Ok(())
    }
}

#[tokio::test]
async fn conformance_57_an_event_of_unknown_type_or_version_is_skipped_and_counted_even_where_poison_stops() {
    let log = log_with_diary().await;
    let lanes = Ingest::new(log.store());
    let report = |n: i64| json!({"deviceInfo": {"devEui": "58a0cb0000100001"}, "deduplicationId": n.to_string(), "time": at(n)});
    record(&lanes, Status, 1, report(1)).await;
    for (event_type, event_version) in [("DeviceVanished", "1"), ("UplinkReceived", "99")] {
        let payload = json!({event_type: {"of": "another form"}}).to_string();
        let mut append = log.to("from a newer release", Expected::Any, &[&payload]);
        append.streams[0].aggregate_type = "uplinks".into();
        append.streams[0].events[0].event_type = event_type.into();
        append.streams[0].events[0].event_version = event_version.into();
        log.writer.append(append).await.unwrap();
    }
    record(&lanes, Status, 4, report(4)).await;
    let running = Running::start::<Reader>(&log);
    running.wait_for(4).await;
    assert_eq!(diary(&log).await, [1, 4]);
    assert_eq!(checkpoint(&log).await, (4, "running".into(), None));
    let letters: Vec<(i64, String)> =
        sqlx::query_as("select position, failure from projections.dead_letters order by 1")
            .fetch_all(&log.pool)
            .await
            .unwrap();
    assert!(
        matches!(&letters[..], [(2, vanished), (3, newer)]
            if vanished.contains("DeviceVanished") && newer.contains("UplinkReceived version 99")),
        "{letters:?}"
    );
    let counted: i64 = sqlx::query_scalar("select dead_letters from operator.projection_lag")
        .fetch_one(&log.pool)
        .await
        .unwrap();
    assert_eq!(counted, 2);
    // An undecodable event of a known type is poison. From the network, it has no tenant: it is passed over too.
    let mut append = log.to("damaged", Expected::Any, &["{}"]);
    append.streams[0].aggregate_type = "uplinks".into();
    append.streams[0].events[0].event_type = "UplinkReceived".into();
    log.writer.append(append).await.unwrap();
    running.wait_for(5).await;
    assert_eq!(diary(&log).await, [1, 4]);
    assert_eq!(checkpoint(&log).await, (5, "running".into(), None));
    running.stop().await;
}

#[tokio::test]
async fn conformance_58_poison_between_unwanted_events_is_a_dead_letter() {
    let log = log_with_diary().await;
    append_elsewhere(&log, &["1", "2"]).await;
    append(&log, &["\"poison\"", "4"]).await;
    append_elsewhere(&log, &["5"]).await;
    append(&log, &["\"poison\""]).await;
    let last = append_elsewhere(&log, &["7", "8"]).await;
    let running = Running::start::<Noting>(&log);
    running.wait_for(last).await;
    running.stop().await;
    assert_eq!(diary(&log).await, [4]);
    let letters: Vec<i64> = sqlx::query_scalar("select position from projections.dead_letters order by 1")
        .fetch_all(&log.pool)
        .await
        .unwrap();
    assert_eq!(letters, [3, 6]);
}
