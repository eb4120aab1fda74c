//! Released, deleted and retired devices: what is shown of them, and what can be done with them.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::{device, space};
use crate::support::{Client, TestServer, UPLINK};
use crate::uplinks::{dev_eui, uplink};

/// Hears the device; the next reads reflect it.
async fn hear(client: &Client, n: u32, f_cnt: u32) {
    let position = client.post(UPLINK, uplink(n, f_cnt).to_string()).await.accepted();
    client.ask("GET", &format!("/api/v6/orphan-devices?min_position={position}"), None).await.ok();
}

async fn orphans(client: &Client) -> Vec<Value> {
    let listed = client.ask("GET", "/api/v6/orphan-devices", None).await.ok();
    listed["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_released_or_deleted_device_is_an_orphan_at_once() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for (n, method, end) in [(1, "POST", "/release"), (2, "DELETE", "")] {
        let id = device(client, n, "sensor").await;
        hear(client, n, 0).await;
        let heard = client.ask("GET", &format!("/api/v6/devices/{id}"), None).await.ok();
        client.ask(method, &format!("/api/v6/devices/{id}{end}"), None).await.ok();
        let path = format!("/api/v6/orphan-devices/{}", dev_eui(n));
        let orphan = client.ask("GET", &path, None).await.ok();
        assert_eq!((&orphan["last_seen"], &orphan["uplink_count"]), (&heard["last_seen_at"], &json!(0)));
        // What it said belongs to its former owner.
        assert_eq!(
            ["last_rssi", "last_object", "device_name"].map(|name| orphan[name].clone()),
            [Value::Null, Value::Null, Value::Null]
        );
        assert_eq!(orphans(client).await.len(), usize::try_from(n).unwrap());
        hear(client, n, 1).await;
        let orphan = client.ask("GET", &path, None).await.ok();
        assert_eq!(
            (&orphan["uplink_count"], &orphan["device_name"]),
            (&json!(1), &json!(format!("Bay {n}")))
        );
    }
    let taken = format!("/api/v6/orphan-devices/{}/claim", dev_eui(1));
    let taken = client.ask("POST", &taken, None).await.ok();
    assert_eq!(taken["uplink_count"], 1);
    assert_eq!(orphans(client).await.len(), 1);
}

#[tokio::test]
async fn a_device_that_was_never_heard_is_no_orphan_when_it_is_released() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = device(client, 1, "sensor").await;
    client.ask("DELETE", &format!("/api/v6/devices/{id}"), None).await.ok();
    assert_eq!(orphans(client).await.len(), 0);
    let path = format!("/api/v6/orphan-devices/{}", dev_eui(1));
    client.ask("GET", &path, None).await.problem(404, "orphan_not_found");
}

#[tokio::test]
async fn commands_on_a_retired_device_say_that_it_is_retired() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space_id = space(client, "A-1").await;
    let id = device(client, 1, "sensor").await;
    hear(client, 1, 0).await;
    let path = format!("/api/v6/devices/{id}");
    client.ask("POST", &format!("{path}/retire"), None).await.ok();
    assert_eq!(client.ask("GET", &path, None).await.ok()["status"], "retired");
    for (method, end, body) in [
        ("PUT", "", json!({"name": "Bay 2"})),
        ("PATCH", "", json!({"name": "Bay 2"})),
        ("POST", "/assign", json!({"space_id": space_id})),
        ("POST", "/unassign", json!({})),
    ] {
        let refused = client.ask(method, &format!("{path}{end}"), body).await;
        refused.problem(409, "device_retired");
    }
    client.ask("POST", &format!("{path}/retire"), None).await.ok();
    client.ask("PATCH", &format!("{path}/archive?confirm=true"), None).await.ok();
    // Nobody was told of it since it was retired.
    assert_eq!(orphans(client).await.len(), 0);
    hear(client, 1, 1).await;
    assert_eq!(orphans(client).await[0]["uplink_count"], 1);
    assert_eq!(client.ask("GET", &path, None).await.ok()["status"], "retired");
    client.ask("DELETE", &path, None).await.ok();
    client.ask("GET", &path, None).await.problem(404, "device_not_found");
    client.ask("DELETE", &path, None).await.problem(404, "device_not_found");
    // Its report since the retirement is nobody's yet, and the next owner's.
    assert_eq!(orphans(client).await[0]["uplink_count"], 1);
    device(client, 1, "sensor").await;
    assert_eq!(client.ask("GET", &path, None).await.ok()["uplink_count"], 1);
    assert_eq!(client.ask("GET", &format!("{path}/uplinks"), None).await.ok()["total"], 1);
}

#[tokio::test]
async fn a_command_that_is_not_confirmed_changes_nothing() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space_id = space(client, "A-1").await;
    let id = device(client, 1, "sensor").await;
    let archive = format!("/api/v6/devices/{id}/archive");
    for confirm in ["confirm=false", "confirm=0", "confirm=", "confirm", "confirm=No", "confirm=null"] {
        let refused = client.ask("PATCH", &format!("{archive}?{confirm}"), None).await;
        refused.problem(422, "parameter_invalid");
        let refused = client.ask("DELETE", &format!("/api/v6/spaces/{space_id}?{confirm}"), None).await;
        refused.problem(422, "parameter_invalid");
    }
    assert_eq!(client.ask("GET", &format!("/api/v6/devices/{id}"), None).await.ok()["status"], "unassigned");
    client.ask("GET", &format!("/api/v6/spaces/{space_id}"), None).await.ok();
    for confirm in ["?confirm=true", "?confirm=1", ""] {
        client.ask("PATCH", &format!("{archive}{confirm}"), None).await.ok();
        assert_eq!(client.ask("GET", &format!("/api/v6/devices/{id}"), None).await.ok()["status"], "retired");
        device(client, 1, "sensor").await;
    }
}
