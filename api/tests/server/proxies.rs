//! Clients behind proxies, and how much they may send: only a trusted proxy says who the client is.

use parking_testkit::TestDatabase;

use crate::support::{Answer, Client, TestServer, UPLINK, parking};
use crate::uplinks::uplink;

const SECRET: &str = "correct-horse-battery-staple";

/// How many wrong credentials of one address are refused as such within a minute, and requests without one are answered.
const WRONG: u32 = 60;
const ANONYMOUS: u32 = 600;

/// A server with a secret that trusts these proxies.
async fn server(database: &TestDatabase, proxies: &str) -> TestServer {
    let mut command = parking(&["up"]);
    command.env("CHIRPSTACK_WEBHOOK_SECRET", SECRET).env("PARKING_TRUSTED_PROXIES", proxies);
    TestServer::launch(command.env("DATABASE_URL", database.url(None)).env("PARKING_LOG", "debug")).await
}

async fn report(client: &Client, address: &str, secret: &str, f_cnt: u32) -> Answer {
    let bearer = format!("Bearer {secret}");
    let headers =
        [("x-forwarded-for", address), ("authorization", &*bearer), ("content-type", "application/json")];
    client.post_with(UPLINK, &headers, uplink(1, f_cnt).to_string()).await
}

/// Fails the test unless the client is told to wait.
fn is_told_to_wait(answer: &Answer) {
    answer.problem(429, "rate_limited");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{answer:?}");
}

#[tokio::test]
async fn who_sends_wrong_secrets_is_told_to_wait_and_a_report_with_the_right_one_never_is() {
    let database = TestDatabase::create().await;
    let server = server(&database, "127.0.0.0/8").await;
    let client = &server.client;
    for n in 0..WRONG {
        report(client, "198.51.100.7", "wrong", n).await.problem(401, "token_wrong");
    }
    let mut last = report(client, "198.51.100.7", "wrong", 0).await;
    while last.status == 401 {
        // One is refilled each second.
        last = report(client, "198.51.100.7", "wrong", 0).await;
    }
    is_told_to_wait(&last);
    // What the client writes itself says nothing: the proxy adds the address at the end.
    let forged = report(client, "203.0.113.9, 198.51.100.7", "wrong", 0).await;
    assert!([401, 429].contains(&forged.status), "{forged:?}");
    report(client, "198.51.100.8", "wrong", 0).await.problem(401, "token_wrong");
    for f_cnt in 0..2 * WRONG {
        report(client, "198.51.100.7", SECRET, f_cnt).await.accepted();
    }
    let log = server.log();
    assert!(log.contains("client=198.51.100.0/24") && !log.contains("198.51.100.7"), "no address is logged");
    assert_eq!(log.lines().filter(|line| line.contains("token_wrong") && line.contains("WARN")).count(), 1);
}

#[tokio::test]
async fn nobody_chooses_an_address_to_escape_a_limit() {
    let database = TestDatabase::create().await;
    let client = &server(&database, "").await.client;
    let mut told = false;
    for n in 0..4 * WRONG {
        let answer = report(client, &format!("198.51.100.{}", n % 250), "wrong", n).await;
        told |= answer.status == 429;
    }
    assert!(told, "the connection says where all of them come from");
}

#[tokio::test]
async fn requests_without_a_credential_have_a_limit_for_each_address() {
    let database = TestDatabase::create().await;
    let client = &server(&database, "127.0.0.1").await.client;
    // A header that nobody checks is no credential, and a path that does not exist checks none.
    let ask = async |address: &str| {
        let headers = [("x-forwarded-for", address), ("authorization", "Bearer a"), ("cookie", "a")];
        client.get_with("/api/v1/uplink-of-nobody", &headers).await
    };
    let mut told = None;
    for _ in 0..4 * ANONYMOUS {
        let answer = ask("2001:db8:1:200::7").await;
        if answer.status == 429 {
            told = Some(answer);
            break;
        }
        assert_eq!(answer.status, 404);
    }
    is_told_to_wait(&told.expect("there is a limit"));
    assert_eq!(ask("2001:db8:1:300::7").await.status, 404, "another subscriber");
    report(client, "2001:db8:1:200::7", SECRET, 0).await.accepted();
    assert_eq!(client.get("/health/live").await.status, 200, "a program of this machine");
}

#[tokio::test]
async fn what_a_proxy_received_unencrypted_is_refused() {
    let database = TestDatabase::create().await;
    let client = &server(&database, "127.0.0.1/32").await.client;
    let with = async |path: &str, scheme: &str| client.get_with(path, &[("x-forwarded-proto", scheme)]).await;
    with("/nowhere", "http").await.problem(403, "https_required");
    with("/api/v6/spaces", "http").await.problem(403, "https_required");
    assert_eq!(with("/health/live", "http").await.status, 200);
    let report =
        [("x-forwarded-proto", "http"), ("x-webhook-token", SECRET), ("content-type", "application/json")];
    client.post_with(UPLINK, &report, uplink(1, 0).to_string()).await.accepted();
}

#[tokio::test]
async fn each_request_leaves_a_line_at_debug_without_its_query() {
    let database = TestDatabase::create().await;
    let server = server(&database, "").await;
    let answer = server.client.get_with("/health/live?token=sesame", &[("x-request-id", "trace-7")]).await;
    assert_eq!(answer.status, 200);
    let log = server.log();
    let line = |line: &&str| line.contains("the request is answered") && line.contains("trace-7");
    let [line] = log.lines().filter(line).collect::<Vec<_>>()[..] else { panic!("{log}") };
    for part in ["DEBUG", "route=\"/health/live\"", "status=200", "client=127.0.0.0/24", "time="] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!log.contains("sesame"));
}
