//! The format of refusals, and request ids.

use parking_testkit::TestDatabase;

use crate::log::{FOUNDATION, Log};
use crate::support::{TestServer, UPLINK};
use crate::uplinks::uplink;

#[tokio::test]
async fn a_refusal_has_the_content_type_that_its_caller_accepts() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let asked = [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/problem+json", "application/problem+json"),
        ("application/json;q=0.5, application/problem+json", "application/problem+json"),
    ];
    for (accept, content_type) in asked {
        let answer = client.get_with("/nowhere", &[("accept", accept)]).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, content_type), "{accept}");
        assert_eq!(answer.json()["title"], "Not Found");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for path in ["/", "/api/v1/uplinks", "/webhooks/chirpstack", "/%00"] {
        client.get(path).await.problem(404, "not_found");
        client.post(path, "{}").await.problem(404, "not_found");
    }
    for path in [UPLINK, "/api/v1/uplink/", "/webhooks/chirpstack/uplink", "/webhooks/chirpstack/join"] {
        let answer = client.get(path).await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "POST", "{path}");
    }
    for path in ["/health", "/webhooks/health", "/api/v6/orphan-devices"] {
        let answer = client.post(path, "{}").await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET,HEAD", "{path}");
    }
}

#[tokio::test]
async fn a_valid_request_id_is_kept_and_any_other_is_replaced() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let longest = "x".repeat(128);
    for sane in ["a", "0193-7b.c_d:e", &longest] {
        let answer = client.get_with("/nowhere", &[("x-request-id", sane)]).await;
        answer.problem(404, "not_found");
        assert_eq!(answer.header("x-request-id"), sane);
    }
    let too_long = "x".repeat(129);
    for other in ["", "two words", "a\"b", "<script>", "ä", &too_long] {
        let answer = client.get_with("/nowhere", &[("x-request-id", other)]).await;
        answer.problem(404, "not_found");
        assert_ne!(answer.header("x-request-id"), other);
    }
}

#[tokio::test]
async fn the_request_id_is_in_the_response_and_in_the_events_metadata() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let headers = [("content-type", "application/json"), ("x-request-id", "from-the-proxy:1")];
    let answer = client.post_with(UPLINK, &headers, uplink(1, 0).to_string()).await;
    answer.accepted();
    assert_eq!(answer.json()["request_id"], "from-the-proxy:1");
    assert_eq!(answer.header("x-request-id"), "from-the-proxy:1");
    let metadata = Log::of(&database).metadata(FOUNDATION + 1).await;
    assert_eq!(metadata["request_id"], "from-the-proxy:1");
    assert_eq!(metadata["actor"], "chirpstack");
}

#[tokio::test]
async fn a_healthy_server_reports_healthy() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let health = client.get("/health").await;
    assert_eq!((health.status, &health.json()["status"]), (200, &"healthy".into()));
    assert_eq!(health.json()["checks"]["database"], "ok");
    let webhooks = client.get("/webhooks/health").await;
    assert_eq!((webhooks.status, &webhooks.json()["status"]), (200, &"healthy".into()));
}

#[tokio::test]
async fn a_refused_request_leaves_a_line_with_its_id_and_without_what_it_sent() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let refused = [
        client.post("/api/v6/spaces", r#"{"code": ["ada@example.com"]}"#).await,
        client.get("/api/v6/reservations?user_email=ada@example.com&page=0").await,
        client.get("/api/v6/reservations/ada@example.com").await,
        client.get("/nowhere/ada@example.com").await,
        client.post(UPLINK, "{").await,
    ];
    for answer in refused {
        let (id, code) = (answer.header("x-request-id").to_owned(), answer.code().unwrap());
        let log = server.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(&id)).collect();
        let [line] = lines[..] else { panic!("{id}: {lines:?}") };
        let parts = ["INFO", &code, &format!("status={}", answer.status), "method=", "route="];
        assert!(parts.iter().all(|part| line.contains(part)), "{line}");
    }
    assert!(!server.log().contains("ada@"), "{}", server.log());
}

#[tokio::test]
async fn requests_for_nothing_leave_one_line_a_minute() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    for n in 0..20 {
        let path = format!("/{}{n}", "x".repeat(3000));
        server.client.get(&path).await.problem(404, "not_found");
    }
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("not_found")).collect();
    assert!(lines.len() == 1 && lines[0].len() < 500, "{lines:?}");
    // A line for each refusal of an operation.
    for _ in 0..2 {
        let refused = server.client.get("/api/v6/sites?page=0").await;
        assert!(server.log().contains(refused.header("x-request-id")));
    }
}
