//! The dashboard and the recent activity.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::{device, space};
use crate::support::{TestServer, UPLINK};
use crate::uplinks::{dev_eui, uplink};

#[tokio::test]
async fn the_dashboard_agrees_with_the_lists() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let (here, there) = (space(client, "A-1").await, space(client, "A-2").await);
    let sensor = device(client, 1, "sensor").await;
    device(client, 2, "sensor").await;
    device(client, 3, "display").await;
    client.ask("POST", &format!("/api/v6/devices/{sensor}/assign"), json!({"space_id": here})).await.ok();
    client.ask("PUT", &format!("/api/v6/spaces/{there}/state?new_state=maintenance"), None).await.ok();
    let position = client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();

    let path = format!("/api/v6/dashboard/data/?min_position={position}");
    let data = client.ask("GET", &path, None).await.ok();
    let sensors = json!({"total": 2, "assigned": 1, "unassigned": 1, "active": 1, "inactive": 1});
    let displays = json!({"total": 1, "assigned": 0, "unassigned": 1, "active": 0, "inactive": 1});
    assert_eq!(data["devices"], json!({"sensors": sensors, "displays": displays, "total_devices": 3}));
    assert_eq!(data["gateways"], json!({"total": 1, "online": 1, "offline": 0}));
    let spaces = json!({"total_spaces": 2, "total": 2, "free": 0, "occupied": 1, "reserved": 0, "maintenance": 1, "unknown": 0,
                        "available": 0, "occupancy_rate": 50.0});
    assert_eq!(data["spaces"], spaces);
    assert_eq!(
        data["system_health"],
        json!({"status": "healthy", "database": "connected", "pending_commands": 0})
    );
    assert!(data["generated_at"].is_string());
    let recent = &data["recent_activity"][0];
    assert_eq!(
        ["type", "status", "space"].map(|name| recent[name].clone()),
        [json!("space"), json!("state set by hand"), json!("A-2")]
    );
    assert!(recent["actor"].as_str().unwrap().starts_with("user/") && recent["timestamp"].is_string());
    assert_eq!(recent["user"], "Operator");
    let stats = client.ask("GET", "/api/v6/dashboard/stats", None).await.ok();
    assert_eq!((&stats["devices"], &stats["spaces"]), (&data["devices"], &data["spaces"]));
}

#[tokio::test]
async fn activity_is_listed_page_by_page() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    let sensor = device(client, 1, "sensor").await;
    let assign = json!({"space_id": id, "reason": "new here"});
    client.ask("POST", &format!("/api/v6/devices/{sensor}/assign"), assign).await.ok();
    let list = async |query: &str| client.ask("GET", &format!("/api/v6/activity?{query}"), None).await.ok();
    let kinds = |list: &Value| -> Vec<String> {
        let items = list["activity"].as_array().unwrap().iter();
        items.map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
    };
    let all = ["DeviceAssigned", "DeviceClaimed", "SpaceCreated", "SiteCreated", "TenantCreated"];
    let whole = list("").await;
    assert_eq!(kinds(&whole), all);
    let newest = &whole["activity"][0];
    for (name, expected) in [
        ("type", json!("device")),
        ("status", json!("device assigned")),
        ("space", json!("A-1")),
        ("space_id", json!(id)),
        ("device_id", json!(sensor)),
        ("dev_eui", json!(dev_eui(1).to_uppercase())),
        ("summary", json!({"category": "sensor", "reason": "new here"})),
    ] {
        assert_eq!(newest[name], expected, "{name}");
    }
    assert_eq!(kinds(&list("page=2&page_size=2").await), all[2..4]);
    assert_eq!(kinds(&list("kind=SpaceCreated,%20SiteCreated").await), all[2..4]);
    assert_eq!(kinds(&list(&format!("device_id={sensor}")).await), all[..2]);
    assert_eq!(kinds(&list(&format!("space_id={id}")).await), ["DeviceAssigned", "SpaceCreated"]);
    client.ask("GET", "/api/v6/activity?dev_eui=bay", None).await.problem(422, "parameter_invalid");
}
