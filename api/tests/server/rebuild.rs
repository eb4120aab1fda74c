//! Rebuilds while the server runs: readers do not wait for them, and never see partial results.

use std::process::Output;

use futures_util::future::join_all;
use parking_testkit::{Role, TestDatabase};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::devices::{device, space};
use crate::reservations::hour;
use crate::support::{Client, TestServer, UPLINK, eventually, parking};
use crate::uplinks::{dev_eui, uplink};

const PROJECTIONS: [&str; 3] = ["fleet", "registry", "occupancy"];

/// The output of `parking rebuild` of a projection.
async fn rebuild(database: &TestDatabase, projection: &str) -> Output {
    let mut command = parking(&["rebuild", projection]);
    command.env("DATABASE_URL", database.url(None)).output().await.unwrap()
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Creates resources of every type; returns the paths that read them.
async fn furnish(client: &Client) -> Vec<String> {
    let mut paths = Vec::new();
    for n in 1..=3 {
        let id = space(client, &format!("A-{n}")).await;
        let sensor = device(client, n, "sensor").await;
        let (assign, window) = (json!({"space_id": id}), (hour(8), hour(10)));
        client.ask("POST", &format!("/api/v6/devices/{sensor}/assign"), assign).await.ok();
        let booking = json!({"space_id": id, "start_time": window.0, "end_time": window.1});
        let booked = client.ask("POST", "/api/v6/reservations", booking).await.ok();
        let works = json!({"override_type": "blocked", "start_time": hour(14), "end_time": hour(16)});
        client.ask("POST", &format!("/api/v6/spaces/{id}/overrides"), works).await.ok();
        paths.extend([
            format!("/api/v6/spaces/{id}"),
            format!("/api/v6/spaces/{id}/history"),
            format!("/api/v6/spaces/{id}/overrides"),
            format!("/api/v6/spaces/{id}/availability?from={}&to={}", window.0, window.1),
            format!("/api/v6/display-policies/spaces/{id}/computed-state"),
            format!("/api/v6/devices/{sensor}"),
            format!("/api/v6/devices/{sensor}/uplinks"),
            format!("/api/v6/reservations/{}", booked["id"].as_str().unwrap()),
        ]);
    }
    for (device, f_cnt) in (1..=6).flat_map(|device| (0..5).map(move |f_cnt| (device, f_cnt))) {
        client.post(UPLINK, uplink(device, f_cnt).to_string()).await.accepted();
    }
    paths.push(format!("/api/v6/orphan-devices/{}", dev_eui(5)));
    let lists = [
        "activity",
        "dashboard/data",
        "dashboard/stats",
        "devices",
        "devices/sensors",
        "devices/pool/stats",
        "display-policies",
        "orphan-devices",
        "overrides",
        "reservations",
        "sites",
        "sites/occupancy/all",
        "spaces",
        "spaces/sensor-list",
        "spaces/stats",
        "spaces/stats/occupancy",
    ];
    paths.extend(lists.map(|list| format!("/api/v6/{list}")));
    paths
}

/// The response without its timestamp.
async fn read(client: &Client, path: &str) -> Value {
    let mut answer = client.ask("GET", path, None).await.ok();
    if let Some(members) = answer.as_object_mut() {
        members.remove("generated_at");
        members.remove("timestamp");
    }
    answer
}

/// Reads all paths repeatedly until stopped, and fails if a response differs from the first one. Returns the number of
/// responses.
fn reader(
    client: &Client,
    expected: &[(String, Value)],
    begin: usize,
    stop: &CancellationToken,
) -> JoinHandle<usize> {
    let (client, expected, stop) = (client.clone(), expected.to_vec(), stop.clone());
    tokio::spawn(async move {
        let mut answers = 0;
        for (path, expected) in expected.iter().cycle().skip(begin) {
            if stop.is_cancelled() {
                break;
            }
            assert_eq!(&read(&client, path).await, expected, "{path}");
            answers += 1;
        }
        answers
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_continue_during_rebuilds_and_never_see_partial_results() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let paths = furnish(client).await;
    let head = client.get("/api/v6/orphan-devices").await.header("x-position").to_owned();
    read(client, &format!("/api/v6/spaces?min_position={head}")).await;
    let mut expected = Vec::new();
    for path in paths {
        let answer = read(client, &path).await;
        expected.push((path, answer));
    }

    // A session reads all tables by SQL, and leaves its transaction open.
    let mut analyst = database.as_role(Role::Auditor).connect().await.unwrap();
    let mut looking = analyst.begin().await.unwrap();
    for table in ["spaces", "devices", "uplinks", "space_occupancy", "space_history", "reservations"] {
        looking.execute(&*format!("select count(*) from {table}")).await.unwrap();
    }
    let stop = CancellationToken::new();
    let readers: Vec<_> = (0..6).map(|n| reader(client, &expected, n * 7, &stop)).collect();
    let mut admin = database.database().admin.connect().await.unwrap();
    for round in 0..12 {
        for projection in PROJECTIONS {
            // In every other round there are rows to correct, in columns that no response shows.
            if round % 2 == 1 {
                tamper(&mut admin).await;
            }
            let rebuilt = rebuild(&database, projection).await;
            assert!(rebuilt.status.success(), "round {round} of {projection}: {}", text(&rebuilt));
        }
    }
    stop.cancel();
    let answers: usize = join_all(readers).await.into_iter().map(Result::unwrap).sum();
    assert!(answers > expected.len(), "{answers} answers");
    let deadlocks: i64 =
        sqlx::query_scalar("select deadlocks from pg_stat_database where datname = current_database()")
            .fetch_one(&mut admin)
            .await
            .unwrap();
    assert_eq!(deadlocks, 0);
    drop(looking);
    for projection in PROJECTIONS {
        rebuild(&database, projection).await;
        let rebuilt = text(&rebuild(&database, projection).await);
        assert!(!rebuilt.contains("differ"), "what was corrected is right: {rebuilt}");
    }
}

/// Changes rows of every projection in columns that no response shows.
async fn tamper(admin: &mut PgConnection) {
    for change in [
        "update projections.devices set position = position + 1000",
        "update projections.spaces set position = position + 1000",
        "update projections.space_history set site_id = gen_random_uuid()",
    ] {
        admin.execute(change).await.unwrap();
    }
}

#[tokio::test]
async fn a_rebuild_that_cannot_lock_the_rows_names_the_blocking_session_and_continues_later() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    let mut admin = database.database().admin.clone().application_name("a tool").connect().await.unwrap();
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut admin).await.unwrap();
    let mut holding = admin.begin().await.unwrap();
    holding.execute("lock table projections.spaces in row exclusive mode").await.unwrap();

    let refused = rebuild(&database, "registry").await;
    assert!(!refused.status.success(), "{}", text(&refused));
    let said = text(&refused);
    for part in
        [&format!("session {pid} of role postgres (a tool), in a transaction since 20"), "run the same again"]
    {
        assert!(said.contains(part), "{said}");
    }
    // The projection continued meanwhile, and the rebuilt rows are kept.
    space(client, "A-2").await;
    let read = async || client.get("/api/v6/spaces").await.json()["total"].as_i64();
    eventually("the second space is shown", async || (read().await == Some(2)).then_some(())).await;
    let kept: i64 =
        sqlx::query_scalar("select count(*) from rebuild.spaces").fetch_one(&mut *holding).await.unwrap();
    assert!(kept >= 1);
    drop(holding);
    admin.execute("rollback").await.unwrap();
    let rebuilt = rebuild(&database, "registry").await;
    assert!(text(&rebuilt).contains("spaces: 2 rows, the same"), "{}", text(&rebuilt));
    client.ask("GET", &format!("/api/v6/spaces/{id}"), None).await.ok();
}
