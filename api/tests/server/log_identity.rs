//! The log's id: in every response with a position, and in `parking log`. A log that this build cannot read is refused.

use std::process::Output;

use parking_domain::log::FORMAT;
use parking_testkit::{EventLog, TestDatabase};
use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::log::Log;
use crate::support::{PATIENCE, TestServer, UPLINK, parking};
use crate::uplinks::uplink;

async fn run(arguments: &[&str], database: &TestDatabase) -> Output {
    let mut command = parking(arguments);
    command.env("DATABASE_URL", database.url(None));
    finish(&mut command).await
}

async fn finish(command: &mut Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("it ends by itself").unwrap()
}

fn printed(output: &Output) -> &str {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::str::from_utf8(&output.stdout).unwrap()
}

fn refusal(output: &Output) -> &str {
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &[][..]));
    std::str::from_utf8(&output.stderr).unwrap()
}

async fn admin(database: &TestDatabase) -> PgConnection {
    PgConnection::connect_with(&database.database().admin).await.unwrap()
}

async fn log_id(database: &TestDatabase) -> String {
    let query = "select log_id::text from log_head";
    sqlx::query_scalar(query).fetch_one(&mut admin(database).await).await.unwrap()
}

#[tokio::test]
async fn a_position_is_sent_with_its_log_id() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let id = log_id(&database).await;
    let answer = server.client.post(UPLINK, uplink(1, 0).to_string()).await;
    assert_eq!((answer.header("x-log-id"), answer.header("x-position")), (&*id, "4"));
    let read = server.client.get("/api/v6/orphan-devices?min_position=4").await;
    assert_eq!((read.header("x-log-id"), read.status), (&*id, 200));
    assert_eq!(server.client.get("/health/live").await.header("x-log-id"), "", "there is no position in it");

    let first: (i64, String, String) = sqlx::query_as(
        "select position, aggregate_id, payload -> 'LogStarted' ->> 'log_id' from events where aggregate_type = 'log'",
    )
    .fetch_one(&mut admin(&database).await)
    .await
    .unwrap();
    assert_eq!(first, (1, id.clone(), id));
}

#[tokio::test]
async fn a_copy_is_forked_while_no_server_runs_and_continues_under_a_new_id() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let before = log_id(&database).await;
    let refused = run(&["log", "fork"], &database).await;
    assert!(refusal(&refused).contains("a platform serves this log: stop it"), "{}", refusal(&refused));
    server.terminate().await;

    let forked = run(&["log", "fork", "--reason", "a trial"], &database).await;
    let after = log_id(&database).await;
    assert_ne!(before, after);
    assert_eq!(printed(&forked), format!("log {before} is now log {after}, from position 4 on\n"));
    let status = run(&["log", "status"], &database).await;
    let lines: Vec<&str> = printed(&status).lines().collect();
    assert_eq!(lines[..3], [&*format!("log      {after}"), &format!("started  as {before}"), "format   5"]);
    assert!(lines[3].starts_with("head     4, recorded at "), "{lines:?}");
    assert!(lines.iter().any(|line| line.ends_with("index events_pkey")), "{lines:?}");

    let server = TestServer::start(&database).await;
    let answer = server.client.post(UPLINK, uplink(1, 0).to_string()).await;
    assert_eq!((answer.header("x-log-id"), answer.header("x-position")), (&*after, "5"));
}

/// A log's place in messages, with a mark where the database's name is.
const PLACE: &str = "the log in the database <>";

