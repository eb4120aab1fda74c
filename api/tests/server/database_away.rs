//! The database becomes unavailable and returns: the server keeps running, reports it, and recovers by itself.

use std::time::Duration;

use futures_util::future::join_all;
use parking_testkit::TestDatabase;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};
use tokio::sync::mpsc;

use crate::log::{Log, position_of};
use crate::support::{Client, TestServer, UPLINK, eventually};
use crate::uplinks::{self, uplink};

/// ChirpStack's timeout.
const CHIRPSTACK_WAITS: Duration = Duration::from_secs(5);

/// An administrator's connection to another database of the same cluster.
struct Administrator {
    connection: PgConnection,
    database: String,
}

impl Administrator {
    async fn of(database: &TestDatabase) -> Self {
        let options: &PgConnectOptions = &database.database().admin;
        let connection = options.clone().database("postgres").connect().await.unwrap();
        Self { connection, database: options.get_database().unwrap().to_owned() }
    }

    /// Ends every connection to the test's database.
    async fn disconnect_all(&mut self) -> i64 {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = $1";
        sqlx::query_scalar(sql).bind(&self.database).fetch_one(&mut self.connection).await.unwrap()
    }

    async fn allow_connections(&mut self, allow: bool) {
        let sql = format!("alter database {} allow_connections {allow}", self.database);
        self.connection.execute(&*sql).await.unwrap();
    }
}

/// Posts until the report is accepted, which only the server's own recovery can achieve.
async fn accepted_again(client: &Client, body: &str) {
    eventually("the server takes uplinks again", async || {
        let answer = client.post(UPLINK, body).await;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn acknowledged_reports_survive_lost_connections_under_load() {
    let database = TestDatabase::create().await;
    let mut administrator = Administrator::of(&database).await;
    let bodies = uplinks::fleet(100, 30);
    let server = TestServer::start(&database).await;
    let (cut, mut cuts) = mpsc::unbounded_channel();
    let load = uplinks::post_all(&server.client, &bodies, 64, move |acknowledged| {
        if acknowledged % 400 == 0 {
            cut.send(()).unwrap();
        }
    });
    let (outcomes, ended) = tokio::join!(load, async {
        let mut ended = 0;
        while cuts.recv().await.is_some() {
            ended += administrator.disconnect_all().await;
        }
        ended
    });
    assert!(ended > 0);
    let statuses = outcomes.iter().map(|(_, answer)| answer.as_ref().unwrap().status);
    let refused =
        statuses.inspect(|status| assert!(matches!(status, 200 | 503))).filter(|s| *s == 503).count();
    println!("{ended} connections were ended, {refused} of {} uplinks refused", bodies.len());

    let stored = Log::of(&database).bodies().await;
    assert!(uplinks::acknowledged(&outcomes).iter().all(|body| stored[*body] == 1));
    accepted_again(&server.client, &uplink(1000, 0).to_string()).await;
    let again = uplinks::post_all(&server.client, &bodies, 64, |_| {}).await;
    assert_eq!(uplinks::acknowledged(&again).len(), bodies.len());
    let stored = Log::of(&database).bodies().await;
    assert!(bodies.iter().all(|body| stored[body] == 1) && stored.len() == bodies.len() + 1);
}

#[tokio::test]
async fn an_unavailable_database_is_reported_in_time_and_the_server_recovers() {
    let database = TestDatabase::create().await;
    let mut administrator = Administrator::of(&database).await;
    let server = TestServer::start(&database).await;
    server.client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();

    administrator.allow_connections(false).await;
    administrator.disconnect_all().await;
    // A device in memory, a device to load, and many at once.
    let bodies: Vec<_> = (1..=8).flat_map(|device| [uplink(device, 1), uplink(device, 2)]).collect();
    let chirpstack = server.client.waiting(CHIRPSTACK_WAITS);
    let answers = join_all(bodies.iter().map(async |body| chirpstack.post(UPLINK, body.to_string()).await));
    for answer in answers.await {
        assert_eq!(answer.header("retry-after"), "1");
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(matches!(code.as_str(), "database_unavailable" | "unsettled" | "too_slow"), "{answer:?}");
        answer.problem(503, &code);
    }
    // Invalid requests are still refused with their own reason.
    server.client.post(UPLINK, "{").await.problem(400, "malformed_json");

    administrator.allow_connections(true).await;
    for body in &bodies {
        accepted_again(&server.client, &body.to_string()).await;
    }
    let stored = Log::of(&database).bodies().await;
    assert!(stored.len() == bodies.len() + 1 && stored.values().all(|times| *times == 1));
    let path = format!("/api/v6/orphan-devices?min_position={}", position_of(stored.len()));
    let devices = eventually("the projection runs again", async || {
        let answer = server.client.get(&path).await;
        (answer.status == 200).then_some(answer)
    });
    assert_eq!(devices.await.json()["total"], 8);
    assert_eq!(server.client.get("/health").await.status, 200);
}

#[tokio::test]
async fn reads_and_health_checks_report_an_unavailable_database() {
    let database = TestDatabase::create().await;
    let mut administrator = Administrator::of(&database).await;
    let server = TestServer::start(&database).await;
    administrator.allow_connections(false).await;
    administrator.disconnect_all().await;
    let expected = [
        ("/health", "unhealthy"),
        ("/webhooks/health", "unhealthy"),
        ("/api/v6/orphan-devices", "database_unavailable"),
    ];
    let impatient = server.client.waiting(CHIRPSTACK_WAITS);
    for (path, code) in expected {
        let answer = impatient.get(path).await;
        answer.problem(503, code);
        assert_eq!(answer.header("retry-after"), "1", "{path}");
    }
    administrator.allow_connections(true).await;
    for (path, _) in expected {
        assert_eq!(server.client.get(path).await.status, 200, "{path}");
    }
}

/// The database answers, but another session holds the lock that every append needs.
#[tokio::test]
async fn a_locked_log_is_reported_before_the_sender_gives_up() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let mut other = database.database().admin.connect().await.unwrap();
    other.execute("begin; select from log_head for update").await.unwrap();
    let bodies = uplinks::fleet(3, 4);
    let chirpstack = server.client.waiting(CHIRPSTACK_WAITS);
    for (_, answer) in uplinks::post_all(&chirpstack, &bodies, bodies.len(), |_| {}).await {
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    }
    other.execute("rollback").await.unwrap();
    for body in &bodies {
        accepted_again(&server.client, std::str::from_utf8(body).unwrap()).await;
    }
    let stored = Log::of(&database).bodies().await;
    assert!(stored.len() == bodies.len() && stored.values().all(|times| *times == 1));
}
