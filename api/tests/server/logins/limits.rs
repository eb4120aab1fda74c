//! How much the members of a tenant may send: each is counted, whether it may do what it asks or not, and none keeps out the
//! others.

use parking_testkit::TestDatabase;
use serde_json::json;

use super::people::{PASSWORD, Person, ROOT, join, login, register, start, with_logins};
use crate::support::{Answer, Client, TestServer};

/// The limit of a new tenant, and half of it.
const LIMIT: usize = 100;

/// Sends requests until one is answered 429, and returns how many were answered before.
async fn flood(ask: impl AsyncFn() -> Answer, expected: (u16, &str)) -> usize {
    for n in 0..8 * LIMIT {
        let answer = ask().await;
        if answer.status == 429 {
            answer.problem(429, "rate_limited");
            return n;
        }
        assert_eq!((answer.status, &*answer.code().unwrap_or_default()), expected, "{answer:?}");
    }
    panic!("there is a limit");
}

async fn make_site(client: &Client, person: &Person) -> Answer {
    person.ask(client, "POST", "/api/v6/sites", json!({"name": "North", "slug": "north"})).await
}

#[tokio::test]
async fn what_a_member_may_not_do_counts_and_the_others_are_served() {
    let database = TestDatabase::create().await;
    let server = start(&database).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    let viewer = join(client, &owner, "viewer@quayside.example", "viewer").await;
    let refused = make_site(client, &viewer).await;
    refused.problem(403, "forbidden");
    assert_eq!(refused.header("x-ratelimit-limit"), LIMIT.to_string());
    assert!(server.log().lines().any(|line| line.contains("\"forbidden\"") && line.contains(&viewer.id)));
    let sent = flood(async || make_site(client, &viewer).await, (403, "forbidden")).await;
    assert!(sent + 1 >= LIMIT / 2, "{sent}");

    // The session's own requests are not the tenant's.
    viewer.ask(client, "GET", "/api/auth/me", None).await.ok();
    viewer.ask(client, "GET", "/api/v6/me", None).await.ok();
    // The admins find half of the tenant's requests, and stop the member.
    let member = format!("/api/v6/users/{}", viewer.id);
    owner.ask(client, "GET", &member, None).await.ok();
    let sent = flood(async || owner.ask(client, "GET", "/api/v6/sites", None).await, (200, "")).await;
    assert!(sent > 20, "{sent}");
    owner.ask(client, "POST", "/api/auth/logout", None).await.ok();

    // Nor is a platform admin kept out of a tenant that has used up its requests.
    let root = login(client, ROOT, None).await;
    let headers = [("authorization", &*root.bearer), ("x-tenant-slug", "quayside")];
    let stop = json!({"is_active": false});
    client.ask_with("PATCH", &member, &headers, stop).await.ok();
    viewer.ask(client, "GET", "/api/auth/me", None).await.problem(401, "session_ended");
}

#[tokio::test]
async fn who_names_tenants_of_others_is_told_to_wait() {
    let database = TestDatabase::create().await;
    let server = TestServer::launch(with_logins(&database).env("PARKING_TRUSTED_PROXIES", "127.0.0.1")).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    register(client, "other").await;
    let ask = async |from: &str, slug: &str| {
        let headers = [
            ("authorization", &*owner.bearer),
            ("x-tenant-slug", slug),
            ("x-forwarded-for", from),
            ("x-forwarded-proto", "https"),
        ];
        client.ask_with("GET", "/api/v6/sites", &headers, None).await
    };
    let sent = flood(async || ask("198.51.100.7", "other").await, (403, "not_member")).await;
    assert!(sent >= 60, "{sent}");
    ask("198.51.100.7", "quayside").await.ok();
    ask("198.51.100.8", "other").await.problem(403, "not_member");
}

#[tokio::test]
async fn whoever_shares_an_address_with_a_flood_still_logs_in() {
    let database = TestDatabase::create().await;
    let server = TestServer::launch(with_logins(&database).env("PARKING_TRUSTED_PROXIES", "127.0.0.1")).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    let headers = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")];
    flood(
        async || client.ask_with("POST", "/api/auth/reset-password", &headers, json!({})).await,
        (422, "body_invalid"),
    )
    .await;
    let body = json!({"email": "owner@quayside.example", "password": PASSWORD});
    client.ask_with("POST", "/api/auth/login", &headers, body).await.ok();
    let refresh = json!({"refresh_token": owner.refresh});
    client.ask_with("POST", "/api/auth/refresh", &headers, refresh).await.ok();
    let nothing = async || client.ask_with("POST", "/api/auth/login", &headers, json!({})).await;
    let sent = flood(nothing, (422, "body_invalid")).await;
    assert!(sent <= 70, "{sent}: a login that is none counts as a wrong one");
}
