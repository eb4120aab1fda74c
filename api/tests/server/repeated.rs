//! Repeated requests with an idempotency key, also of commands that changed nothing.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::{device, space};
use crate::support::{Client, TestServer};

const SITE: &str = "/api/v6/sites/00000000-0000-0000-0000-000000000001";

async fn rename(client: &Client, path: &str, key: &str, name: &str) {
    let key = [("idempotency-key", key)];
    client.ask_with("PUT", path, &key, json!({"name": name})).await.ok();
}

async fn name(client: &Client) -> String {
    client.ask("GET", SITE, None).await.ok()["name"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_repeated_command_that_changed_nothing_does_not_overwrite_what_came_after_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    rename(client, SITE, "first", "Default").await;
    rename(client, SITE, "second", "Harbour").await;
    rename(client, SITE, "first", "Default").await;
    assert_eq!(name(client).await, "Harbour");
    // It is durable, like what changes something.
    server.kill().await;
    let client = &TestServer::start(&database).await.client;
    rename(client, SITE, "first", "Default").await;
    assert_eq!(name(client).await, "Harbour");
    let other = client.ask_with("PUT", SITE, &[("idempotency-key", "first")], json!({"name": "Other"})).await;
    other.problem(409, "request_key_reused");
}

#[tokio::test]
async fn a_repeated_command_over_several_streams_that_changed_nothing_changes_nothing() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    let place = format!("/api/v6/spaces/{id}/unassign-sensor");
    let key = [("idempotency-key", "first")];
    client.ask_with("DELETE", &place, &key, None).await.ok();
    let assign = format!("/api/v6/spaces/{id}/assign-sensor?sensor_eui=58A0CB0000100001");
    client.ask("POST", &assign, None).await.ok();
    client.ask_with("DELETE", &place, &key, None).await.ok();
    let shown = client.ask("GET", &format!("/api/v6/spaces/{id}"), None).await.ok();
    assert_eq!(shown["sensor_eui"], "58A0CB0000100001");
}

#[tokio::test]
async fn a_repeated_command_is_recognised_under_every_path_of_its_operation() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    rename(client, SITE, "first", "Harbour").await;
    rename(client, SITE, "second", "Station").await;
    let (slash, short) = (format!("{SITE}/"), SITE.replacen("/api/v6/", "/api/", 1));
    for path in [&*slash, &short, &format!("{short}/"), &format!("{SITE}?x=undefined")] {
        rename(client, path, "first", "Harbour").await;
        assert_eq!(name(client).await, "Station", "{path}");
    }
}

#[tokio::test]
async fn a_repeated_update_is_not_compared_with_what_is_stored_by_then() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let put = async |path: &str, key: &str, body: &Value| {
        client.ask_with("PUT", path, &[("idempotency-key", key)], body.clone()).await
    };
    let id = space(client, "A").await;
    let path = format!("/api/v6/spaces/{id}");
    let both = json!({"code": "A", "space_number": "B"});
    assert_eq!(put(&path, "codes", &both).await.ok()["code"], "B");
    client.ask("PUT", &path, json!({"code": "C"})).await.ok();
    assert_eq!(put(&path, "codes", &both).await.ok()["code"], "C");
    put(&path, "codes", &json!({"code": "A", "space_number": "D"})).await.problem(409, "request_key_reused");
    put(&path, "other", &both).await.problem(422, "body_invalid");

    let device_id = device(client, 1, "sensor").await;
    let path = format!("/api/v6/devices/{device_id}");
    client.ask("POST", &format!("{path}/assign"), json!({"space_id": id})).await.ok();
    let shown = json!({"name": "Bay", "status": "assigned", "space_id": id});
    let named = put(&path, "name", &shown).await.ok();
    assert_eq!((&named["name"], &named["status"]), (&json!("Bay"), &json!("assigned")));
    client.ask("POST", &format!("{path}/unassign"), None).await.ok();
    assert_eq!(put(&path, "name", &shown).await.ok()["status"], "unassigned");
    client.ask("POST", &format!("{path}/release"), None).await.ok();
    assert_eq!(put(&path, "name", &shown).await.ok()["unread"], true);
}
