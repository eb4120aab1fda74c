//! The log through cqrs-es and postgres-es.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore};
use cqrs_es::{AggregateError, CqrsFramework, EventStore};
use parking_commands::ingest::{Incoming, Ingest, IngestError, Outcome};
use parking_commands::metadata::Metadata;
use parking_domain::chirpstack::{self, EventKind, Report};
use parking_domain::instant::Instant;
use parking_domain::uplinks::{LookUp, RecordReport, Source, UplinkRefusal, Uplinks};
use parking_testkit::{EventLog, Role};
use postgres_es::PostgresEventRepository;
use serde_json::json;

pub(crate) const ID: &str = "platform/58a0cb0000100001";

pub(crate) fn at(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn report(n: i64) -> (Report, Vec<u8>) {
    let body = json!({
        "deviceInfo": {"devEui": "58a0cb0000100001"}, "deduplicationId": format!("id {n}"),
        "time": at(n), "devAddr": "0100a001", "fCnt": n, "data": "AQ==",
    });
    let body = body.to_string().into_bytes();
    (chirpstack::parse(EventKind::Up, &body).unwrap(), body)
}

pub(crate) fn command(n: i64) -> RecordReport {
    RecordReport { report: report(n).0, at: at(n), look_up: LookUp::NotDone }
}

pub(crate) async fn ingest(lanes: &Ingest, n: i64) -> Outcome {
    record(lanes, n).await.unwrap()
}

pub(crate) async fn record(lanes: &Ingest, n: i64) -> Result<Outcome, IngestError> {
    record_one(lanes, report(n), at(n)).await
}

pub(crate) async fn record_one(
    lanes: &Ingest,
    (report, body): (Report, Vec<u8>),
    received_at: Instant,
) -> Result<Outcome, IngestError> {
    let metadata = Metadata { actor: Some("chirpstack".into()), ..Metadata::default() };
    lanes
        .record(Incoming { source: Source::Platform, report, received_at, body: body.into(), metadata })
        .await
}

#[tokio::test]
async fn the_cqrs_es_framework_works_on_the_log() {
    let log = EventLog::create().await;
    let cqrs = CqrsFramework::<Uplinks, _>::new(log.store(), Vec::new(), ());
    cqrs.execute(ID, command(1)).await.unwrap();
    let again = cqrs.execute(ID, command(1)).await;
    assert!(
        matches!(again, Err(AggregateError::UserError(UplinkRefusal::ReportAlreadyRecorded))),
        "{again:?}"
    );
    let metadata = HashMap::from([("actor".to_owned(), "tester".to_owned())]);
    cqrs.execute_with_metadata(ID, command(2), metadata).await.unwrap();
    let events = EventStore::<Uplinks>::load_events(&log.store(), ID).await.unwrap();
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(events[1].metadata.get("actor").map(String::as_str), Some("tester"));
}

#[tokio::test]
async fn concurrent_commands_of_the_framework_conflict_without_losses() {
    let log = EventLog::create().await;
    let cqrs = Arc::new(CqrsFramework::<Uplinks, _>::new(log.store(), Vec::new(), ()));
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let cqrs = cqrs.clone();
            tokio::spawn(async move {
                while let Err(error) = cqrs.execute(ID, command(n)).await {
                    assert!(matches!(error, AggregateError::AggregateConflict), "{error}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(log.stored(ID).await.len(), 20);
    log.assert_whole().await;
}

#[tokio::test]
async fn the_postgres_es_reader_reads_the_log() {
    let log = EventLog::create().await;
    let cqrs = CqrsFramework::<Uplinks, _>::new(log.store(), Vec::new(), ());
    for n in 1..=3 {
        cqrs.execute(ID, command(n)).await.unwrap();
    }
    let repository = PostgresEventRepository::new(log.database.pool(Role::Auditor));
    assert_eq!(repository.get_events::<Uplinks>(ID).await.unwrap().len(), 3);
    let theirs = PersistedEventStore::<_, Uplinks>::new_event_store(repository);
    let theirs = theirs.load_aggregate(ID).await.unwrap().aggregate;
    assert_eq!(theirs, log.store().load::<Uplinks>(ID).await.unwrap().aggregate);
}

#[tokio::test]
async fn two_processes_ingest_one_device_and_record_each_report_once() {
    let log = EventLog::create().await;
    let first = Arc::new(Ingest::new(log.store()));
    let second = parking_commands::store::LogStore::new(
        log.database.pool(Role::Writer),
        log.second_writer(),
        parking_commands::snapshots::Snapshots::off(),
        log.ids.clone(),
    );
    let second = Arc::new(Ingest::new(second));
    let tasks: Vec<_> = (0..60)
        .map(|n| {
            let (first, second) = (first.clone(), second.clone());
            tokio::spawn(async move { tokio::join!(ingest(&first, n), ingest(&second, n)) })
        })
        .collect();
    for task in tasks {
        let (a, b) = task.await.unwrap();
        let accepted = [a, b].iter().filter(|outcome| matches!(outcome, Outcome::Accepted { .. })).count();
        assert_eq!(accepted, 1, "{a:?} {b:?}");
    }
    assert_eq!(log.stored(ID).await.len(), 60);
    log.assert_whole().await;
}

#[tokio::test]
async fn a_report_older_than_the_window_is_found_in_the_stream_after_a_restart() {
    let log = EventLog::create().await;
    let lanes = Ingest::new(log.store());
    for n in 0..150 {
        ingest(&lanes, n).await;
    }
    let restarted = Ingest::new(log.store());
    for n in [0, 1, 75, 149] {
        assert!(matches!(ingest(&restarted, n).await, Outcome::Duplicate { position: 150 }), "{n}");
    }
    assert!(
        matches!(ingest(&restarted, -5).await, Outcome::Accepted { position: 151 }),
        "old, but never recorded"
    );
}

#[tokio::test]
async fn a_concurrently_delivered_old_report_is_recorded_once() {
    let log = EventLog::create().await;
    let (here, elsewhere) = (Ingest::new(log.store()), Ingest::new(log.store()));
    for n in 0..100 {
        ingest(&here, n).await;
    }
    ingest(&elsewhere, 99).await;
    // Older than the window and never recorded: each of the four looks it up and does not find it.
    for n in 1..=15 {
        let (a, b, c, d) = tokio::join!(
            ingest(&here, -n),
            ingest(&here, -n),
            ingest(&elsewhere, -n),
            ingest(&elsewhere, -n)
        );
        let accepted =
            [a, b, c, d].iter().filter(|outcome| matches!(outcome, Outcome::Accepted { .. })).count();
        assert_eq!(accepted, 1, "report {n}: {a:?} {b:?} {c:?} {d:?}");
    }
    assert_eq!(log.stored(ID).await.len(), 115);
}

#[tokio::test]
async fn the_body_of_a_report_is_stored_with_its_event() {
    let log = EventLog::create().await;
    ingest(&Ingest::new(log.store()), 7).await;
    let (event_type, body, metadata): (String, Vec<u8>, String) =
        sqlx::query_as("select event_type, body, metadata::text from events")
            .fetch_one(&log.pool)
            .await
            .unwrap();
    assert_eq!((event_type.as_str(), body), ("UplinkReceived", report(7).1));
    assert_eq!(metadata, r#"{"actor":"chirpstack"}"#);
}

#[tokio::test]
async fn a_report_of_any_kind_is_found_by_its_key_in_its_stream() {
    let log = EventLog::create().await;
    let lanes = Ingest::new(log.store());
    for kind in ["up", "join", "status", "ack", "txack", "log", "location"] {
        let body = json!({
            "deviceInfo": {"devEui": "58a0cb0000100001"}, "deduplicationId": kind, "queueItemId": kind,
            "time": at(1), "devAddr": "0100a001", "fCnt": 1, "data": "AQ==", "code": kind,
        });
        let body = body.to_string().into_bytes();
        let report = chirpstack::parse(EventKind::from_name(kind).unwrap(), &body).unwrap();
        let key = report.key.0;
        assert!(!log.store().holds_report(ID, key).await.unwrap(), "{kind}");
        let incoming = Incoming {
            source: Source::Platform,
            report,
            received_at: at(1),
            body: body.into(),
            metadata: Metadata::default(),
        };
        lanes.record(incoming).await.unwrap();
        assert!(log.store().holds_report(ID, key).await.unwrap(), "{kind}");
        assert!(!log.store().holds_report("platform/58a0cb0000100002", key).await.unwrap(), "{kind}");
    }
}
