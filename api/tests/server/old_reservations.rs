//! Reservations that were over long ago, and what a command finds that took long to arrive.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use futures_util::StreamExt;
use futures_util::stream;
use parking_testkit::TestDatabase;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::reservations::{RESERVATIONS, booking, space};
use crate::support::{Client, PATIENCE, TestServer, eventually};

/// More than a space remembers.
const LATER: usize = 33;

async fn booked(client: &Client, body: Value) -> String {
    let made = client.ask("POST", RESERVATIONS, body).await.ok();
    format!("{RESERVATIONS}/{}", made["id"].as_str().unwrap())
}

/// A cancelled reservation, and more than the space remembers after it.
async fn old_reservation(client: &Client, space: &Value) -> String {
    let mut body = booking(space, 8, 10);
    body["user_email"] = json!("ada@example.com");
    body["payment_status"] = json!("paid");
    let old = booked(client, body).await;
    client.ask("DELETE", &old, None).await.ok();
    stream::iter(0..LATER)
        .for_each(|_| async {
            let later = booked(client, booking(space, 8, 10)).await;
            client.ask("DELETE", &later, None).await.ok();
        })
        .await;
    old
}

#[tokio::test]
async fn a_reservation_that_was_over_long_ago_can_be_refunded() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let old = old_reservation(client, &space).await;
    assert_eq!(client.ask("GET", &old, None).await.ok()["status"], "cancelled");

    let key = [("idempotency-key", "refund")];
    for _ in 0..2 {
        let refund = json!({"payment_status": "refunded"});
        let refunded = client.ask_with("PATCH", &old, &key, refund).await.ok();
        assert_eq!(
            (&refunded["payment_status"], &refunded["status"]),
            (&json!("refunded"), &json!("cancelled"))
        );
    }
    // Its guest's data are sealed with the same key as before.
    let noted = client.ask("PUT", &old, json!({"notes": "by card", "user_name": "Ada"})).await.ok();
    assert_eq!(
        ["notes", "user_name", "user_email", "payment_status"].map(|name| noted[name].clone()),
        [json!("by card"), json!("Ada"), json!("ada@example.com"), json!("refunded")]
    );
    let again = client.ask("PUT", &old, json!({"notes": "by card"})).await.ok();
    assert_eq!(again["notes"], "by card");

    for (method, end, body) in [
        ("DELETE", "", json!({})),
        ("DELETE", "", json!({"reason": "ill"})),
        ("PUT", "/cancel", json!({})),
        ("POST", "/check-in", json!({})),
        ("POST", "/check-out", json!({})),
        ("POST", "/reschedule", json!({"end_time": "2035-06-01T11:00:00Z"})),
        ("PATCH", "", json!({"end_time": "2035-06-01T11:00:00Z", "payment_status": "pending"})),
    ] {
        client.ask(method, &format!("{old}{end}"), body).await.problem(409, "reservation_over");
    }
    assert_eq!(client.ask("GET", &old, None).await.ok()["payment_status"], "refunded");
}

#[tokio::test]
async fn the_reservations_of_a_deleted_space_can_be_refunded() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let old = booked(client, booking(&space, 8, 10)).await;
    client.ask("DELETE", &old, None).await.ok();
    client.ask("DELETE", &format!("/api/v6/spaces/{}", space["id"].as_str().unwrap()), None).await.ok();
    let refunded = client.ask("PATCH", &old, json!({"payment_status": "refunded"})).await.ok();
    assert_eq!((&refunded["payment_status"], &refunded["status"]), (&json!("refunded"), &json!("cancelled")));
    client.ask("DELETE", &old, None).await.problem(409, "reservation_over");
    client.ask("POST", RESERVATIONS, booking(&space, 8, 10)).await.problem(404, "space_not_found");
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[tokio::test]
async fn a_window_that_ends_while_the_body_arrives_is_not_booked() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let now = async || -> DateTime<Utc> {
        client.get("/health").await.ok()["timestamp"].as_str().unwrap().parse().unwrap()
    };
    let end = now().await + TimeDelta::seconds(1);
    let body = json!({"space_id": space["id"], "start_time": text(end - TimeDelta::seconds(30)), "end_time": text(end)});
    let body = body.to_string();
    let head = format!(
        "POST {RESERVATIONS} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut slow = TcpStream::connect(client.address()).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&body.as_bytes()[..10]).await.unwrap();
    eventually("the window ends", async || (now().await > end).then_some(())).await;
    slow.write_all(&body.as_bytes()[10..]).await.unwrap();
    let mut answer = String::new();
    let read = timeout(PATIENCE, slow.read_to_string(&mut answer)).await;
    read.expect("the server answers").unwrap();
    assert!(answer.starts_with("HTTP/1.1 422") && answer.contains("ends_in_the_past"), "{answer}");
    let listed = client.ask("GET", RESERVATIONS, None).await.ok();
    assert_eq!(listed["total"], 0);
}
