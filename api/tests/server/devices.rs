//! Devices over HTTP: claimed, updated, assigned, unassigned and released.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::support::{Client, TestServer, UPLINK};
use crate::uplinks::{dev_eui, uplink};

/// Creates a space on the default site; returns its id.
pub(crate) async fn space(client: &Client, code: &str) -> String {
    let made = client.ask("POST", "/api/v6/spaces", json!({"code": code})).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

/// Claims a device by number; returns its id.
pub(crate) async fn device(client: &Client, n: u32, kind: &str) -> String {
    let body = json!({"dev_eui": dev_eui(n), "name": format!("Device {n}"), "type": kind});
    let made = client.ask("POST", "/api/v6/devices", body).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

fn euis(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["dev_eui"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_device_from_claim_to_release() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space_id = space(client, "A-1").await;
    let body = json!({"dev_eui": "58-a0-cb-00-00-00-00-07", "name": "Bay 7", "type": "sensor", "location": "ramp",
                      "metadata": {"pallet": 4}});
    let made = client.ask("POST", "/api/v6/devices/", body.clone()).await;
    assert_eq!(made.status, 201);
    let made = made.ok();
    let eui = "58A0CB0000000007";
    for (name, expected) in [
        ("dev_eui", json!(eui)),
        ("deveui", json!(eui)),
        ("device_type", json!("sensor")),
        ("category", json!("sensor")),
        ("status", json!("unassigned")),
        ("lifecycle_state", json!("provisioned")),
        ("location", json!("ramp")),
        ("metadata", json!({"pallet": 4})),
        ("enabled", json!(true)),
        ("space_id", Value::Null),
        ("last_seen_at", Value::Null),
    ] {
        assert_eq!(made[name], expected, "{name}");
    }
    client.ask("POST", "/api/devices", body.clone()).await.problem(409, "device_already_claimed");

    let path = format!("/api/v6/devices/{}", made["id"].as_str().unwrap());
    for other in [&*path, "/api/v6/devices/58a0cb0000000007", "/api/devices/58:A0:CB:00:00:00:00:07/"] {
        assert_eq!(client.ask("GET", other, None).await.ok(), made, "{other}");
    }
    let change =
        json!({"name": "Bay 8", "codec": "browan-tbms100", "heartbeat_sec": "1800", "enabled": "no"});
    let changed = client.ask("PUT", &path, change).await.ok();
    assert_eq!(
        ["name", "codec", "heartbeat_sec", "enabled", "location"].map(|name| changed[name].clone()),
        [json!("Bay 8"), json!("browan-tbms100"), json!(1800), json!(false), json!("ramp")]
    );
    assert_eq!(client.ask("PATCH", &path, json!({"name": null})).await.ok()["name"], "Bay 8");

    let assigned = client.ask("POST", &format!("{path}/assign"), json!({"space_id": space_id})).await.ok();
    assert_eq!((&assigned["success"], &assigned["space_id"]), (&json!(true), &json!(space_id)));
    let standing = client.ask("GET", &path, None).await.ok();
    assert_eq!(
        ["status", "lifecycle_state", "space_id", "space_code"].map(|name| standing[name].clone()),
        [json!("assigned"), json!("operational"), json!(space_id), json!("A-1")]
    );
    assert!(standing["assigned_at"].is_string());
    client.ask("POST", &format!("{path}/unassign"), None).await.ok();
    client
        .ask("POST", &format!("{path}/unassign"), json!({"reason": "again"}))
        .await
        .problem(409, "device_not_assigned");
    assert_eq!(client.ask("GET", &path, None).await.ok()["lifecycle_state"], "commissioned");

    let gone = client.ask("DELETE", &path, None).await;
    assert_eq!((gone.status, gone.ok()["dev_eui"].as_str()), (200, Some(eui)));
    client.ask("GET", &path, None).await.problem(404, "device_not_found");
    client.ask("DELETE", &path, None).await.problem(404, "device_not_found");
    assert_eq!(client.ask("POST", "/api/v6/devices", body).await.status, 201, "the EUI is free again");
}

#[tokio::test]
async fn a_retired_device_is_visible_and_its_eui_is_free() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space_id = space(client, "A-1").await;
    let id = device(client, 1, "sensor").await;
    let path = format!("/api/v6/devices/{id}");
    client.ask("POST", &format!("{path}/assign"), json!({"space_id": space_id})).await.ok();
    client.ask("POST", &format!("{path}/retire"), json!({"reason": "broken"})).await.ok();
    let retired = client.ask("GET", &path, None).await.ok();
    assert_eq!((&retired["status"], &retired["space_id"]), (&json!("retired"), &Value::Null));
    assert_eq!(client.ask("GET", "/api/v6/devices", None).await.ok()["total"], 0);
    assert_eq!(client.ask("GET", "/api/v6/devices?status=retired", None).await.ok()["total"], 1);
    device(client, 1, "sensor").await;
    client.ask("PATCH", &format!("{path}/archive?confirm=true"), None).await.ok();
    device(client, 1, "display").await;
    client.ask("POST", &format!("{path}/release"), None).await.ok();
    client.ask("GET", &path, None).await.problem(404, "device_not_found");
}

#[tokio::test]
async fn device_lists_apply_their_filters() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space_id = space(client, "A-1").await;
    let first = device(client, 1, "sensor").await;
    device(client, 2, "sensor").await;
    device(client, 3, "display").await;
    client.ask("POST", &format!("/api/v6/devices/{first}/assign"), json!({"space_id": space_id})).await.ok();
    let upper = |n: u32| dev_eui(n).to_uppercase();
    let (one, two, three) = (upper(1), upper(2), upper(3));
    let site = "00000000-0000-0000-0000-000000000001";
    for (path, expected) in [
        ("/api/v6/devices", vec![&*three, &*two, &*one]),
        ("/api/devices?status=undefined&page=1&page_size=20", vec![&three, &two, &one]),
        ("/api/v6/devices/sensors/", vec![&two, &one]),
        ("/api/v6/devices/displays", vec![&three]),
        ("/api/v6/devices?category=display", vec![&three]),
        ("/api/v6/devices?device_type=sensor&status=assigned", vec![&one]),
        ("/api/v6/devices?status=unassigned", vec![&three, &two]),
        ("/api/v6/devices?status=inactive", vec![&three, &two, &one]),
        ("/api/v6/devices?status=active", vec![]),
        (&format!("/api/v6/devices?site_id={site}"), vec![&one]),
        (&format!("/api/v6/devices?space_id={space_id}"), vec![&one]),
        ("/api/v6/devices?page=2&page_size=2", vec![&one]),
    ] {
        let list = client.ask("GET", path, None).await.ok();
        assert_eq!(euis(&list), expected, "{path}");
        assert_eq!((&list["devices"], list.get("stats")), (&list["items"], None), "{path}");
    }
    let list = client.ask("GET", "/api/v6/devices?include_stats=true&page_size=1", None).await.ok();
    let numbers =
        ["total", "count", "page", "page_size", "total_pages", "pages"].map(|name| list[name].as_i64());
    assert_eq!(numbers, [3, 3, 1, 1, 3, 3].map(Some));
    let stats = json!({"total": 3, "assigned": 1, "unassigned": 2, "active": 0, "inactive": 3});
    assert_eq!((&list["stats"], &list["tenant_id"]), (&stats, &json!(site)));
    let pool = client.ask("GET", "/api/v6/devices/pool/stats", None).await.ok();
    let names = [
        "total_devices",
        "total_assigned",
        "total_unassigned",
        "total_sensors",
        "unassigned_sensors",
        "total_displays",
        "unassigned_displays",
    ];
    assert_eq!(names.map(|name| pool[name].as_i64()), [3, 1, 2, 2, 1, 1, 1].map(Some));
    for query in ["page_size=101", "category=lamp", "site_id=7", "include_stats=perhaps"] {
        client.ask("GET", &format!("/api/v6/devices?{query}"), None).await.problem(422, "parameter_invalid");
    }
}

#[tokio::test]
async fn invalid_devices_are_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let eui = dev_eui(1);
    for (body, code) in [
        (json!({"dev_eui": "TEST1234567890AB", "name": "Test", "type": "sensor"}), "body_invalid"),
        (json!({"dev_eui": "58a0cb000000001", "name": "Short"}), "body_invalid"),
        (json!({"name": "No EUI"}), "body_invalid"),
        (json!({"dev_eui": eui, "type": "lamp"}), "body_invalid"),
        (json!({"dev_eui": eui, "name": " "}), "device_name_invalid"),
        (json!({"dev_eui": eui, "codec": "morse"}), "codec_unknown"),
        (json!({"dev_eui": eui, "heartbeat_sec": 0}), "heartbeat_out_of_bounds"),
        (
            json!({"dev_eui": eui, "display_type": {"f_port": 0, "layout": {"parts": ["red"]}}}),
            "display_port_invalid",
        ),
        (
            json!({"dev_eui": eui, "display_type": {"f_port": 9, "layout": {"parts": []}}}),
            "display_layout_invalid",
        ),
    ] {
        client.ask("POST", "/api/v6/devices", body).await.problem(422, code);
    }
    let path = format!("/api/v6/devices/{}", device(client, 1, "sensor").await);
    client.ask("PUT", &path, json!({"device_type": "display"})).await.problem(409, "device_category_fixed");
    client.ask("PUT", &path, json!({"device_type": "sensor"})).await.ok();
    let assign = format!("{path}/assign");
    client.ask("POST", &assign, None).await.problem(422, "body_invalid");
    client.ask("POST", &assign, json!({"space_id": "7"})).await.problem(422, "body_invalid");
    let nowhere = json!({"space_id": "00000000-0000-4000-8000-000000000009"});
    client.ask("POST", &assign, nowhere).await.problem(404, "space_not_found");
    client.ask("GET", "/api/v6/devices/bay", None).await.problem(422, "parameter_invalid");
    let no_device = "/api/v6/devices/00000000-0000-4000-8000-000000000009";
    client.ask("GET", no_device, None).await.problem(422, "parameter_invalid");
    client
        .ask("PUT", "/api/v6/devices/58a0cb0000000099", json!({"name": "x"}))
        .await
        .problem(404, "device_not_found");
}