/// Everything that a write could change: tables, columns, functions, privileges, and the contents of the log.
async fn contents(database: &TestDatabase) -> Vec<String> {
    let query = "select c::text from pg_attribute c where attrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace) \
                 union all select f.oid::text || prosrc from pg_proc f where pronamespace = 'public'::regnamespace \
                 union all select relacl::text from pg_class where relnamespace = 'public'::regnamespace \
                 union all select h::text from log_head h union all select e::text from events e \
                 union all select m::text from _sqlx_migrations m order by 1";
    let rows: Vec<Option<String>> =
        sqlx::query_scalar(query).fetch_all(&mut admin(database).await).await.unwrap();
    rows.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_log_of_another_format_is_refused_before_anything_is_written() {
    let earlier = format!(
        "{PLACE} was made by an earlier build (without a format number), this build needs format {FORMAT}; nothing was \
         changed: use that log with the build that made it, or begin a new log: name another database in DATABASE_URL"
    );
    let next = FORMAT + 1;
    let later = format!(
        "{PLACE} has format {next}, this build knows format {FORMAT}; nothing was changed: run the build that made it or a \
         newer one, or begin a new log: name another database in DATABASE_URL"
    );
    let first = format!("{PLACE} was made by an earlier build (format 2), this build needs format {FORMAT};");
    for (change, expected) in [
        ("alter table log_head drop column format, drop column log_id, drop column started_as", earlier),
        ("update log_head set format = format + 1", later),
        ("update log_head set format = 2", first),
    ] {
        let log = EventLog::started().await;
        let mut admin = admin(&log.database).await;
        // A missing migration would be run if the log were not refused first.
        admin.execute("delete from _sqlx_migrations where version > 2").await.unwrap();
        admin.execute(change).await.unwrap();
        let before = contents(&log.database).await;
        for arguments in [&["up"][..], &["rebuild"], &["log", "status"], &["log", "fork"]] {
            let output = run(arguments, &log.database).await;
            let error = refusal(&output);
            let (start, end) = expected.split_once("<>").unwrap();
            assert!(error.contains(start) && error.contains(end), "{arguments:?}: {error}");
        }
        assert_eq!(contents(&log.database).await, before);
    }
}

#[tokio::test]
async fn a_log_without_its_dictionary_is_refused_before_anything_is_written() {
    for damage in [
        "delete from log_dictionaries",
        "update log_dictionaries set dictionary = dictionary || '\\x00'",
        "drop table log_dictionaries",
    ] {
        let log = EventLog::started().await;
        let mut admin = admin(&log.database).await;
        admin.execute("delete from _sqlx_migrations where version > 2").await.unwrap();
        if !damage.starts_with("drop") {
            admin.execute("alter table log_dictionaries disable trigger user").await.unwrap();
        }
        admin.execute(damage).await.unwrap();
        let before = contents(&log.database).await;
        let output = run(&["up"], &log.database).await;
        let error = refusal(&output);
        assert!(
            error.contains("lacks its dictionary 1") && error.contains("from a backup of this log"),
            "{error}"
        );
        assert_eq!(contents(&log.database).await, before);
    }
}

#[tokio::test]
async fn a_trained_dictionary_is_announced_and_then_used() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let mut sent = Vec::new();
    for n in 0..200 {
        let body = uplink(n % 10, n / 10).to_string();
        server.client.post(UPLINK, body.clone()).await.accepted();
        sent.push(body.into_bytes());
    }
    server.terminate().await;
    let trained = run(&["log", "dictionary", "train"], &database).await;
    assert!(printed(&trained).starts_with("dictionary 2 added, "), "{}", printed(&trained));
    let status = run(&["log", "status"], &database).await;
    assert!(printed(&status).contains("bodies   compressed with dictionary 2"), "{}", printed(&status));

    let server = TestServer::start(&database).await;
    // The first report may be appended before the writer has read the dictionary.
    for n in 20..22 {
        let body = uplink(1, n).to_string();
        server.client.post(UPLINK, body.clone()).await.accepted();
        sent.push(body.into_bytes());
    }
    let stored = Log::of(&database).whole().await;
    let reports: Vec<_> = stored.iter().filter(|event| event.event_type == "UplinkReceived").collect();
    assert_eq!(reports.iter().map(|event| &event.body).collect::<Vec<_>>(), sent.iter().collect::<Vec<_>>());
    let encodings: Vec<i16> = reports.iter().map(|event| event.body_encoding).collect();
    assert!(encodings[1..200].iter().all(|encoding| *encoding == 1), "{encodings:?}");
    assert_eq!(encodings[201], 2);
}

#[tokio::test]
async fn a_private_log_of_another_format_is_refused_by_its_directory() {
    let home = TempDir::with_prefix("parking-").unwrap();
    std::fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let directory = home.path().join("data");
    let status = finish(parking(&["exec", "--", "true"]).env("PARKING_DATA_DIR", &directory)).await;
    assert!(status.status.success(), "{status:?}");
    let mut change = parking(&["exec", "--", "psql", "-qc", "update log_head set format = 6"]);
    let changed = finish(change.env("PARKING_DATA_DIR", &directory).env("PARKING_ROLE", "postgres")).await;
    assert!(changed.status.success(), "{changed:?}");
    let output = finish(parking(&["up"]).env("PARKING_DATA_DIR", &directory)).await;
    let error = refusal(&output);
    let expected = format!("the log in the directory {} has format 6", directory.display());
    assert!(error.contains(&expected), "{error}");
    assert!(error.contains("set PARKING_DATA_DIR to another directory, or move"), "{error}");
}
