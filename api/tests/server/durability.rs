//! Acknowledged reports are in the log exactly once, even if the server is killed or stopped.

use parking_testkit::TestDatabase;
use tokio::sync::oneshot;

use crate::log::{Log, position_of};
use crate::support::{Client, TestServer};
use crate::uplinks::{self, Outcome};

const CONNECTIONS: usize = 64;

/// Posts until the connections fail, and runs `then` concurrently once `after` uplinks are acknowledged.
async fn under_load<'a, T>(
    client: &Client,
    bodies: &'a [Vec<u8>],
    after: usize,
    event: impl Future<Output = T>,
) -> (Vec<Outcome<'a>>, T) {
    let (reached, wait) = oneshot::channel();
    let mut reached = Some(reached);
    let load = uplinks::post_all(client, bodies, CONNECTIONS, |acknowledged| {
        if acknowledged == after {
            reached.take().map(|reached| reached.send(()));
        }
    });
    tokio::join!(load, async {
        wait.await.expect("enough uplinks are acknowledged");
        event.await
    })
}

/// Every acknowledged uplink is in the log once, and every uplink in the log was sent.
async fn check_kept(log: &Log, outcomes: &[Outcome<'_>]) -> usize {
    let stored = log.bodies().await;
    let acknowledged = uplinks::acknowledged(outcomes);
    let lost = acknowledged.iter().filter(|body| !stored.contains_key(**body)).count();
    assert_eq!(lost, 0, "acknowledged, but not in the log");
    assert!(stored.values().all(|times| *times == 1), "stored twice");
    assert!(stored.keys().all(|body| outcomes.iter().any(|(sent, _)| *sent == body)), "changed");
    acknowledged.len()
}

/// After all uplinks were posted again, including those without a response, each is in the log once.
async fn check_repeatable(database: &TestDatabase, bodies: &[Vec<u8>]) {
    let server = TestServer::start(database).await;
    let outcomes = uplinks::post_all(&server.client, bodies, CONNECTIONS, |_| {}).await;
    let log = Log::of(database);
    assert_eq!(check_kept(&log, &outcomes).await, bodies.len());
    assert_eq!(log.bodies().await.len(), bodies.len());
}

#[tokio::test]
async fn acknowledged_reports_survive_a_kill_under_load() {
    let database = TestDatabase::create().await;
    let bodies = uplinks::fleet(100, 30);
    let server = TestServer::start(&database).await;
    let client = server.client.clone();
    let (outcomes, ()) = under_load(&client, &bodies, 1000, server.kill()).await;

    // Transactions of the killed server have ended when the next server starts.
    let _next = TestServer::start(&database).await;
    let acknowledged = check_kept(&Log::of(&database), &outcomes).await;
    println!("{acknowledged} of {} were acknowledged", bodies.len());
    assert!(acknowledged < bodies.len(), "the server was killed in the middle");
    check_repeatable(&database, &bodies).await;
}

/// The projections also resume at their position and miss no event.
#[tokio::test]
async fn acknowledged_reports_survive_repeated_kills() {
    let database = TestDatabase::create().await;
    let bodies = uplinks::fleet(20, 60);
    for part in bodies.chunks(400) {
        let server = TestServer::start(&database).await;
        let client = server.client.clone();
        let (outcomes, ()) = under_load(&client, part, 100, server.kill()).await;
        let stored = Log::of(&database).bodies().await;
        assert!(uplinks::acknowledged(&outcomes).iter().all(|body| stored.contains_key(*body)));
    }
    check_repeatable(&database, &bodies).await;
    let server = TestServer::start(&database).await;
    let path = format!("/api/v6/orphan-devices?min_position={}", position_of(bodies.len()));
    let devices = server.client.get(&path).await.json();
    assert_eq!(devices["total"], 20);
    for device in devices["items"].as_array().unwrap() {
        assert_eq!(device["message_count"], 60, "{device}");
    }
}

/// The servers do not share memory; the log decides.
#[tokio::test]
async fn two_servers_on_one_database_store_each_uplink_once() {
    let database = TestDatabase::create().await;
    let bodies = uplinks::fleet(50, 10);
    let (one, other) = tokio::join!(TestServer::start(&database), TestServer::start(&database));
    let (ours, theirs) = tokio::join!(
        uplinks::post_all(&one.client, &bodies, 16, |_| {}),
        uplinks::post_all(&other.client, &bodies, 16, |_| {}),
    );
    let answers =
        ours.iter().chain(&theirs).map(|(_, answer)| answer.as_ref().unwrap().json()["status"].clone());
    let accepted = answers.inspect(|status| assert!(status == "accepted" || status == "duplicate"));
    assert_eq!(accepted.filter(|status| status == "accepted").count(), bodies.len());
    assert_eq!(check_kept(&Log::of(&database), &ours).await, bodies.len());
}

#[tokio::test]
async fn a_server_stops_cleanly_under_load() {
    let database = TestDatabase::create().await;
    let bodies = uplinks::fleet(100, 30);
    let server = TestServer::start(&database).await;
    let client = server.client.clone();
    let (outcomes, status) = under_load(&client, &bodies, 1000, server.terminate()).await;

    assert_eq!(status.code(), Some(0));
    let answers = outcomes.iter().filter_map(|(_, answer)| answer.as_ref().ok());
    for answer in answers.filter(|answer| answer.status != 200) {
        assert_eq!(answer.status, 503, "{answer:?}");
    }
    let acknowledged = check_kept(&Log::of(&database), &outcomes).await;
    assert!(acknowledged < bodies.len(), "the server was stopped in the middle");
    check_repeatable(&database, &bodies).await;
}
