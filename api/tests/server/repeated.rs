//! Repeated requests with an idempotency key, also of commands that changed nothing.

use parking_testkit::TestDatabase;
use serde_json::json;

use crate::devices::space;
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
