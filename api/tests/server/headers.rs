//! Headers of requests that may be given once, and the headers of every answer.

use parking_testkit::TestDatabase;
use serde_json::json;

use crate::support::{Answer, TestServer, UPLINK};
use crate::uplinks::uplink;

#[tokio::test]
async fn a_header_that_decides_is_given_once() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let json = ("content-type", "application/json");
    let repeated: [[(&str, &str); 2]; 4] = [
        [json, ("content-type", "text/plain")],
        [json, json],
        [("idempotency-key", "a"), ("idempotency-key", "b")],
        [("authorization", "Bearer a"), ("authorization", "Bearer a")],
    ];
    for headers in &repeated {
        let with_json = |first: bool| headers.iter().copied().chain(first.then_some(json));
        let headers: Vec<_> = with_json(headers[0].0 != "content-type").collect();
        println!("{headers:?}");
        let body = json!({"code": "A-1"}).to_string();
        client.ask_raw("POST", "/api/v6/spaces", &headers, body).await.problem(400, "header_repeated");
        let report = uplink(1, 0).to_string();
        client.post_with(UPLINK, &headers, report).await.problem(400, "header_repeated");
    }
    let spaces = client.ask("GET", "/api/v6/spaces", None).await.ok();
    assert_eq!(spaces["total"], 0);
}

fn is_hardened(answer: &Answer) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), value, "{name} of {answer:?}");
    }
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("script-src 'unsafe-inline'"), "{policy}");
}

#[tokio::test]
async fn every_answer_says_what_browsers_may_do_with_it() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for path in [
        "/health",
        "/health/live",
        "/health/ready",
        "/webhooks/health",
        "/metrics",
        "/openapi.json",
        "/docs/",
        "/docs",
        "/docs/swagger-ui-bundle.js",
        "/api/v6/spaces",
        "/api/v6/spaces?page=x",
        "/nowhere",
    ] {
        is_hardened(&client.get(path).await);
    }
    is_hardened(&client.post(UPLINK, uplink(1, 0).to_string()).await);
    is_hardened(&client.post(UPLINK, "{").await);
    is_hardened(&client.post("/health", "{}").await);
    is_hardened(&client.post("/api/v6/spaces", json!({"code": "A-1"}).to_string()).await);
}

#[tokio::test]
async fn a_request_whose_head_cannot_be_read_gets_a_whole_answer() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let long = "x".repeat(17_000);
    let fields = "x: y\r\n".repeat(101);
    let before = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for (request, status, code) in [
        ("hello\r\n\r\n".to_owned(), 400, "bad_request"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), 400, "bad_request"),
        ("GET /\u{1} HTTP/1.1\r\n\r\n".to_owned(), 400, "bad_request"),
        ("GET / HTTP/3.7\r\n\r\n".to_owned(), 400, "bad_request"),
        ("POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n".to_owned(), 400, "bad_request"),
        (format!("GET / HTTP/1.1\r\nx: {long}\r\n\r\n"), 431, "head_too_large"),
        (format!("GET / HTTP/1.1\r\n{fields}\r\n"), 431, "head_too_large"),
    ] {
        println!("{request:.60?}");
        for (request, answers) in [(request.clone(), 1), (format!("{before}{request}"), 2)] {
            let answer = client.exchange(request.as_bytes()).await;
            assert_eq!(answer.matches("HTTP/1.1 ").count(), answers, "{answer}");
            let answer = Answer::parse(&answer[answer.rfind("HTTP/1.1 ").unwrap()..]);
            answer.problem(status, code);
            is_hardened(&answer);
            assert_eq!(answer.header("connection"), "close");
            assert!(chrono::DateTime::parse_from_rfc2822(answer.header("date")).is_ok(), "{answer:?}");
        }
    }
    assert!(client.get("/metrics").await.body.contains("parking_refusals_total{code=\"head_too_large\"} 4"));
}
