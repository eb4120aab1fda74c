//! Reads that take the database too long, and read models that cannot follow: refused with a reason.

use parking_testkit::TestDatabase;
use serde_json::json;
use sqlx::{ConnectOptions, Connection, Executor};

use crate::devices::space;
use crate::support::TestServer;

#[tokio::test]
async fn a_slow_read_is_cancelled_and_the_next_one_succeeds() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    space(client, "A-1").await;
    let mut admin = database.database().admin.connect().await.unwrap();
    let mut maintenance = admin.begin().await.unwrap();
    maintenance.execute("lock table projections.spaces in access exclusive mode").await.unwrap();
    let refused = client.ask("GET", "/api/v6/spaces", None).await;
    refused.problem(503, "too_slow");
    let log = server.log();
    // The driver tells of a slow statement itself.
    let lines = log.lines().filter(|line| !line.contains("sqlx::query"));
    let lines: Vec<&str> = lines.filter(|line| line.contains(refused.header("x-request-id"))).collect();
    assert!(lines.len() == 1 && lines[0].contains("a query failed"), "one fault leaves one line: {lines:?}");
    maintenance.rollback().await.unwrap();
    assert_eq!(client.ask("GET", "/api/v6/spaces", None).await.ok()["total"], 1);
}

#[tokio::test]
async fn a_reservation_that_the_read_model_does_not_have_yet_is_not_called_unknown() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let mut admin = database.database().admin.connect().await.unwrap();
    let mut maintenance = admin.begin().await.unwrap();
    maintenance.execute("lock table projections.reservations in exclusive mode").await.unwrap();
    let body = json!({"space_id": space, "start_time": "2031-01-01T10:00:00Z", "end_time": "2031-01-01T11:00:00Z",
                      "user_email": "ada@example.com"});
    let booked = client.ask("POST", "/api/v6/reservations", Some(body)).await.ok();
    let path = format!("/api/v6/reservations/{}", booked["id"].as_str().unwrap());
    let change = || client.ask("PUT", &path, Some(json!({"notes": "late"})));
    change().await.problem(503, "projection_behind");
    maintenance.rollback().await.unwrap();
    change().await.ok();
}
