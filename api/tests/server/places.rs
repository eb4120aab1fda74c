//! Sensors and displays assigned by space, and concurrent assignments.

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use parking_testkit::{Role, TestDatabase};
use serde_json::{Value, json};

use crate::devices::{device, space};
use crate::support::{Answer, TestServer, UPLINK, parking};
use crate::uplinks::{dev_eui, uplink};

#[tokio::test]
async fn a_sensor_and_a_display_are_assigned_and_unassigned_repeatedly() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    let path = format!("/api/v6/spaces/{id}");
    let (sensor, display) = (dev_eui(1).to_uppercase(), dev_eui(2).to_uppercase());
    for _ in 0..2 {
        let with = client.ask("POST", &format!("{path}/assign-sensor?sensor_eui={sensor}"), None).await.ok();
        assert_eq!((&with["code"], &with["sensor_eui"]), (&json!("A-1"), &json!(sensor)));
        let with =
            client.ask("POST", &format!("{path}/assign-display?display_eui={display}"), None).await.ok();
        assert_eq!((&with["sensor_eui"], &with["display_eui"]), (&json!(sensor), &json!(display)));
    }
    let claimed = client.ask("GET", &format!("/api/v6/devices/{display}"), None).await.ok();
    assert_eq!((&claimed["device_type"], &claimed["space_code"]), (&json!("display"), &json!("A-1")));
    for (kind, gone) in [("sensor", "sensor_eui"), ("display", "display_eui")] {
        for body in [json!({"reason": "repair"}), Value::Null] {
            let without = client.ask("DELETE", &format!("{path}/unassign-{kind}"), body).await.ok();
            assert_eq!((&without["code"], &without[gone]), (&json!("A-1"), &Value::Null));
        }
    }

    let other = space(client, "A-2").await;
    client.ask("POST", &format!("/api/v6/spaces/{other}/assign-sensor?sensor_eui={sensor}"), None).await.ok();
    for (query, status, code) in [
        (format!("assign-sensor?sensor_eui={sensor}"), 409, "device_already_assigned"),
        (format!("assign-sensor?sensor_eui={display}"), 409, "device_category_fixed"),
        ("assign-sensor?sensor_eui=TEST1234567890AB".to_owned(), 422, "parameter_invalid"),
        ("assign-sensor".to_owned(), 422, "parameter_invalid"),
    ] {
        client.ask("POST", &format!("{path}/{query}"), None).await.problem(status, code);
    }
    let taken = format!("/api/v6/spaces/{other}/assign-sensor?sensor_eui={}", dev_eui(3));
    client.ask("POST", &taken, None).await.problem(409, "place_taken");
    client
        .ask("GET", &format!("/api/v6/devices/{}", dev_eui(3)), None)
        .await
        .problem(404, "device_not_found");
    let nowhere = "/api/v6/spaces/00000000-0000-4000-8000-000000000009";
    client.ask("DELETE", &format!("{nowhere}/unassign-sensor"), None).await.problem(404, "space_not_found");
}

#[tokio::test]
async fn a_space_shows_its_assigned_devices() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    let sensor = device(client, 1, "sensor").await;
    client.ask("POST", &format!("/api/v6/devices/{sensor}/assign"), json!({"space_id": id})).await.ok();
    let position = client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();
    let list = async |query: &str| {
        let path = format!("/api/v6/spaces?min_position={position}{query}");
        client.ask("GET", &path, None).await.ok()["spaces"][0].clone()
    };
    let plain = list("").await;
    assert_eq!(
        ["sensor_device_id", "sensor_state", "display_device_id"].map(|name| plain[name].clone()),
        [json!(sensor), json!("occupied"), Value::Null]
    );
    assert!(plain.get("sensor_device").is_none());
    let with = list("&include_devices=true").await;
    let there =
        json!({"id": sensor, "dev_eui": dev_eui(1).to_uppercase(), "name": "Device 1", "status": "assigned"});
    assert_eq!((&with["sensor_device"], &with["display_device"]), (&there, &Value::Null));
    assert!(with.as_object().unwrap().contains_key("display_device"));
    assert_eq!((&with["display_name"], &with["name"]), (&json!("A-1"), &json!("A-1")));

    let sensors = client.ask("GET", "/api/v6/spaces/sensor-list", None).await.ok();
    let eui = dev_eui(1).to_uppercase();
    assert_eq!(sensors, json!({"sensor_deveuis": [eui], "sensor_to_space": {eui.clone(): id}, "count": 1}));
}

