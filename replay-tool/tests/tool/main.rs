//! The auditor's tool in use: the program, a real log, its output and its exit code.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod as_of;
mod body;
mod timeline;

use std::process::{Command, Output};

use bytes::Bytes;
use chrono::TimeDelta;
use parking_commands::append::Expected;
use parking_commands::ingest::{Incoming, Ingest};
use parking_commands::metadata::Metadata;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::instant::Instant;
use parking_domain::log::FORMAT;
use parking_domain::uplinks::Source;
use parking_testkit::{EventLog, Role};
use serde_json::{Value, json};

async fn log_with_uplinks() -> EventLog {
    let log = EventLog::started().await;
    let lanes = Ingest::new(log.store());
    for n in 0..6 {
        let received_at: Instant = Instant::UNIX_EPOCH + TimeDelta::seconds(n);
        let body = json!({"deviceInfo": {"devEui": format!("58a0cb000010000{}", n % 2)},
                          "deduplicationId": n.to_string(), "devAddr": "0100a001", "fCnt": n});
        let body = Bytes::from(body.to_string());
        let kind = if n == 5 { EventKind::Join } else { EventKind::Up };
        let report = chirpstack::parse(kind, &body).unwrap();
        let incoming =
            Incoming { source: Source::Platform, report, received_at, body, metadata: Metadata::default() };
        lanes.record(incoming).await.unwrap();
    }
    log
}

