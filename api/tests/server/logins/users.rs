//! The members of a tenant: roles, links, and what an admin may not do.

use parking_testkit::TestDatabase;
use serde_json::json;

use super::people::{PASSWORD, ROOT, join, login, register, start};

#[tokio::test]
async fn an_admin_manages_members_up_to_the_own_role() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let owner = register(client, "quayside").await;
    let admin = join(client, &owner, "admin@quayside.example", "admin").await;
    let viewer = join(client, &owner, "viewer@quayside.example", "viewer").await;

    let users = admin.ask(client, "GET", "/api/v6/users", None).await.ok();
    assert_eq!((&users["total"], &users["users"]), (&json!(3), &users["items"]));
    assert_eq!(users["items"][0]["email"], "admin@quayside.example");
    assert_eq!(users["items"][0]["memberships"][0]["role"], "admin");
    let of = |id: &str| format!("/api/v6/users/{id}");
    let promote = async |role: &str| admin.ask(client, "PATCH", &of(&viewer.id), json!({"role": role})).await;
    assert_eq!(promote("operator").await.ok()["role"], "operator");
    promote("owner").await.problem(403, "role_too_low");
    let invite = json!({"email": "x@quayside.example", "role": "owner"});
    admin.ask(client, "POST", "/api/v6/invitations", invite).await.problem(403, "role_too_low");
    let demote = json!({"role": "viewer"});
    admin.ask(client, "PATCH", &of(&owner.id), demote.clone()).await.problem(403, "role_too_low");
    owner.ask(client, "PATCH", &of(&owner.id), demote).await.problem(409, "last_owner");
    owner.ask(client, "DELETE", &of(&owner.id), None).await.problem(409, "last_owner");
    let both = json!({"role": "viewer", "is_active": true});
    owner.ask(client, "PATCH", &of(&admin.id), both).await.problem(422, "body_invalid");

    let locked = admin.ask(client, "PATCH", &of(&viewer.id), json!({"is_active": false})).await.ok();
    assert_eq!((&locked["is_active"], &locked["is_locked_out"]), (&json!(false), &json!(false)));
    viewer.ask(client, "GET", "/api/auth/me", None).await.problem(401, "session_ended");
    admin.ask(client, "PATCH", &of(&viewer.id), json!({"is_active": true})).await.ok();
    login(client, "viewer@quayside.example", None).await;

    // Nothing of it is known to another tenant.
    let other = register(client, "other").await;
    for (method, body) in [("GET", None), ("PATCH", Some(json!({"role": "viewer"}))), ("DELETE", None)] {
        other.ask(client, method, &of(&viewer.id), body).await.problem(404, "user_not_member");
    }
    let link = format!("{}/reset-link", of(&viewer.id));
    other.ask(client, "POST", &link, None).await.problem(404, "user_not_found");
}

#[tokio::test]
async fn a_reset_link_works_once() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let owner = register(client, "quayside").await;
    let viewer = join(client, &owner, "viewer@quayside.example", "viewer").await;
    let admin = join(client, &owner, "admin@quayside.example", "admin").await;
    let path = |id: &str| format!("/api/v6/users/{id}/reset-link");
    admin.ask(client, "POST", &path(&owner.id), None).await.problem(403, "not_permitted");
    let link = admin.ask(client, "POST", &path(&viewer.id), None).await;
    assert_eq!(link.status, 201, "{link:?}");
    let reset = |password: &str| json!({"token": link.json()["token"], "new_password": password});
    let use_link = async |password| client.ask("POST", "/api/auth/reset-password", reset(password)).await;
    use_link("short").await.problem(422, "password_refused");
    use_link("staple the battery").await.ok();
    use_link("staple the battery").await.problem(400, "link_refused");
    viewer.ask(client, "GET", "/api/auth/me", None).await.problem(401, "session_ended");
    let body = json!({"email": "viewer@quayside.example", "password": PASSWORD});
    client.ask("POST", "/api/auth/login", body).await.problem(401, "login_refused");
}

#[tokio::test]
async fn an_invited_user_accepts_by_logging_in() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let (owner, other) = (register(client, "quayside").await, register(client, "other").await);
    let invite = json!({"email": "owner@other.example", "role": "operator"});
    let link = owner.ask(client, "POST", "/api/v6/invitations", invite).await;
    let token = json!({"token": link.json()["token"], "password": "another password"});
    client.ask("POST", "/api/auth/invitations/accept", token.clone()).await.problem(409, "login_to_accept");
    owner
        .ask(client, "POST", "/api/v6/invitations/accept", token.clone())
        .await
        .problem(409, "login_to_accept");
    other.ask(client, "POST", "/api/v6/invitations/accept", token.clone()).await.ok();
    other.ask(client, "POST", "/api/v6/invitations/accept", token).await.problem(400, "link_refused");
    let user =
        other.ask(client, "POST", "/api/auth/switch-tenant", json!({"tenant_slug": "quayside"})).await.ok();
    assert_eq!((&user["tenant_id"], &user["role"]), (&json!(owner.tenant_id), &json!("operator")));
    let me = other.ask(client, "GET", "/api/v6/me", None).await.ok();
    assert_eq!(me["all_tenants"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn only_a_platform_admin_locks_a_user_out() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let (root, owner) = (login(client, ROOT, None).await, register(client, "quayside").await);
    let path = |act: &str| format!("/api/v6/users/{}/{act}", owner.id);
    owner.ask(client, "POST", &path("disable"), None).await.problem(403, "forbidden");
    root.ask(client, "POST", &path("disable"), None).await.ok();
    owner.ask(client, "GET", "/api/auth/me", None).await.problem(401, "session_ended");
    root.ask(client, "POST", &path("enable"), None).await.ok();
    login(client, "owner@quayside.example", None).await;
    root.ask(client, "POST", &format!("/api/v6/users/{}/disable", root.id), None)
        .await
        .problem(403, "not_permitted");
}

/// Who belongs to no tenant cannot log in, and comes back by an invitation.
#[tokio::test]
async fn a_removed_user_comes_back_with_the_password() {
    let database = TestDatabase::create().await;
    let server = start(&database).await;
    let client = &server.client;
    let owner = register(client, "quayside").await;
    let ann = join(client, &owner, "ann@quayside.example", "viewer").await;
    owner.ask(client, "DELETE", &format!("/api/v6/users/{}", ann.id), None).await.ok();
    let invite = json!({"email": "ann@quayside.example", "role": "OPERATOR"});
    let link = owner.ask(client, "POST", "/api/v6/invitations", invite).await.json()["token"].clone();
    let wrong = json!({"token": link, "password": "wrong horse battery", "username": "Ann"});
    client.ask("POST", "/api/auth/invitations/accept", wrong).await.problem(409, "login_to_accept");
    let right = json!({"token": link, "password": PASSWORD, "username": "Ann"});
    let back = client.ask("POST", "/api/auth/invitations/accept", right).await;
    assert_eq!((back.status, &back.json()["user"]["role"]), (201, &json!("operator")), "{back:?}");
    assert_eq!(back.json()["user"]["id"], ann.id.as_str());
}