/// The number of successes; all other responses must be this refusal.
fn winners(answers: &[Answer], code: &str) -> usize {
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    for answer in lost {
        answer.problem(409, code);
    }
    won.len()
}

#[tokio::test]
async fn one_of_fifty_concurrent_assignments_of_one_sensor_to_fifty_spaces_succeeds() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let sensor = device(client, 1, "sensor").await;
    let mut spaces = Vec::new();
    for n in 0..50 {
        spaces.push(space(client, &format!("A-{n}")).await);
    }
    let path = &format!("/api/v6/devices/{sensor}/assign");
    let assign = async |space: &String| client.ask("POST", path, json!({"space_id": space})).await;
    let answers = join_all(spaces.iter().map(assign)).await;
    assert_eq!(winners(&answers, "device_already_assigned"), 1);
    let won = answers.iter().find(|answer| answer.status == 200).unwrap().ok();
    let list = client.ask("GET", "/api/v6/spaces/sensor-list", None).await.ok();
    assert_eq!(
        (&list["count"], &list["sensor_to_space"][dev_eui(1).to_uppercase()]),
        (&json!(1), &won["space_id"])
    );
}

#[tokio::test]
async fn one_of_fifty_concurrent_assignments_of_sensors_to_one_space_succeeds() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    let mut sensors = Vec::new();
    for n in 0..50 {
        sensors.push(device(client, n, "sensor").await);
    }
    let id = &id;
    let assign = async |sensor: &String| {
        client.ask("POST", &format!("/api/v6/devices/{sensor}/assign"), json!({"space_id": id})).await
    };
    let answers = join_all(sensors.iter().map(assign)).await;
    assert_eq!(winners(&answers, "place_taken"), 1);
    let won = answers.iter().find(|answer| answer.status == 200).unwrap().ok();
    let shown = client.ask("GET", &format!("/api/v6/spaces/{id}"), None).await.ok();
    assert_eq!(shown["sensor_eui"], won["dev_eui"]);
    assert_eq!(client.ask("GET", "/api/v6/devices?status=assigned", None).await.ok()["total"], 1);
}

#[tokio::test]
async fn as_of_reflects_all_events_before_the_moment_and_refuses_the_future() {
    let database = TestDatabase::create().await;
    // Without a waiting reader, a read model may be up to a second behind.
    let mut command = parking(&["up"]);
    command.env("DATABASE_URL", database.url(None)).env("PARKING_PROJECTION_LINGER_MS", "1000");
    let client = &TestServer::launch(&mut command).await.client;
    let auditor = database.pool(Role::Auditor);
    let id = space(client, "A-1").await;
    let path = format!("/api/v6/spaces/{id}");
    let sensor = dev_eui(1);
    client.ask("POST", &format!("{path}/assign-sensor?sensor_eui={sensor}"), None).await.ok();
    for (f_cnt, (data, state)) in
        (0..6).zip([("Afs4AAAxEQA=", "occupied"), ("APs4AAAxEQA=", "free")].iter().cycle())
    {
        let mut uplink = uplink(1, f_cnt);
        uplink["data"] = json!(data);
        let position = client.post(UPLINK, uplink.to_string()).await.accepted();
        let recorded_at: DateTime<Utc> =
            sqlx::query_scalar("select recorded_at from events where position = $1")
                .bind(position)
                .fetch_one(&auditor)
                .await
                .unwrap();
        let moment = recorded_at.format("%Y-%m-%dT%H:%M:%S%.6fZ");
        let then = client.ask("GET", &format!("{path}?as_of={moment}"), None).await.ok();
        assert_eq!(then["current_state"], *state, "uplink {f_cnt}: {then}");
    }
    for path in [path, "/api/v6/sites/00000000-0000-0000-0000-000000000001/occupancy".to_owned()] {
        let ahead = client.ask("GET", &format!("{path}?as_of=2999-01-01T00:00:00Z"), None).await;
        ahead.problem(422, "parameter_invalid");
    }
}
