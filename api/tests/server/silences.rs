//! Silent sensors: detected soon, for all of them, and still silent after a restart.

use parking_testkit::{Role, TestDatabase};
use serde_json::{Value, json};

use crate::devices::space;
use crate::support::{Client, TestServer, UPLINK, eventually};
use crate::uplinks::{dev_eui, uplink};

const SENSORS: u32 = 40;

/// The numbers of devices and of spaces that show a silent sensor.
async fn silent(client: &Client, spaces: &[String]) -> (usize, usize) {
    let devices = client.ask("GET", "/api/v6/devices?page_size=100", None).await.ok();
    let devices =
        devices["items"].as_array().unwrap().iter().filter(|device| device["silent"] == true).count();
    let mut silent = 0;
    for space_id in spaces {
        let state = client
            .ask("GET", &format!("/api/v6/display-policies/spaces/{space_id}/computed-state"), None)
            .await
            .ok();
        silent += usize::from(state.to_string().contains("sensor_silent"));
    }
    (devices, silent)
}

#[tokio::test]
async fn every_heard_sensor_becomes_silent_once_and_stays_silent_after_a_restart() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let mut spaces = Vec::new();
    for n in 0..SENSORS {
        let space_id = space(client, &format!("S-{n}")).await;
        let body = json!({"dev_eui": dev_eui(n), "name": "Bay", "type": "sensor", "heartbeat_sec": 1});
        let device = client.ask("POST", "/api/v6/devices", body).await.ok();
        let path = format!("/api/v6/devices/{}/assign", device["id"].as_str().unwrap());
        client.ask("POST", &path, json!({"space_id": space_id})).await.ok();
        spaces.push(space_id);
    }
    for n in 0..SENSORS {
        client.post(UPLINK, uplink(n, 0).to_string()).await.accepted();
    }
    let all = (SENSORS as usize, SENSORS as usize);
    eventually("all sensors are silent", async || (silent(client, &spaces).await == all).then_some(())).await;
    let noted = "select count(*) from events where event_type = 'DeviceFellSilent'";
    let count: i64 = sqlx::query_scalar(noted).fetch_one(&database.pool(Role::Auditor)).await.unwrap();
    assert_eq!(count, i64::from(SENSORS), "each once");

    let shown = client.ask("GET", "/api/v6/spaces?page_size=100", None).await.ok();
    assert!(server.terminate().await.success());
    let server = TestServer::start(&database).await;
    let position = server.client.ask("POST", "/api/v6/spaces", json!({"code": "LAST"})).await;
    let position = position.header("x-position").to_owned();
    let path = format!("/api/v6/spaces?page_size=100&min_position={position}");
    let after = server.client.ask("GET", &path, None).await.ok();
    let without_last = |list: &Value| -> Vec<Value> {
        let items = list["items"].as_array().unwrap();
        items.iter().filter(|item| item["code"] != "LAST").cloned().collect()
    };
    assert_eq!(without_last(&after), without_last(&shown));
    assert_eq!(silent(&server.client, &spaces).await, all);
}
