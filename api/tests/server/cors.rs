//! Pages of other origins: those of the list may call the server, others get nothing.

use parking_testkit::TestDatabase;

use crate::support::{Answer, Client, TestServer, UPLINK, parking};
use crate::uplinks::uplink;

const CONSOLE: &str = "https://console.example";

const SPACE: &str = "/api/v6/spaces/7";

/// A server for the pages of two origins.
async fn server(database: &TestDatabase) -> TestServer {
    let mut command = parking(&["up"]);
    command.env("PARKING_CORS_ORIGINS", "https://console.example, http://localhost:3000");
    TestServer::launch(command.env("DATABASE_URL", database.url(None))).await
}

async fn preflight(client: &Client, origin: &str, method: &str, headers: &str) -> Answer {
    let request = format!(
        "OPTIONS {SPACE} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\norigin: {origin}\r\nsec-fetch-site: cross-site\r\n\
         access-control-request-method: {method}\r\naccess-control-request-headers: {headers}\r\n\r\n"
    );
    Answer::parse(&client.exchange(request.as_bytes()).await)
}

/// Fails the test unless the answer says nothing to pages of other origins.
fn says_nothing(answer: &Answer) {
    let mut names = answer.headers.keys();
    assert!(names.all(|name| !name.as_str().starts_with("access-control-")), "{answer:?}");
}

#[tokio::test]
async fn a_page_of_a_listed_origin_asks_first_and_without_a_credential() {
    let database = TestDatabase::create().await;
    let client = &server(&database).await.client;
    for origin in [CONSOLE, "http://localhost:3000"] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer =
                preflight(client, origin, method, "content-type,authorization,x-device-fingerprint").await;
            assert_eq!((answer.status, &*answer.body), (200, "OK"));
            for (name, value) in [
                ("access-control-allow-origin", origin),
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
                ("access-control-max-age", "600"),
                ("vary", "Origin"),
            ] {
                assert_eq!(answer.header(name), value, "{answer:?}");
            }
            let names = answer.header("access-control-allow-headers");
            for name in ["Content-Type", "Authorization", "X-API-Key", "X-Tenant-Slug", "Idempotency-Key"] {
                assert!(names.contains(name), "{names}");
            }
        }
    }
    for (method, headers) in [("TRACE", ""), ("GET", "x-evil"), ("GET", "authorization, x-evil")] {
        preflight(client, CONSOLE, method, headers).await.problem(400, "preflight_refused");
    }
}

#[tokio::test]
async fn a_page_of_a_listed_origin_reads_answers_and_refusals() {
    let database = TestDatabase::create().await;
    let client = &server(&database).await.client;
    let page = [("origin", CONSOLE), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")];
    for (path, status) in [("/health", 200), ("/nowhere", 404)] {
        let answer = client.get_with(path, &page).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), CONSOLE);
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        for name in ["X-Position", "X-Log-Id", "X-Request-Id", "X-RateLimit-Remaining", "Retry-After"] {
            assert!(answer.header("access-control-expose-headers").contains(name), "{answer:?}");
        }
        assert_eq!(answer.header("vary"), "Origin");
    }
    // An open server takes the page for nobody: it needs the token of a user.
    client.get_with("/api/v6/sites", &page).await.problem(401, "credential_missing");
    let report = client.post_with(UPLINK, &page, uplink(1, 0).to_string()).await;
    report.problem(403, "cross_site");
    // A cache must know that others get another answer.
    let answer = client.get("/health").await;
    says_nothing(&answer);
    assert_eq!(answer.header("vary"), "Origin");
}

#[tokio::test]
async fn a_page_of_another_origin_gets_nothing() {
    let database = TestDatabase::create().await;
    let client = &server(&database).await.client;
    for origin in [
        "null",
        "*",
        "https://console.example.evil.example",
        "http://console.example",
        "http://localhost:3001",
    ] {
        let answer = preflight(client, origin, "GET", "authorization").await;
        answer.problem(400, "origin_unknown");
        says_nothing(&answer);
        let answer = client.get_with("/health", &[("origin", origin)]).await;
        answer.problem(403, "cross_site");
        says_nothing(&answer);
        let headers = [("origin", origin), ("content-type", "application/json")];
        let answer = client.post_with(UPLINK, &headers, uplink(1, 0).to_string()).await;
        answer.problem(403, "cross_site");
        says_nothing(&answer);
    }
}

#[tokio::test]
async fn without_a_list_there_are_no_other_origins() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let answer = preflight(client, CONSOLE, "GET", "authorization").await;
    answer.problem(400, "origin_unknown");
    says_nothing(&answer);
    let answer = client.get("/health").await;
    says_nothing(&answer);
    assert_eq!(answer.header("vary"), "");
}
