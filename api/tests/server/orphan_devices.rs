//! `GET /api/v6/orphan-devices`: the fields of a device, the pages, and `min_position`.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::log::{FOUNDATION, Log, position_of};
use crate::support::{Client, TestServer, UPLINK};
use crate::uplinks::{dev_eui, uplink};

async fn post(client: &Client, event: &Value) -> i64 {
    client.post(UPLINK, event.to_string()).await.accepted()
}

/// The only device, as shown at this position.
async fn device_at(client: &Client, position: i64) -> Value {
    let answer = client.get(&format!("/api/v6/orphan-devices?min_position={position}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let list = answer.json();
    assert_eq!(list["total"], 1, "{list}");
    list["orphan_devices"][0].clone()
}

fn gateway(id: &str, rssi: i32, snr: f64) -> Value {
    json!({"gatewayId": id, "rssi": rssi, "snr": snr})
}

#[tokio::test]
async fn an_orphan_is_shown_with_the_last_values_received() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let mut first = uplink(1, 0);
    first["object"] = json!({"occupied": true, "temperature": 21.5});
    first["rxInfo"] = json!([
        gateway("0016c001f1500001", -98, 3.2),
        gateway("0016c001f150000a", -71, 9.8),
        gateway("0016c001f1500003", -112, 12.0),
    ]);
    let position = post(client, &first).await;
    let received = async |sequence: usize| Log::of(&database).whole().await[sequence - 1].received_at();
    let (first_received, device) = (received(1).await, device_at(client, position).await);
    assert_eq!(
        device,
        json!({
            "id": device["id"],
            "dev_eui": dev_eui(1).to_uppercase(),
            "first_seen": first_received,
            "last_seen": first_received,
            "message_count": 1,
            "uplink_count": 1,
            "last_rssi": -71,
            "last_snr": 9.8,
            "last_gateway": "0016C001F150000A",
            "device_profile": "TBMS100",
            "device_name": "Bay 1",
            "last_object": {"occupied": true, "temperature": 21.5},
            "assigned_to_space_id": null,
            "assigned_at": null,
        })
    );

    // Values that the next uplink does not contain are kept.
    let mut second = uplink(1, 1);
    second["deviceInfo"]["deviceName"] = json!("Bay 1 (moved)");
    second["rxInfo"] = json!([{"gatewayId": "0016c001f1500002"}]);
    let device = device_at(client, post(client, &second).await).await;
    assert_eq!(device["first_seen"], json!(first_received));
    assert_eq!(device["last_seen"], json!(received(2).await));
    assert_eq!(device["message_count"], 2);
    assert_eq!((&device["last_rssi"], &device["last_snr"]), (&json!(0), &json!(0.0)), "absent is zero");
    assert_eq!(device["last_gateway"], "0016C001F1500002");
    assert_eq!(device["device_name"], "Bay 1 (moved)");
    assert_eq!(device["last_object"]["occupied"], true);
}

#[tokio::test]
async fn an_orphan_that_has_only_joined_is_shown_without_uplinks() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let mut join = uplink(1, 0);
    for field in ["fCnt", "fPort", "data", "rxInfo", "txInfo", "dr", "adr", "confirmed"] {
        join.as_object_mut().unwrap().remove(field);
    }
    let position = client.post("/webhooks/chirpstack/join", join.to_string()).await.accepted();
    let device = device_at(client, position).await;
    assert_eq!(
        (&device["dev_eui"], &device["message_count"]),
        (&json!(dev_eui(1).to_uppercase()), &json!(0))
    );
    for unknown in ["last_rssi", "last_snr", "last_gateway", "last_object"] {
        assert_eq!(device[unknown], Value::Null, "{unknown}");
    }
}

/// The same transmission reported again: by the same report, or by a late gateway under a new id.
#[tokio::test]
async fn repetitions_are_not_counted() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let first = uplink(1, 7);
    post(client, &first).await;
    client.post(UPLINK, first.to_string()).await.duplicate();
    let mut again = first.clone();
    again["deduplicationId"] = json!("00000000-0000-4000-8000-00000000ffff");
    let position = post(client, &again).await;
    assert_eq!(position, FOUNDATION + 2, "a report of its own is kept");
    assert_eq!(device_at(client, position).await["message_count"], 1);
}

