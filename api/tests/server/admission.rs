//! A server on loopback serves programs of this machine: no page of another site, and nothing that a proxy passes on.

use parking_testkit::TestDatabase;
use serde_json::json;

use crate::log::Log;
use crate::support::{Client, TestServer, UPLINK, parking};
use crate::uplinks::uplink;

const SECRET: &str = "correct-horse-battery-staple";

const JSON: (&str, &str) = ("content-type", "application/json");

const SPACES: &str = "/api/v6/spaces";

/// A page of this name resolves to 127.0.0.1.
const REBOUND: (&str, &str) = ("host", "rebind.example:8000");

fn body() -> String {
    json!({"code": "A-1"}).to_string()
}

async fn spaces(client: &Client) -> i64 {
    client.ask("GET", SPACES, None).await.ok()["total"].as_i64().unwrap()
}

#[tokio::test]
async fn a_page_whose_name_resolves_to_loopback_gets_nothing() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let others = [
        "rebind.example:8000",
        "rebind.example",
        "192.0.2.7:8000",
        "localhost.rebind.example",
        "",
        "a b",
        "evil@localhost",
        "evil:secret@localhost:8000",
        "@localhost",
        "localhost:abc",
        "localhost:+80",
        "localhost:99999",
        "localhost:80:80",
        "localhost/",
        "[127.0.0.1]",
        "[localhost]",
        "::1",
        "0x7f.1",
    ];
    for name in others {
        for path in [SPACES, "/api/v6/orphan-devices", "/health", "/metrics", "/docs/", "/openapi.json"] {
            client.get_with(path, &[("host", name)]).await.problem(421, "host_unknown");
        }
        let headers = [("host", name), JSON];
        client.ask_raw("POST", SPACES, &headers, body()).await.problem(421, "host_unknown");
        client.post_with(UPLINK, &headers, uplink(1, 0).to_string()).await.problem(421, "host_unknown");
    }
    let target = "GET http://rebind.example/api/v6/spaces HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let answer = client.raw(target.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    for name in [
        "localhost",
        "localhost:",
        "LocalHost:1234",
        "127.0.0.1",
        "127.8.9.1:8000",
        "[::1]:8000",
        "[::ffff:127.0.0.1]",
    ] {
        assert_eq!(client.get_with(SPACES, &[("host", name)]).await.status, 200, "{name}");
    }
    assert_eq!((spaces(client).await, Log::of(&database).size().await), (0, 0));
}

#[tokio::test]
async fn further_names_of_the_server_are_configured() {
    let database = TestDatabase::create().await;
    let mut command = parking(&["up"]);
    command.env("DATABASE_URL", database.url(None)).env("PARKING_ALLOWED_HOSTS", "parking.test, garage");
    let client = &TestServer::launch(&mut command).await.client;
    for name in ["parking.test:8000", "Garage", "localhost"] {
        assert_eq!(client.get_with(SPACES, &[("host", name)]).await.status, 200, "{name}");
    }
    client.get_with(SPACES, &[("host", "other.test")]).await.problem(421, "host_unknown");
}

#[tokio::test]
async fn a_body_must_be_declared_to_be_json() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    // What a page of another site may send without asking first, and what merely contains the word.
    let others = [
        "text/plain",
        "text/plain;json",
        "text/plain; charset=json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=json",
        "text/json",
        "application/json-patch+json",
        "",
    ];
    let headers = others.map(|media_type| vec![("content-type", media_type)]).into_iter().chain([vec![]]);
    for headers in headers {
        println!("{headers:?}");
        client.ask_raw("POST", SPACES, &headers, body()).await.problem(415, "unsupported_media_type");
        let report = uplink(1, 0).to_string();
        client.post_with(UPLINK, &headers, report).await.problem(415, "unsupported_encoding");
    }
    assert_eq!((spaces(client).await, Log::of(&database).size().await), (0, 0));
    for (n, media_type) in ["application/json", "Application/JSON; charset=utf-8"].iter().enumerate() {
        let code = json!({"code": format!("A-{n}")}).to_string();
        assert_eq!(client.ask_raw("POST", SPACES, &[("content-type", media_type)], code).await.status, 201);
    }
}

