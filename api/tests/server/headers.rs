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
