//! Tries of passwords: who tries too many is told to wait, and nobody else is.

use parking_testkit::TestDatabase;
use serde_json::json;

use super::people::{PASSWORD, Person, register, with_logins};
use crate::support::{Answer, Client, TestServer};

const WRONG: &str = "wrong horse battery";

/// A try from this address, as the proxy says.
async fn attempt(client: &Client, from: &str, cookie: &str, password: &str) -> Answer {
    let headers = [("x-forwarded-for", from), ("x-forwarded-proto", "https"), ("cookie", cookie)];
    let body = json!({"email": "owner@quayside.example", "password": password});
    client.ask_with("POST", "/api/auth/login", &headers, body).await
}

/// The cookie of the device, as a browser sends it back.
fn device(answer: &Answer) -> String {
    let set = answer.header("set-cookie");
    assert!(set.starts_with("parking_device=") && set.contains("; HttpOnly; SameSite=Strict"), "{answer:?}");
    set.split(';').next().unwrap().to_owned()
}

/// Uses up the tries of the user from the network 203.0.113.0/24. Within a minute one comes back.
async fn use_up(client: &Client) {
    for _ in 0..12 {
        if attempt(client, "203.0.113.200", "", WRONG).await.status == 429 {
            return;
        }
    }
    panic!("a network has ten tries");
}

async fn server(database: &TestDatabase) -> TestServer {
    TestServer::launch(with_logins(database).env("PARKING_TRUSTED_PROXIES", "127.0.0.1")).await
}

/// A new password for the session, from 203.0.113.7.
async fn change(client: &Client, person: &Person, current: &str, new: &str) -> Answer {
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-proto", "https"),
        ("authorization", &*person.bearer),
    ];
    let body = json!({"current_password": current, "new_password": new});
    client.ask_with("POST", "/api/auth/change-password", &headers, body).await
}

#[tokio::test]
async fn a_thousand_wrong_tries_elsewhere_do_not_keep_the_user_out() {
    let database = TestDatabase::create().await;
    let server = server(&database).await;
    let client = &server.client;
    register(client, "quayside").await;
    let home = attempt(client, "203.0.113.7", "", PASSWORD).await;
    assert!(home.header("set-cookie").ends_with("; Secure"), "{home:?}");
    let mut tried = 0;
    for n in 0..1000_u32 {
        // From many networks, so that the bucket of all logins empties too.
        let from = format!("198.{}.{}.9", n / 200, n % 200);
        tried += u32::from(attempt(client, &from, "", WRONG).await.status == 401);
    }
    assert!(tried >= 300, "{tried}: each network has its own tries");
    let cookie = device(&home);
    for _ in 0..20 {
        attempt(client, "203.0.113.7", &cookie, PASSWORD).await.ok();
    }
}

#[tokio::test]
async fn only_a_device_with_its_own_cookie_has_its_own_tries() {
    let database = TestDatabase::create().await;
    let server = server(&database).await;
    let client = &server.client;
    register(client, "quayside").await;
    let cookie = device(&attempt(client, "203.0.113.7", "", PASSWORD).await);
    use_up(client).await;
    let forged = cookie.replace("parking_device=", "parking_device=0");
    for cookie in ["", &*forged, &cookie[..cookie.len() - 1]] {
        attempt(client, "203.0.113.7", cookie, PASSWORD).await.problem(429, "rate_limited");
    }
    attempt(client, "203.0.113.7", &cookie, PASSWORD).await.ok();
    // What is stolen has not many tries, however often its thief moves.
    for n in 0..10 {
        attempt(client, &format!("198.51.{n}.9"), &cookie, WRONG).await.problem(401, "login_refused");
    }
    attempt(client, "198.51.100.9", &cookie, WRONG).await.problem(429, "rate_limited");
}

#[tokio::test]
async fn a_device_is_known_until_the_password_changes() {
    let database = TestDatabase::create().await;
    let server = server(&database).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    let before = device(&attempt(client, "203.0.113.7", "", PASSWORD).await);
    use_up(client).await;
    attempt(client, "203.0.113.7", &before, PASSWORD).await.ok();
    let new = "staple the battery";
    let changed = change(client, &owner, PASSWORD, new).await;
    changed.ok();
    use_up(client).await;
    attempt(client, "203.0.113.7", &before, new).await.problem(429, "rate_limited");
    // The device that changed the password is known with the new one.
    attempt(client, "203.0.113.7", &device(&changed), new).await.ok();
}

#[tokio::test]
async fn whoever_has_logged_in_changes_the_password_whatever_others_try() {
    let database = TestDatabase::create().await;
    let server = server(&database).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    // What this address and this network have is used up, by tries at other users too.
    let headers = [("x-forwarded-for", "203.0.113.7"), ("x-forwarded-proto", "https")];
    for n in 0..60 {
        let body = json!({"email": format!("{n}@quayside.example"), "password": WRONG});
        let answer = client.ask_with("POST", "/api/auth/login", &headers, body).await;
        if answer.status == 429 {
            break;
        }
    }
    use_up(client).await;
    change(client, &owner, WRONG, "staple the battery").await.problem(403, "password_wrong");
    change(client, &owner, PASSWORD, "staple the battery").await.ok();
}

#[tokio::test]
async fn who_tries_too_often_waits() {
    let database = TestDatabase::create().await;
    let server = TestServer::launch(&mut with_logins(&database)).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    let wrong = json!({"email": "OWNER@quayside.example ", "password": WRONG});
    for _ in 0..10 {
        client.ask("POST", "/api/auth/login", wrong.clone()).await.problem(401, "login_refused");
    }
    let refused = client.ask("POST", "/api/auth/login", wrong).await;
    assert!(!refused.header("retry-after").is_empty());
    refused.problem(429, "rate_limited");
    let right = json!({"email": "owner@quayside.example", "password": PASSWORD});
    client.ask("POST", "/api/auth/login", right).await.problem(429, "rate_limited");
    // A stolen session does not try the password for ever either.
    let change = json!({"current_password": WRONG, "new_password": "staple the battery"});
    for _ in 0..10 {
        let answer = owner.ask(client, "POST", "/api/auth/change-password", change.clone()).await;
        answer.problem(403, "password_wrong");
    }
    let answer = owner.ask(client, "POST", "/api/auth/change-password", change).await;
    answer.problem(429, "rate_limited");
    owner.ask(client, "GET", "/api/auth/me", None).await.ok();
}

#[tokio::test]
async fn right_passwords_of_one_user_have_a_limit_too() {
    let database = TestDatabase::create().await;
    let server = server(&database).await;
    let client = &server.client;
    register(client, "quayside").await;
    // A few come back meanwhile.
    for _ in 0..200 {
        let answer = attempt(client, "203.0.113.7", "", PASSWORD).await;
        if answer.status == 429 {
            return answer.problem(429, "rate_limited");
        }
        answer.ok();
    }
    panic!("there is a limit");
}
