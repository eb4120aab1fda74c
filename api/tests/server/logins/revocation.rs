//! Whoever is locked out is out within seconds, in every process, also while projections are stopped.

use parking_testkit::{Role, TestDatabase};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::people::{PASSWORD, Person, REVOKED_WITHIN, ROOT, join, login, register, start};
use crate::support::{Client, PATIENCE};

/// Waits until the person is refused; the refusal's code.
async fn refused(client: &Client, person: &Person) -> String {
    let asked = Instant::now();
    loop {
        let answer = person.ask(client, "GET", "/api/auth/me", None).await;
        if answer.status != 200 {
            return answer.code().unwrap();
        }
        assert!(asked.elapsed() < PATIENCE, "the session goes on");
        sleep(REVOKED_WITHIN / 60).await;
    }
}

#[tokio::test]
async fn a_revocation_reaches_the_other_process_while_projections_are_stopped() {
    let database = TestDatabase::create().await;
    let (one, other) = (start(&database).await, start(&database).await);
    sqlx::query("update projections.checkpoints set status = 'stopped'")
        .execute(&database.pool(Role::Projector))
        .await
        .unwrap();
    let (one, other) = (&one.client, &other.client);
    let root = login(one, ROOT, None).await;
    let owner = register(one, "quayside").await;
    let members = ["ann", "bob", "cid", "dan"].map(|name| format!("{name}@quayside.example"));
    let mut people = Vec::new();
    for email in &members {
        people.push(join(one, &owner, email, "operator").await);
    }
    let again = login(other, &members[3], None).await;
    for person in people.iter().chain([&again]) {
        assert_eq!(person.ask(other, "GET", "/api/auth/me", None).await.status, 200);
    }
    let [out, disabled, removed, changed] = people.try_into().unwrap();

    out.ask(one, "POST", "/api/auth/logout", None).await.ok();
    assert_eq!(refused(other, &out).await, "session_ended");

    let user = format!("/api/v6/users/{}/disable", disabled.id);
    root.ask(one, "POST", &user, json!({"reason": "left"})).await.ok();
    assert_eq!(refused(other, &disabled).await, "session_ended");
    let body = json!({"email": members[1], "password": PASSWORD});
    other.ask("POST", "/api/auth/login", body).await.problem(401, "login_refused");

    owner.ask(one, "DELETE", &format!("/api/v6/users/{}", removed.id), None).await.ok();
    assert_eq!(refused(other, &removed).await, "session_ended");

    // A new password ends the user's other sessions and keeps the one that changed it.
    let body = json!({"current_password": PASSWORD, "new_password": "staple the battery"});
    changed.ask(one, "POST", "/api/auth/change-password", body).await.ok();
    assert_eq!(refused(other, &again).await, "session_ended");
    assert_eq!(changed.ask(other, "GET", "/api/auth/me", None).await.status, 200);
}

#[tokio::test]
async fn a_token_that_is_not_the_platforms_own_is_refused() {
    let database = TestDatabase::create().await;
    let server = start(&database).await;
    let (client, owner) = (&server.client, register(&server.client, "quayside").await);
    let token = owner.bearer.strip_prefix("Bearer ").unwrap();
    let [head, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    // {"alg":"none","typ":"at+jwt"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let forged = [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>()),
        format!("{head}.{claims}A.{signature}"),
        owner.refresh.clone(),
        "a.b.c".to_owned(),
    ];
    for token in &forged {
        let bearer = format!("Bearer {token}");
        for path in ["/api/auth/me", "/api/v6/sites"] {
            let answer = client.ask_with("GET", path, &[("authorization", &bearer)], None).await;
            answer.problem(401, "token_invalid");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    let refresh = json!({"refresh_token": token});
    client.ask("POST", "/api/auth/refresh", refresh).await.problem(401, "token_invalid");
    for secret in
        forged.iter().map(String::as_str).filter(|secret| secret.len() > 20).chain([token, signature])
    {
        assert!(!server.log().contains(secret), "the log has a token");
    }
}