#[tokio::test]
async fn a_space_has_one_device_of_each_type_and_a_device_moves_only_with_replace() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let (here, there) = (space(client, "A-1").await, space(client, "A-2").await);
    let assign = async |device: &str, body: Value| {
        client.ask("POST", &format!("/api/v6/devices/{device}/assign"), body).await
    };
    let (first, second) = (device(client, 1, "sensor").await, device(client, 2, "sensor").await);
    let display = device(client, 3, "display").await;
    assign(&first, json!({"space_id": here})).await.ok();
    assign(&first, json!({"space_id": here})).await.ok();
    assign(&second, json!({"space_id": here})).await.problem(409, "place_taken");
    assign(&display, json!({"space_id": here})).await.ok();
    assign(&first, json!({"space_id": there})).await.problem(409, "device_already_assigned");
    assign(&first, json!({"space_id": there, "replace": true})).await.ok();
    assign(&second, json!({"space_id": here})).await.ok();
    client.ask("DELETE", &format!("/api/v6/spaces/{here}"), None).await.ok();
    assign(&second, json!({"space_id": here})).await.problem(404, "space_not_found");
    let left = client.ask("GET", &format!("/api/v6/devices/{second}"), None).await.ok();
    assert_eq!((&left["status"], &left["space_id"]), (&json!("unassigned"), &Value::Null));
}

