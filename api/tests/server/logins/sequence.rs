//! What clients do from login to logout.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use super::people::{PASSWORD, Person, ROOT, login, register, start};

/// The steps of V6's comprehensive suite that concern logins, in its order and form.
#[tokio::test]
async fn a_session_from_login_to_logout() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let owner = register(client, "quayside").await;

    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "username=Owner%40Quayside.example&password=correct+horse+battery&grant_type=password";
    let answer = client.ask_raw("POST", "/api/auth/login", &form, body).await;
    let json = answer.ok();
    assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("bearer"), &json!(3600)));
    let user = &json["user"];
    for (name, expected) in [
        ("id", json!(owner.id)),
        ("email", json!("owner@quayside.example")),
        ("username", json!("Owner")),
        ("tenant_id", json!(owner.tenant_id)),
        ("tenant_name", json!("Tenant quayside")),
        ("tenant_slug", json!("quayside")),
        ("role", json!("owner")),
        ("is_platform_admin", json!(false)),
    ] {
        assert_eq!(user[name], expected, "{name}");
    }
    let session = Person::of(&json);
    // The scheme in any letter case.
    let lower = session.bearer.replacen("Bearer", "bearer", 1);
    let me = client.ask_with("GET", "/api/auth/me", &[("authorization", &lower)], None).await.ok();
    assert_eq!(&me, user);
    let refresh = json!({"refresh_token": session.refresh});
    let refreshed = Person::of(&client.ask("POST", "/api/auth/refresh", refresh).await.ok());

    let sites = refreshed.ask(client, "GET", "/api/v6/sites", None).await.ok();
    assert_eq!((&sites["total"], &sites["tenant_id"]), (&json!(1), &json!(owner.tenant_id)), "{sites}");
    let space = refreshed.ask(client, "POST", "/api/v6/spaces", json!({"code": "TEST-001"})).await;
    assert_eq!(space.status, 201, "{space:?}");
    let me = refreshed.ask(client, "GET", "/api/v6/me", None).await.ok();
    assert_eq!(
        (&me["current_tenant"]["slug"], &me["all_tenants"][0]["role"]),
        (&json!("quayside"), &json!("owner"))
    );
    let limits = refreshed.ask(client, "GET", "/api/v6/me/limits", None).await.ok();
    assert_eq!((&limits["quotas"]["max_spaces"], &limits["usage"]["spaces"]), (&json!(100), &json!(1)));

    let out = refreshed.ask(client, "POST", "/api/auth/logout", None).await.ok();
    assert_eq!(out["success"], true);
    for ended in [&session, &refreshed] {
        ended.ask(client, "GET", "/api/auth/me", None).await.problem(401, "session_ended");
    }
    let refresh = json!({"refresh_token": refreshed.refresh});
    client.ask("POST", "/api/auth/refresh", refresh).await.problem(401, "session_ended");
}

#[tokio::test]
async fn a_used_refresh_token_ends_the_session() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let first = register(client, "quayside").await;
    let refresh = async |person: &Person| {
        client.ask("POST", "/api/auth/refresh", json!({"refresh_token": person.refresh})).await
    };
    let second = Person::of(&refresh(&first).await.ok());
    let third = Person::of(&refresh(&second).await.ok());
    refresh(&first).await.problem(401, "session_ended");
    refresh(&third).await.problem(401, "session_ended");
    third.ask(client, "GET", "/api/auth/me", None).await.problem(401, "session_ended");
}

#[tokio::test]
async fn a_login_is_refused_without_telling_why() {
    let database = TestDatabase::create().await;
    let server = start(&database).await;
    let client = &server.client;
    register(client, "quayside").await;
    let attempts = [("owner@quayside.example", "wrong horse battery"), ("nobody@quayside.example", PASSWORD)];
    let mut answers = Vec::new();
    for (email, password) in attempts {
        let body = json!({"email": email, "password": password});
        let answer = client.ask("POST", "/api/auth/login", body).await;
        answer.problem(401, "login_refused");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answers.push(answer.json()["detail"].clone());
    }
    assert_eq!(answers[0], answers[1]);
    for body in [json!({"email": "a@b.c"}), json!({"password": "x"}), json!({"email": "", "password": "x"})] {
        client.ask("POST", "/api/auth/login", body).await.problem(422, "body_invalid");
    }
    let text = [("content-type", "text/plain")];
    client.ask_raw("POST", "/api/auth/login", &text, "{}").await.problem(415, "unsupported_media_type");
    for secret in ["wrong horse", PASSWORD, "nobody@quayside.example", "owner@quayside.example"] {
        assert!(!server.log().contains(secret), "the log has {secret}");
    }
}