/// A frame with this counter, in a report with this number, which the object also contains.
fn heard(f_cnt: u32, report: u32, rssi: i32) -> Value {
    let mut heard = uplink(1, f_cnt);
    heard["deduplicationId"] = json!(format!("00000000-0000-4000-8000-{report:012x}"));
    heard["object"] = json!({"report": report});
    heard["rxInfo"] = json!([gateway("0016c001f1500001", rssi, 1.0)]);
    heard
}

#[tokio::test]
async fn a_late_frame_is_counted_but_does_not_replace_newer_values() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    post(client, &heard(5, 1, -70)).await;
    post(client, &heard(9, 2, -80)).await;
    let device = device_at(client, post(client, &heard(7, 3, -90)).await).await;
    assert_eq!(device["message_count"], 3);
    assert_eq!((&device["last_rssi"], &device["last_object"]["report"]), (&json!(-80), &json!(2)));
}

/// A late repetition: counter 5 was heard before, and 9 since.
#[tokio::test]
async fn a_late_repetition_does_not_replace_newer_values() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    post(client, &heard(5, 1, -70)).await;
    post(client, &heard(9, 2, -80)).await;
    let device = device_at(client, post(client, &heard(5, 3, -60)).await).await;
    assert_eq!(device["message_count"], 2);
    assert_eq!((&device["last_rssi"], &device["last_object"]["report"]), (&json!(-80), &json!(2)));
}

#[tokio::test]
async fn orphans_are_listed_in_pages_last_heard_first() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let mut position = 0;
    for device in 1..=5 {
        position = post(client, &uplink(device, 0)).await;
    }
    let page = async |query: &str| {
        let answer = client.get(&format!("/api/v6/orphan-devices?min_position={position}&{query}")).await;
        assert_eq!((answer.status, answer.header("x-position")), (200, &*position.to_string()), "{answer:?}");
        answer.json()
    };
    let euis = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["dev_eui"].as_str().unwrap().to_owned()).collect()
    };
    let expected = |devices: &[u32]| -> Vec<String> {
        devices.iter().map(|device| dev_eui(*device).to_uppercase()).collect()
    };

    let first = page("page_size=2").await;
    assert_eq!(euis(&first), expected(&[5, 4]));
    assert_eq!(first["orphan_devices"], first["items"]);
    let numbers = ["total", "count", "page", "page_size", "total_pages", "pages"].map(|name| &first[name]);
    assert_eq!(numbers.map(|number| number.as_i64().unwrap()), [5, 5, 1, 2, 3, 3]);
    assert_eq!(euis(&page("page_size=2&page=3").await), expected(&[1]));
    assert_eq!(euis(&page("page_size=2&page=4").await), expected(&[]));
    let all = page("page=undefined&page_size=undefined&status=null").await;
    assert_eq!((euis(&all), &all["page_size"]), (expected(&[5, 4, 3, 2, 1]), &json!(100)));

    for query in
        ["page=0", "page=-1", "page=x", "page=1.5", "page_size=0", "page_size=501", "min_position=-1"]
    {
        let answer = client.get(&format!("/api/v6/orphan-devices?{query}")).await;
        answer.problem(422, "parameter_invalid");
    }
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let answer = client.get(&format!("/api/v6/orphan-devices?min_position={FOUNDATION}")).await;
    assert_eq!((answer.status, answer.header("x-position")), (200, &*FOUNDATION.to_string()));
    assert_eq!((&answer.json()["items"], &answer.json()["total"]), (&json!([]), &json!(0)));
}

/// Each read directly follows its write: without the wait, some reads would be too early.
#[tokio::test]
async fn a_read_waits_for_min_position() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for f_cnt in 0..200 {
        let position = post(client, &uplink(1, f_cnt)).await;
        assert_eq!(device_at(client, position).await["message_count"], position - FOUNDATION);
    }
    let beyond = client.get(&format!("/api/v6/orphan-devices?min_position={}", position_of(201))).await;
    beyond.problem(422, "position_unknown");
    let far = client.get(&format!("/api/v6/orphan-devices?min_position={}", i64::MAX)).await;
    far.problem(422, "position_unknown");
}
