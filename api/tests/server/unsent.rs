//! Clients that do not take their answers: what they can make the server hold is bounded, and webhooks are always served.

use std::time::Duration;

use futures_util::future::join_all;
use parking_testkit::TestDatabase;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::support::{Client, PATIENCE, TestServer, UPLINK, eventually};
use crate::uplinks::uplink;

/// Spaces whose documents are as long as is allowed: a page of them has some 8 MB, which fits into a vector of 8 MiB.
const SPACES: usize = 124;

/// Pages that are asked for: twice the budget.
const PAGES: usize = 64;

/// A page of them.
const PAGE: &str = "/api/v6/spaces?page_size=124";

/// How much memory may be added: the budget for unsent answers, and some for answers being made.
const MOST_ADDED: usize = 400 << 20;

/// A connection that asks for this path so many times and never reads.
async fn deaf(client: &Client, path: &str, times: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(client.address().parse().unwrap()).await.unwrap();
    let ask = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(times);
    stream.write_all(ask.as_bytes()).await.unwrap();
    stream
}

/// Waits until the server's memory has stayed the same for half a second.
async fn settled(server: &TestServer) -> usize {
    let mut before = 0;
    let mut same = 0;
    eventually("the server's memory stays the same", async || {
        sleep(Duration::from_millis(100)).await;
        let now = server.resident();
        same = if now.abs_diff(before) < 1 << 20 { same + 1 } else { 0 };
        before = now;
        (same == 5).then_some(now)
    })
    .await
}

/// Reports are accepted before the client gives up.
async fn assert_serves_webhooks(client: &Client, f_cnts: std::ops::Range<u32>) {
    for f_cnt in f_cnts {
        client.post(UPLINK, uplink(1, f_cnt).to_string()).await.accepted();
    }
}

#[tokio::test]
async fn a_document_that_nobody_takes_is_in_memory_once() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    assert_serves_webhooks(client, 1..3).await;
    let before = server.resident();
    let mut open = Vec::new();
    for _ in 0..8 {
        open.extend(join_all((0..50).map(|_| deaf(client, "/openapi.json", 10))).await);
    }
    let added = settled(&server).await.saturating_sub(before);
    assert!(added < 64 << 20, "{} connections added {added} bytes", open.len());
    assert_serves_webhooks(client, 3..6).await;
    assert_eq!(client.get("/openapi.json").await.status, 200);
}

#[tokio::test]
async fn large_answers_that_nobody_takes_have_a_budget_and_give_it_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let own_data = json!({"note": "x".repeat(16_000)});
    let mut position = String::new();
    for n in 0..SPACES {
        let body = json!({"code": format!("A-{n}"), "metadata": own_data, "config": own_data});
        let made = client.ask("POST", "/api/v6/spaces", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        position = made.header("x-position").to_owned();
    }
    let page = client.get(&format!("{PAGE}&min_position={position}")).await;
    assert_eq!((page.status, page.json()["total"].as_u64()), (200, Some(SPACES as u64)));
    client.post(UPLINK, uplink(1, 1).to_string()).await.accepted();
    let before = server.resident();

    let mut open = Vec::new();
    while open.len() < PAGES {
        let some = join_all((0..4).map(|_| deaf(client, PAGE, 1))).await;
        for stream in &some {
            timeout(PATIENCE, stream.readable()).await.expect("the server answers").unwrap();
        }
        open.extend(some);
    }
    let added = settled(&server).await.saturating_sub(before);
    let length = page.body.len();
    assert!(added < MOST_ADDED, "{} connections with {length} bytes each added {added}", open.len());
    assert_serves_webhooks(client, 2..5).await;
    let refused = client.ask("GET", PAGE, None).await;
    refused.problem(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    // Small answers, commands, health checks and metrics are not refused.
    client.ask("GET", "/api/v6/sites", None).await.ok();
    let large = json!({"code": "B-1", "metadata": own_data, "config": own_data});
    assert_eq!(client.ask("POST", "/api/v6/spaces", large).await.status, 201);
    assert_eq!(client.get("/health/live").await.status, 200);
    assert!(client.get("/metrics").await.body.contains("refusals_total{code=\"overloaded\"}"));

    drop(open);
    eventually("the budget is given back", async || (client.get(PAGE).await.status == 200).then_some(()))
        .await;
}