#[tokio::test]
async fn a_registration_needs_what_v6_needs_and_a_free_email_and_slug() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let good = json!({
        "email": "ann@example.com", "password": PASSWORD, "username": "Ann", "tenant_name": "Ann's",
        "tenant_slug": "anns",
    });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    for (name, _) in good.as_object().unwrap() {
        let answer = client.ask("POST", "/api/auth/register", with(name, Value::Null)).await;
        answer.problem(422, "body_invalid");
    }
    for (name, value, code) in [
        ("email", "ann", "email_invalid"),
        ("password", "short", "password_refused"),
        ("password", "password1", "password_refused"),
        ("username", "An", "body_invalid"),
        ("tenant_name", "An", "body_invalid"),
        ("tenant_slug", "Not a slug", "tenant_slug_invalid"),
    ] {
        let answer = client.ask("POST", "/api/auth/register", with(name, value.into())).await;
        answer.problem(422, code);
    }
    assert_eq!(client.ask("POST", "/api/auth/register", good.clone()).await.status, 201);
    let same_email = with("tenant_slug", "other".into());
    client.ask("POST", "/api/auth/register", same_email).await.problem(400, "email_taken");
    let same_slug = with("email", "bob@example.com".into());
    client.ask("POST", "/api/auth/register", same_slug).await.problem(400, "slug_taken");
}

#[tokio::test]
async fn the_first_admin_runs_the_platform_and_owns_the_default_tenant() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let root = login(client, ROOT, None).await;
    let me = root.ask(client, "GET", "/api/auth/me", None).await.ok();
    assert_eq!((&me["tenant_slug"], &me["is_platform_admin"]), (&json!("platform"), &json!(true)));
    let jobs = root.ask(client, "GET", "/api/v6/jobs", None).await;
    assert_eq!(jobs.status, 200, "{jobs:?}");

    let owner = login(client, ROOT, Some("default")).await;
    let made = owner.ask(client, "POST", "/api/v6/spaces", json!({"code": "A-1"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    owner.ask(client, "GET", "/api/v6/jobs", None).await.problem(403, "forbidden");
    let limits = owner.ask(client, "GET", "/api/v6/me/limits", None).await.ok();
    assert!(
        limits["quotas"]["max_spaces"].is_null() && limits["rate_limits"]["requests_per_minute"].is_null()
    );

    let switch = json!({"tenant_slug": "platform"});
    let user = owner.ask(client, "POST", "/api/auth/switch-tenant", switch).await.ok();
    assert_eq!(user["is_platform_admin"], true);
    assert_eq!(owner.ask(client, "GET", "/api/v6/jobs", None).await.status, 200);
    let nowhere = json!({"tenant_slug": "nowhere"});
    owner.ask(client, "POST", "/api/auth/switch-tenant", nowhere).await.problem(403, "no_tenant");
}

/// A platform admin names a tenant for one request; the events say for whom.
#[tokio::test]
async fn a_named_tenant_is_one_of_the_callers_or_a_platform_admins() {
    let database = TestDatabase::create().await;
    let client = &start(&database).await.client;
    let (root, owner, other) = (
        login(client, ROOT, None).await,
        register(client, "quayside").await,
        register(client, "other").await,
    );
    let named = |person: &Person| {
        [("authorization", person.bearer.clone()), ("x-tenant-slug", "quayside".to_owned())]
    };
    let ask = async |person: &Person, method: &str, body: Option<Value>| {
        let headers = named(person);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
        client.ask_with(method, "/api/v6/spaces", &headers, body).await
    };
    assert_eq!(ask(&owner, "GET", None).await.status, 200);
    ask(&other, "GET", None).await.problem(403, "not_member");
    let made = ask(&root, "POST", Some(json!({"code": "A-1"}))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let spaces = owner.ask(client, "GET", "/api/v6/spaces", None).await.ok();
    assert_eq!((&spaces["total"], &spaces["tenant_id"]), (&json!(1), &json!(owner.tenant_id)));
    let metadata: Value = sqlx::query_scalar("select metadata from events where event_type = 'SpaceCreated'")
        .fetch_one(&database.pool(parking_testkit::Role::Auditor))
        .await
        .unwrap();
    assert_eq!(metadata["actor"], format!("user/{}", root.id), "{metadata}");
    assert_eq!(metadata["acting_for"], owner.tenant_id, "{metadata}");
    assert!(metadata["session_id"].is_string(), "{metadata}");
}