#[tokio::test]
async fn a_repeated_claim_with_the_same_key_is_executed_once() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let body = json!({"dev_eui": dev_eui(1), "name": "Bay 1"});
    let key = [("idempotency-key", "first")];
    let first = client.ask_with("POST", "/api/v6/devices", &key, body.clone()).await;
    let again = client.ask_with("POST", "/api/v6/devices", &key, body).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!((first.ok(), first.header("x-position")), (again.ok(), again.header("x-position")));
}

#[tokio::test]
async fn uplinks_are_listed_with_their_readings_newest_first() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let path = format!("/api/v6/devices/{}", device(client, 1, "sensor").await);
    let mut positions = Vec::new();
    for f_cnt in 0..3 {
        let mut event = uplink(1, f_cnt);
        if f_cnt == 2 {
            event["data"] = json!("AQ==");
        }
        positions.push(client.post(UPLINK, event.to_string()).await.accepted());
    }
    let position = positions[2];
    let list = client.ask("GET", &format!("{path}/uplinks?min_position={position}"), None).await.ok();
    let newest_first: Vec<_> = positions.iter().rev().map(|position| json!(position)).collect();
    let items = list["uplinks"].as_array().unwrap();
    assert_eq!(items.iter().map(|item| item["position"].clone()).collect::<Vec<_>>(), newest_first);
    let [broken, second, _] = &items[..] else { panic!("{list}") };
    assert_eq!((&broken["reading"], &broken["occupied"]), (&Value::Null, &json!(true)));
    assert!(broken["problem"].as_str().unwrap().contains("bytes"), "{broken}");
    for (name, expected) in [
        ("f_cnt", json!(1)),
        ("f_port", json!(102)),
        ("standing", json!("in_order")),
        ("occupancy", json!("occupied")),
        ("occupied", json!(true)),
        ("battery_v", json!(3.6)),
        ("rssi", json!(-71)),
        ("snr", json!(9.8)),
        ("gateway", json!("0016C001F1500001")),
        ("problem", Value::Null),
    ] {
        assert_eq!(second[name], expected, "{name} of {second}");
    }
    assert_eq!(second["reading"]["codec"]["name"], "browan-tbms100");

    let since = second["received_at"].as_str().unwrap();
    let of = async |query: &str| {
        client.ask("GET", &format!("{path}/uplinks?{query}"), None).await.ok()["total"].as_i64().unwrap()
    };
    assert_eq!(of(&format!("since={since}")).await, 2);
    assert_eq!(of(&format!("until={since}")).await, 1);
    assert_eq!(of("page=2&page_size=2").await, 3);
    client.ask("GET", &format!("{path}/uplinks?since=soon"), None).await.problem(422, "parameter_invalid");
    client
        .ask("GET", "/api/v6/devices/58a0cb0000000099/uplinks", None)
        .await
        .problem(404, "device_not_found");

    let shown = client.ask("GET", &path, None).await.ok();
    assert_eq!(
        (&shown["uplink_count"], &shown["rssi"], &shown["sensor_state"]),
        (&json!(3), &json!(-71), &json!("occupied"))
    );
    assert!(shown["problem"].is_string() && shown["last_seen_at"].is_string());
    let types = client.ask("GET", "/api/v6/devices/device-types?page_size=500", None).await.ok();
    let tbms =
        types["device_types"].as_array().unwrap().iter().find(|row| row["type_code"] == "browan-tbms100");
    assert_eq!((&tbms.unwrap()["ports"], &tbms.unwrap()["heartbeat_sec"]), (&json!([102]), &json!(3600)));
}
