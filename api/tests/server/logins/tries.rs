//! Tries of passwords: who tries too many is told to wait, and nobody else is.

use parking_testkit::TestDatabase;
use serde_json::json;

use super::people::{PASSWORD, register, with_logins};
use crate::support::{Answer, Client, TestServer};

/// A try from this address, as the proxy says.
async fn attempt(client: &Client, from: &str, cookie: &str, password: &str) -> Answer {
    let headers = [("x-forwarded-for", from), ("x-forwarded-proto", "https"), ("cookie", cookie)];
    let body = json!({"email": "owner@quayside.example", "password": password});
    client.ask_with("POST", "/api/auth/login", &headers, body).await
}

#[tokio::test]
async fn a_thousand_wrong_tries_elsewhere_do_not_keep_the_user_out() {
    let database = TestDatabase::create().await;
    let mut command = with_logins(&database);
    let server = TestServer::launch(command.env("PARKING_TRUSTED_PROXIES", "127.0.0.1")).await;
    let client = &server.client;
    register(client, "quayside").await;
    let home = attempt(client, "203.0.113.7", "", PASSWORD).await;
    let set = home.header("set-cookie").to_owned();
    assert!(set.contains("; HttpOnly; SameSite=Strict; Secure"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let mut tried = 0;
    for n in 0..1000_u32 {
        // From many networks, so that the bucket of all logins empties too.
        let from = format!("198.{}.{}.9", n / 200, n % 200);
        tried += u32::from(attempt(client, &from, "", "wrong horse battery").await.status == 401);
    }
    assert!(tried >= 300, "{tried}: each network has its own tries");
    for _ in 0..20 {
        attempt(client, "203.0.113.7", cookie, PASSWORD).await.ok();
    }
    let forged = cookie.replace("parking_device=", "parking_device=0");
    for cookie in ["", &*forged] {
        let from_new = attempt(client, "198.51.100.1", cookie, PASSWORD).await;
        assert!([200, 429].contains(&from_new.status), "{from_new:?}");
    }
}

#[tokio::test]
async fn who_tries_too_often_waits() {
    let database = TestDatabase::create().await;
    let server = TestServer::launch(&mut with_logins(&database)).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    let wrong = json!({"email": "OWNER@quayside.example ", "password": "wrong horse battery"});
    for _ in 0..10 {
        client.ask("POST", "/api/auth/login", wrong.clone()).await.problem(401, "login_refused");
    }
    let refused = client.ask("POST", "/api/auth/login", wrong).await;
    assert!(!refused.header("retry-after").is_empty());
    refused.problem(429, "rate_limited");
    let right = json!({"email": "owner@quayside.example", "password": PASSWORD});
    client.ask("POST", "/api/auth/login", right).await.problem(429, "rate_limited");
    // A stolen session does not try the password for ever either.
    let change = json!({"current_password": "wrong horse battery", "new_password": "staple the battery"});
    for _ in 0..10 {
        let answer = owner.ask(client, "POST", "/api/auth/change-password", change.clone()).await;
        answer.problem(403, "password_wrong");
    }
    let answer = owner.ask(client, "POST", "/api/auth/change-password", change).await;
    answer.problem(429, "rate_limited");
    owner.ask(client, "GET", "/api/auth/me", None).await.ok();
}
