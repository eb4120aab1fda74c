//! Commands on orphans: claimed, claimed and assigned atomically, or dismissed.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::space;
use crate::support::{Client, TestServer, UPLINK};
use crate::uplinks::{dev_eui, uplink};

async fn hear(client: &Client, device: u32, f_cnt: u32) -> i64 {
    client.post(UPLINK, uplink(device, f_cnt).to_string()).await.accepted()
}

#[tokio::test]
async fn an_orphan_is_claimed_and_assigned_atomically_with_its_reports() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let (here, there) = (space(client, "A-1").await, space(client, "A-2").await);
    hear(client, 1, 0).await;
    let position = hear(client, 1, 1).await;
    let path = format!("/api/v6/orphan-devices/{}", dev_eui(1));
    let orphan = client.ask("GET", &format!("{path}?min_position={position}"), None).await.ok();
    assert_eq!((&orphan["device_name"], &orphan["uplink_count"]), (&json!("Bay 1"), &json!(2)));

    client.ask("POST", &format!("{path}/assign"), None).await.problem(422, "parameter_invalid");
    let body = json!({"type": "sensor", "codec": "browan-tbms100", "reason": "found"});
    let taken = client.ask("POST", &format!("{path}/assign?space_id={here}"), body).await.ok();
    assert_eq!(
        ["name", "codec", "status", "space_code", "uplink_count"].map(|name| taken[name].clone()),
        [json!("Bay 1"), json!("browan-tbms100"), json!("assigned"), json!("A-1"), json!(2)]
    );
    client.ask("GET", &path, None).await.problem(404, "orphan_not_found");
    let uplinks = format!("/api/v6/devices/{}/uplinks", dev_eui(1));
    assert_eq!(client.ask("GET", &uplinks, None).await.ok()["total"], 2);
    client
        .ask("POST", &format!("{path}/assign?space_id={there}"), None)
        .await
        .problem(409, "device_already_claimed");

    // If it cannot be assigned, it is not claimed either.
    let position = hear(client, 2, 0).await;
    let path = format!("/api/v6/orphan-devices/{}", dev_eui(2));
    client
        .ask("POST", &format!("{path}/assign"), json!({"space_id": here}))
        .await
        .problem(409, "place_taken");
    client.ask("GET", &format!("{path}?min_position={position}"), None).await.ok();
    client.ask("POST", &format!("{path}/assign"), json!({"space_id": there, "name": "Second"})).await.ok();
    let silent = format!("/api/v6/orphan-devices/{}/assign", dev_eui(3));
    client.ask("POST", &silent, json!({"space_id": there})).await.problem(404, "orphan_not_found");
}

#[tokio::test]
async fn an_orphan_is_claimed_without_an_assignment() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let path = format!("/api/v6/orphan-devices/{}", dev_eui(1));
    client.ask("POST", &format!("{path}/claim"), None).await.problem(404, "orphan_not_found");
    let position = hear(client, 1, 0).await;
    client.ask("GET", &format!("{path}?min_position={position}"), None).await.ok();
    let key = [("idempotency-key", "claim")];
    let claimed = client.ask_with("POST", &format!("{path}/claim"), &key, json!({"type": "display"})).await;
    let again = client.ask_with("POST", &format!("{path}/claim"), &key, json!({"type": "display"})).await;
    assert_eq!((claimed.status, claimed.ok()), (201, again.ok()));
    assert_eq!((&claimed.ok()["name"], &claimed.ok()["device_type"]), (&json!("Bay 1"), &json!("display")));
    assert_eq!((&claimed.ok()["status"], &claimed.ok()["space_id"]), (&json!("unassigned"), &Value::Null));
    client.ask("POST", &format!("{path}/claim"), None).await.problem(409, "device_already_claimed");
}

#[tokio::test]
async fn a_dismissed_orphan_is_shown_when_it_is_heard_again() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let path = format!("/api/v6/orphan-devices/{}", dev_eui(1));
    client.ask("DELETE", &path, None).await.problem(404, "orphan_not_found");
    hear(client, 1, 0).await;
    let gone = client.ask("DELETE", &path, json!({"reason": "a neighbour's"})).await.ok();
    assert_eq!((&gone["success"], &gone["device_eui"]), (&json!(true), &json!(dev_eui(1).to_uppercase())));
    client.ask("GET", &path, None).await.problem(404, "orphan_not_found");
    assert_eq!(client.ask("GET", "/api/v6/orphan-devices", None).await.ok()["total"], 0);
    let position = hear(client, 1, 1).await;
    client.ask("GET", &format!("{path}?min_position={position}"), None).await.ok();
    client.ask("POST", "/api/v6/devices", json!({"dev_eui": dev_eui(1)})).await.ok();
    client.ask("DELETE", &path, None).await.problem(409, "device_not_orphan");
    client.ask("GET", "/api/v6/orphan-devices/bay", None).await.problem(422, "parameter_invalid");
}
