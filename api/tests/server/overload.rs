//! An overloaded server reports `overloaded`, not an unavailable database.

use futures_util::future::{join_all, select_all};
use parking_testkit::TestDatabase;
use sqlx::{ConnectOptions, Executor};

use crate::support::{TestServer, UPLINK, eventually};
use crate::uplinks::uplink;

/// More concurrent readings than the server has connections for.
const READINGS: usize = 16;
const CONNECTIONS: usize = 8;

#[tokio::test]
async fn reads_without_a_connection_are_overloaded_while_the_database_answers() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    client.ask("GET", "/api/v6/sites", None).await.ok();
    // Each reading holds its connection and waits for the table.
    let mut other = database.database().admin.connect().await.unwrap();
    other.execute("begin; lock table projections.sites in access exclusive mode").await.unwrap();
    let mut waiting: Vec<_> =
        (0..READINGS).map(|_| Box::pin(client.ask("GET", "/api/v6/sites", None))).collect();
    for _ in CONNECTIONS..READINGS {
        let (refused, _, others) = select_all(waiting).await;
        refused.problem(503, "overloaded");
        assert_eq!(refused.header("retry-after"), "1");
        waiting = others;
    }
    for path in ["/health", "/webhooks/health", "/health/ready"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    client.post(UPLINK, uplink(1, 1).to_string()).await.accepted();
    other.execute("rollback").await.unwrap();
    for answer in join_all(waiting).await {
        answer.ok();
    }
    // While there is no room, the log gets no line for each request.
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("overloaded")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(log.matches("a query failed").count(), 0, "{log}");
}

#[tokio::test]
async fn histories_of_unknown_spaces_do_not_wait_for_one_another() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    client.ask("GET", "/api/v6/sites", None).await.ok();
    // As many concurrent requests as connections: each reads, and then checks whether its space exists.
    let mut other = database.database().admin.connect().await.unwrap();
    other.execute("begin; lock table projections.space_history in access exclusive mode").await.unwrap();
    let mut observer = database.database().admin.connect().await.unwrap();
    let paths = (1..=CONNECTIONS).map(|n| format!("/api/v6/spaces/00000000-0000-4000-8000-{n:012}/history"));
    let asked = join_all(paths.map(|path| async move { client.ask("GET", &path, None).await }));
    let release = async {
        let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
        eventually("all of them read", async || {
            let count: i64 = sqlx::query_scalar(waiting).fetch_one(&mut observer).await.unwrap();
            (usize::try_from(count) == Ok(CONNECTIONS)).then_some(())
        })
        .await;
        other.execute("rollback").await.unwrap();
    };
    let (answers, ()) = tokio::join!(asked, release);
    for answer in answers {
        answer.problem(404, "space_not_found");
    }
}