#[tokio::test]
async fn a_page_of_another_site_sends_no_command() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let own = format!("http://{}", client.address());
    let site = client.ask("POST", "/api/v6/sites", json!({"name": "North", "slug": "north"})).await.ok();
    let site = format!("/api/v6/sites/{}", site["id"].as_str().unwrap());
    let before = Log::of(&database).size().await;
    let (tls, user) = (own.replace("http", "https"), own.replace("http://", "http://evil@"));
    let (page, address) = (format!("{own}/page"), client.address());
    let foreign = [
        ("origin", &*tls),
        ("origin", &*user),
        ("origin", &*page),
        ("origin", &*address),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    for header in foreign {
        println!("{header:?}");
        // A body-less command, one with a body, a report, and a read by a script.
        client.ask_raw("DELETE", &site, &[header], "").await.problem(403, "cross_site");
        client.ask_raw("POST", SPACES, &[header, JSON], body()).await.problem(403, "cross_site");
        let report = uplink(1, 0).to_string();
        client.post_with(UPLINK, &[header, JSON], report).await.problem(403, "cross_site");
        client.get_with(SPACES, &[header]).await.problem(403, "cross_site");
        let pretended = [header, ("sec-fetch-mode", "navigate"), JSON];
        client.ask_raw("POST", SPACES, &pretended, body()).await.problem(403, "cross_site");
    }
    assert_eq!((spaces(client).await, Log::of(&database).size().await), (0, before));
    // A link from another site, and the page with which operations are tried.
    let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    assert_eq!(client.get_with("/docs/", &link).await.status, 200);
    let page = [("origin", &*own), ("sec-fetch-site", "same-origin")];
    assert_eq!(client.ask_raw("POST", SPACES, &[page[0], page[1], JSON], body()).await.status, 201);
    assert!(client.ask_raw("DELETE", &site, &page, "").await.status < 300);
    client.get(&site).await.problem(404, "site_not_found");
}

#[tokio::test]
async fn what_a_proxy_forwards_is_not_from_this_machine() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for name in [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded",
        "X_Forwarded_For",
        "forwarded",
        "via",
        "x-real-ip",
        "x_real_ip",
        "x-client-ip",
    ] {
        let header = (name, "127.0.0.1");
        for path in [SPACES, "/metrics", "/docs/", "/openapi.json"] {
            client.get_with(path, &[header]).await.problem(403, "forwarded");
        }
        client.ask_raw("POST", SPACES, &[header, JSON], body()).await.problem(403, "forwarded");
        let report = uplink(1, 0).to_string();
        client.post_with(UPLINK, &[header, JSON], report).await.problem(403, "forwarded");
        for path in ["/health", "/health/live", "/webhooks/health"] {
            assert_eq!(client.get_with(path, &[header]).await.status, 200, "{path}");
        }
    }
    assert_eq!((spaces(client).await, Log::of(&database).size().await), (0, 0));
}

#[tokio::test]
async fn a_report_with_the_secret_comes_by_any_name_and_media_type() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, SECRET).await;
    let bearer = format!("Bearer {SECRET}");
    let token = ("authorization", &*bearer);
    let (text, proxy) = (("content-type", "text/plain"), ("x-forwarded-for", "10.0.0.7"));
    let requests: [&[(&str, &str)]; 5] = [
        &[token, REBOUND, JSON],
        &[token, ("host", "chirpstack-calls-us-so:8080"), text],
        &[token, REBOUND],
        &[token, proxy, JSON],
        &[token, ("content-type", "application/octet-stream")],
    ];
    for (headers, f_cnt) in requests.iter().zip(0..) {
        server.client.post_with(UPLINK, headers, uplink(1, f_cnt).to_string()).await.accepted();
    }
    let protobuf = server.client.post_with(UPLINK, requests[4], vec![10, 8, 255]).await;
    protobuf.problem(415, "unsupported_encoding");
    let without = server.client.post_with(UPLINK, &[REBOUND, text], uplink(1, 9).to_string()).await;
    without.problem(401, "credential_missing");
    // The rest of the API knows no secret.
    server.client.get_with(SPACES, &[token, REBOUND]).await.problem(421, "host_unknown");
    assert_eq!(Log::of(&database).size().await, requests.len());
}
