//! The server dies by SIGKILL at each named point of an append and of a projection, without any loss.

use std::os::unix::process::ExitStatusExt;

use parking_testkit::TestDatabase;

use crate::log::{Log, position_of};
use crate::support::{TestServer, parking};
use crate::uplinks;

const POINTS: [&str; 8] = [
    "append.queued",
    "append.batched",
    "append.committed",
    "append.answered",
    "projection.read",
    "projection.applied",
    "projection.moved",
    "projection.committed",
];

const DEVICES: u32 = 20;
const CONNECTIONS: usize = 4;

/// Posts until the server dies when it reaches the point for the `times`-th time. Acknowledged reports are then in the log.
async fn die_at(database: &TestDatabase, point: &str, times: u32, bodies: &[Vec<u8>]) {
    come_to_rest(database).await;
    let mut command = parking(&["up"]);
    command.env("DATABASE_URL", database.url(None)).env("PARKING_FAILPOINT", format!("{point}:{times}"));
    let server = TestServer::launch(&mut command).await;
    let outcomes = uplinks::post_all(&server.client, bodies, CONNECTIONS, |_| {}).await;
    assert_eq!(server.ended().await.signal(), Some(9), "{point}");
    let stored = Log::of(database).bodies().await;
    for body in uplinks::acknowledged(&outcomes) {
        assert_eq!(stored.get(body), Some(&1), "acknowledged before {point}, and not there once");
    }
}

/// A server without failpoints catches up, so that the next one reaches its failpoint only by new reports.
async fn come_to_rest(database: &TestDatabase) {
    let server = TestServer::start(database).await;
    let path =
        format!("/api/v6/orphan-devices?min_position={}", position_of(Log::of(database).whole().await.len()));
    assert_eq!(server.client.get(&path).await.status, 200);
    assert_eq!(server.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn conformance_47_the_server_may_die_anywhere() {
    let database = TestDatabase::create().await;
    let bodies = uplinks::fleet(DEVICES, 90);
    let mut parts = bodies.chunks(100);
    for point in POINTS {
        for times in [1, 3] {
            die_at(&database, point, times, parts.next().expect("a part for each death")).await;
        }
    }
    // Senders without a response post again; the projections resume at their position.
    let server = TestServer::start(&database).await;
    let outcomes = uplinks::post_all(&server.client, &bodies, CONNECTIONS, |_| {}).await;
    assert_eq!(uplinks::acknowledged(&outcomes).len(), bodies.len());
    assert!(Log::of(&database).bodies().await.values().all(|times| *times == 1));
    let path = format!("/api/v6/orphan-devices?min_position={}", position_of(bodies.len()));
    let devices = server.client.get(&path).await.json();
    assert_eq!(devices["total"], DEVICES);
    for device in devices["items"].as_array().unwrap() {
        assert_eq!(device["message_count"], 90, "{device}");
    }
}