/// Runs the tool as the auditor.
pub(crate) async fn run(log: &EventLog, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_replay-tool"));
    command.args(arguments).env("DATABASE_URL", log.database.url(Some(Role::Auditor)));
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The output of a successful run.
pub(crate) async fn printed(log: &EventLog, arguments: &[&str]) -> String {
    let output = run(log, arguments).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

async fn events(log: &EventLog, arguments: &[&str]) -> Vec<Value> {
    let printed = printed(log, &[&["events"], arguments].concat()).await;
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn positions(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["position"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn events_are_listed_in_order_as_json_lines() {
    let log = log_with_uplinks().await;
    let all = events(&log, &[]).await;
    assert_eq!(positions(&all), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((&all[0]["event_type"], &all[0]["log_id"]), (&json!("LogStarted"), &all[0]["aggregate_id"]));
    let first = &all[1];
    assert_eq!(first["log_id"], all[0]["log_id"]);
    assert_eq!(first["aggregate_type"], "uplinks");
    assert_eq!(first["aggregate_id"], "platform/58a0cb0000100000");
    assert_eq!((&first["sequence"], &first["event_type"]), (&json!(1), &json!("UplinkReceived")));
    assert_eq!(first["payload"]["UplinkReceived"]["f_cnt"], 0);
}

#[tokio::test]
async fn filters_narrow_the_list_and_combine() {
    let log = log_with_uplinks().await;
    assert_eq!(positions(&events(&log, &["--from", "2", "--to", "4"]).await), [2, 3, 4]);
    assert_eq!(positions(&events(&log, &["--stream", "uplinks/platform/58a0cb0000100001"]).await), [3, 5, 7]);
    assert_eq!(positions(&events(&log, &["--stream", "uplinks"]).await).len(), 6);
    assert_eq!(positions(&events(&log, &["--type", "DeviceJoined"]).await), [7]);
    let both = ["--type", "DeviceJoined", "--type", "UplinkReceived", "--from", "6"];
    assert_eq!(positions(&events(&log, &both).await), [6, 7]);
    let third = events(&log, &["--from", "3", "--to", "3"]).await[0]["recorded_at"].clone();
    let since = positions(&events(&log, &["--since", third.as_str().unwrap()]).await);
    let until = positions(&events(&log, &["--until", third.as_str().unwrap()]).await);
    assert!(since.contains(&3) && !until.contains(&3));
    assert_eq!([until, since].concat(), [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn a_sound_log_is_clean() {
    let log = log_with_uplinks().await;
    let output = run(&log, &["check"]).await;
    assert_eq!(text(&output.stdout), "7 events up to position 7: clean\n");
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn a_log_without_its_beginning_or_with_another_id_is_damaged() {
    let log = log_with_uplinks().await;
    let admin = log.admin();
    sqlx::query("update log_head set log_id = '018f3a54-6c1e-7000-8000-000000000009'")
        .execute(&admin)
        .await
        .unwrap();
    let output = run(&log, &["check"]).await;
    let started = events(&log, &["--to", "1"]).await[0]["aggregate_id"].as_str().unwrap().to_owned();
    let expected = format!(
        "the log's events name it {started}, its head 018f3a54-6c1e-7000-8000-000000000009\n\
         7 events up to position 7: 1 problem\n"
    );
    assert_eq!((text(&output.stdout), output.status.code()), (&*expected, Some(1)));

    let unstarted = EventLog::create().await;
    unstarted.append("odd", Expected::Any, &["{}"]).await.unwrap();
    let output = run(&unstarted, &["check"]).await;
    assert!(text(&output.stdout).starts_with("position 1 is not LogStarted"), "{}", text(&output.stdout));
}

#[tokio::test]
async fn a_log_of_another_format_is_refused() {
    let log = log_with_uplinks().await;
    let admin = log.admin();
    sqlx::query("update log_head set format = 9").execute(&admin).await.unwrap();
    let later = run(&log, &["events"]).await;
    sqlx::query("alter table log_head drop column format, drop column log_id").execute(&admin).await.unwrap();
    let earlier = run(&log, &["events"]).await;
    for (output, expected) in [
        (later, &*format!("the log has format 9, this tool reads format {FORMAT}")),
        (earlier, "an earlier build"),
    ] {
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), ""));
    }
}

#[tokio::test]
async fn damage_is_found_and_named() {
    let log = log_with_uplinks().await;
    log.append("odd", Expected::Any, &["{}"]).await.unwrap();
    let admin = sqlx::PgPool::connect_with(log.database.database().admin.clone()).await.unwrap();
    for damage in [
        "alter table events disable trigger user",
        "delete from events where position = 4",
        "update events set payload = '{\"UplinkReceived\": {}}' where position = 5",
        "update events set recorded_at = recorded_at - interval '1 hour' where position = 6",
        "update streams set version = 9 where aggregate_id = 'platform/58a0cb0000100001'",
        "update log_head set position = 9",
    ] {
        sqlx::query(damage).execute(&admin).await.unwrap();
    }
    let output = run(&log, &["check"]).await;
    let expected = [
        "position 4 is missing",
        "position 5 does not decode: the payload is not a valid UplinkReceived: missing field `report` at line 1 column 21",
        "position 6 was not recorded after the one that precedes it",
        "position 6 is event 3 of uplinks platform/58a0cb0000100000, after event 1",
        "position 8 does not decode: unknown event Tested version 1: a newer release may know it",
        "the log ends at position 8, its head says 9",
        "uplinks platform/58a0cb0000100001 has 3 events, its version says 9",
        "7 events up to position 8: 7 problems",
    ];
    assert_eq!(text(&output.stdout).lines().collect::<Vec<_>>(), expected);
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test]
async fn the_tool_changes_nothing_even_with_rights_to() {
    let log = log_with_uplinks().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_replay-tool"));
    command.arg("check").env("DATABASE_URL", log.database.url(None));
    assert!(command.output().unwrap().status.success());
    assert_eq!(log.head().await, 7);
}

/// A login that may do more, as `DATABASE_URL` often has, reads what the auditor may read and no more.
#[tokio::test]
async fn the_tool_has_the_auditors_rights_whatever_its_login_may_do() {
    let log = log_with_uplinks().await;
    sqlx::query("revoke select on events from parking_auditor").execute(&log.admin()).await.unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_replay-tool"));
    command.arg("check").env("DATABASE_URL", log.database.url(None));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("permission denied for table events"), "{}", text(&output.stderr));
}

#[test]
fn without_a_database_it_says_what_to_do() {
    let output = Command::new(env!("CARGO_BIN_EXE_replay-tool"))
        .arg("check")
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("set DATABASE_URL"), "{}", text(&output.stderr));
    let output = Command::new(env!("CARGO_BIN_EXE_replay-tool"))
        .args(["check", "--database-url", "postgres://u:hunter2@[bad"])
        .output()
        .unwrap();
    assert!(!text(&output.stderr).contains("hunter2"), "a password is never repeated");
}

#[test]
fn a_password_goes_to_no_other_machine_in_clear() {
    for mode in ["", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca"] {
        let url = format!("postgres://ann:correct-horse@192.0.2.1/parking{mode}");
        let mut tool = Command::new(env!("CARGO_BIN_EXE_replay-tool"));
        let output = tool.arg("check").env("DATABASE_URL", &url).output().unwrap();
        let error = text(&output.stderr);
        assert!(!output.status.success(), "{mode}");
        assert!(error.contains("192.0.2.1") && error.contains("sslmode=verify-full"), "{error}");
        assert!(!error.contains("correct-horse"), "{error}");
    }
}
