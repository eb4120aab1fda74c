//! The console's cookies: they count in requests of this server's own page, and in no others.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use super::people::{PASSWORD, ROOT, with_logins};
use crate::support::{Answer, Client, TestServer};

const LISTED: &str = "https://console.example";

/// The cookies that the answer sets, as a browser sends them back.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let ours = set.filter(|cookie| cookie.starts_with("__Host-"));
    let pairs = ours.map(|cookie| {
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        assert!(attributes.starts_with("Path=/; Max-Age="), "{cookie}");
        assert!(attributes.ends_with("; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
        pair.to_owned()
    });
    pairs.collect::<Vec<_>>().join("; ")
}

async fn login(client: &Client, origin: &str) -> Answer {
    let headers = [("x-parking-console", "1"), ("origin", origin)];
    let body = json!({"email": ROOT, "password": PASSWORD});
    client.ask_with("POST", "/api/auth/login", &headers, body).await
}

#[tokio::test]
async fn the_consoles_tokens_are_in_cookies_and_no_script_reads_them() {
    let database = TestDatabase::create().await;
    let server = TestServer::launch(&mut with_logins(&database)).await;
    let client = &server.client;
    let own = format!("http://{}", client.address());
    let answer = login(client, &own).await;
    let kept = cookies(&answer);
    assert_eq!(answer.json()["access_token"], "");
    assert_eq!(answer.json()["refresh_token"], "");
    let page: [&[(&str, &str)]; 2] = [
        &[("cookie", &kept), ("x-parking-console", "1"), ("origin", &own)],
        &[("cookie", &kept), ("x-parking-console", "1"), ("sec-fetch-site", "same-origin")],
    ];
    for headers in page {
        client.ask_with("GET", "/api/auth/me", headers, None::<Value>).await.ok();
    }
    let renewed = client.ask_with("POST", "/api/auth/refresh", page[0], None::<Value>).await;
    let renewed_cookies = cookies(&renewed);
    assert!(renewed.json()["access_token"] == "" && !renewed_cookies.is_empty() && renewed_cookies != kept);
    let headers = [("cookie", &*renewed_cookies), ("x-parking-console", "1"), ("origin", &*own)];
    // After an hour the browser has the refresh token alone.
    let (_, refresh_alone) = renewed_cookies.split_once("; ").unwrap();
    let late = [("cookie", refresh_alone), ("x-parking-console", "1"), ("origin", &*own)];
    for (status, code) in [(200, None), (401, Some("session_ended"))] {
        let out = client.ask_with("POST", "/api/auth/logout", &late, None::<Value>).await;
        assert_eq!((out.status, out.code().as_deref()), (status, code));
        assert_eq!(cookies(&out), "__Host-parking_access=; __Host-parking_refresh=");
    }
    let after = client.ask_with("GET", "/api/auth/me", &headers, None::<Value>).await;
    after.problem(401, "session_ended");
}

#[tokio::test]
async fn a_hostile_page_has_nothing_of_the_consoles_cookies() {
    let database = TestDatabase::create().await;
    let mut command = with_logins(&database);
    let server = TestServer::launch(command.env("PARKING_CORS_ORIGINS", LISTED)).await;
    let client = &server.client;
    let own = format!("http://{}", client.address());
    let kept = cookies(&login(client, &own).await);
    let other_port = "http://127.0.0.1:1";
    for (origin, site, has_header, refusal) in [
        // A form or a link, whose request has no header of its own.
        (Some(&*own), "same-origin", false, (401, "credential_missing")),
        (None, "none", false, (401, "credential_missing")),
        (None, "none", true, (401, "credential_missing")),
        (Some("null"), "cross-site", true, (403, "cross_site")),
        (Some("https://evil.example"), "cross-site", true, (403, "cross_site")),
        (Some(other_port), "same-site", true, (403, "cross_site")),
        // A listed origin brings a token of its own.
        (Some(LISTED), "cross-site", true, (401, "credential_missing")),
    ] {
        let mut headers = vec![("cookie", &*kept), ("sec-fetch-site", site)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        headers.extend(has_header.then_some(("x-parking-console", "1")));
        for (method, path) in [("GET", "/api/v6/sites"), ("POST", "/api/auth/logout")] {
            let answer = client.ask_with(method, path, &headers, None::<Value>).await;
            assert_eq!(
                (answer.status, answer.code().as_deref()),
                (refusal.0, Some(refusal.1)),
                "{headers:?}"
            );
        }
    }
    // Nor does a login from such a page leave cookies.
    let listed = login(client, LISTED).await;
    assert_eq!((listed.status, &*cookies(&listed)), (200, ""));
    assert_ne!(listed.json()["access_token"], "");
}
