//! Names and aliases, places and forms of fields in requests: what is read, and what is refused and not passed over.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::{device, space};
use crate::reservations::RESERVATIONS;
use crate::support::{TestServer, UPLINK};
use crate::uplinks::{dev_eui, uplink};

const UNKNOWN: &str = "00000000-0000-0000-0000-0000000000ff";

#[tokio::test]
async fn equal_values_of_a_field_are_one() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let both = json!({"code": "A-1", "space_number": "A-1", "status": "occupied", "state": "OCCUPIED"});
    let made = client.ask("POST", "/api/v6/spaces", both).await.ok();
    assert_eq!((&made["code"], &made["status"]), (&json!("A-1"), &json!("occupied")));
    let differ = json!({"code": "A-2", "space_number": "A-3"});
    client.ask("POST", "/api/v6/spaces", differ).await.problem(422, "body_invalid");
    let both = json!({"dev_eui": dev_eui(1), "deveui": dev_eui(1).to_uppercase(), "type": "sensor", "device_type": "sensor"});
    assert_eq!(client.ask("POST", "/api/v6/devices", both).await.ok()["dev_eui"], dev_eui(1).to_uppercase());
    let both = json!({"spaceId": made["id"], "space_id": made["id"], "start_time": "2035-06-05T10:00",
                      "startTime": "2035-06-05 12:00+02:00", "end_time": "2035-06-05T11:00Z", "endTime": null});
    let booked = client.ask("POST", RESERVATIONS, both).await.ok();
    assert_eq!(booked["start_time"], "2035-06-05T10:00:00Z");

    let path = format!("/api/v6/spaces/{}", made["id"].as_str().unwrap());
    let put = |body: Value| client.ask("PUT", &path, body);
    assert_eq!(put(json!({"code": "A-1", "space_number": "A-4"})).await.ok()["code"], "A-4");
    assert_eq!(put(json!({"code": "A-5", "space_number": "A-4"})).await.ok()["code"], "A-5");
    put(json!({"code": "A-6", "space_number": "A-7"})).await.problem(422, "body_invalid");
    put(json!({"code": 7, "space_number": "A-5"})).await.problem(422, "body_invalid");
    assert_eq!(client.ask("GET", &path, None).await.ok()["code"], "A-5");
    client.ask("PUT", &path, None).await.problem(422, "body_invalid");
}

#[tokio::test]
async fn a_place_that_the_path_and_the_request_name_is_the_same() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let here = space(client, "A-1").await;
    let site = client.ask("GET", &format!("/api/v6/spaces/{here}"), None).await.ok()["site_id"].clone();
    let of_site = format!("/api/v6/sites/{}/spaces", site.as_str().unwrap());
    client.ask("POST", &of_site, json!({"code": "A-2", "site_id": site})).await.ok();
    client
        .ask("POST", &of_site, json!({"code": "A-3", "site_id": UNKNOWN}))
        .await
        .problem(422, "body_invalid");
    client.ask("GET", &format!("{of_site}?site_id={UNKNOWN}"), None).await.problem(422, "parameter_invalid");
    let block = json!({"space_id": UNKNOWN, "override_type": "blocked"});
    let overrides = format!("/api/v6/spaces/{here}/overrides");
    client.ask("POST", &overrides, block).await.problem(422, "body_invalid");
    let state = format!("/api/v6/spaces/{here}/state?new_state=free");
    client.ask("PUT", &state, json!({"status": "occupied"})).await.problem(422, "body_invalid");
    client.ask("PUT", &state, json!({"status": "free"})).await.ok();
    let booking = json!({"space_id": here, "start_time": "2035-06-05T10:00", "end_time": "2035-06-05T11:00"});
    let booked = client.ask("POST", RESERVATIONS, booking).await.ok();
    let path = format!("{RESERVATIONS}/{}", booked["id"].as_str().unwrap());
    let moved = json!({"space_id": UNKNOWN, "start_time": "2035-06-05T10:30"});
    client.ask("PUT", &path, moved.clone()).await.problem(422, "body_invalid");
    client.ask("POST", &format!("{path}/reschedule"), moved).await.problem(422, "body_invalid");

    for (n, call) in [(5, "claim".to_owned()), (6, format!("assign?space_id={here}"))] {
        let position = client.post(UPLINK, uplink(n, 0).to_string()).await.accepted();
        let path = format!("/api/v6/orphan-devices/{}", dev_eui(n));
        let claim = format!("{path}/{call}");
        let another = json!({"dev_eui": "BBBBBBBBBBBBBBBB"});
        client.ask("POST", &claim, another).await.problem(422, "body_invalid");
        client.ask("GET", &format!("{path}?min_position={position}"), None).await.ok();
        let same = json!({"deveui": dev_eui(n).to_uppercase()});
        assert!(client.ask("POST", &claim, same).await.status < 300, "{claim}");
    }

    for path in [
        format!("/api/v6/sites/{UNKNOWN}/spaces"),
        format!("/api/v6/spaces/{UNKNOWN}/overrides"),
        format!("/api/v6/spaces/{UNKNOWN}/history"),
        format!("/api/v6/sites/{UNKNOWN}/occupancy"),
        format!("/api/v6/devices/{}/uplinks", dev_eui(9)),
    ] {
        assert_eq!(client.ask("GET", &path, None).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn known_fields_and_filters_are_served_or_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for (code, building, floor, zone) in [("A-1", "North", "1", "red"), ("A-2", "South", "2", "blue")] {
        let body = json!({"code": code, "building": building, "floor": floor, "zone": zone});
        client.ask("POST", "/api/v6/spaces", body).await.ok();
    }
    let sensor = device(client, 1, "sensor").await;
    device(client, 2, "display").await;
    let count = async |path: &str| client.ask("GET", path, None).await.ok()["total"].clone();
    for (path, expected) in [
        ("/api/v6/spaces?building=North", 1),
        ("/api/v6/spaces?floor=2", 1),
        ("/api/v6/spaces?zone=green", 0),
        ("/api/v6/spaces?building=North&zone=blue", 0),
        ("/api/v6/spaces?state=UNKNOWN", 2),
        ("/api/v6/spaces?state=FREE&include_deleted=false", 0),
        ("/api/v6/devices?status=unassigned", 2),
        ("/api/v6/devices?status=decommissioned", 0),
        ("/api/v6/activity?kind=SpaceCreated,DeviceClaimed", 4),
        ("/api/v6/activity?kind=DeviceClaimed,", 2),
        ("/api/v6/devices?status=ACTIVE", 0),
        ("/api/v6/devices?status=Unassigned", 2),
        ("/api/v6/devices?status=DECOMMISSIONED", 0),
        ("/api/v6/devices?type=SENSOR", 1),
        ("/api/v6/devices/device-types?category=DISPLAY", 1),
        ("/api/v6/reservations?status=ACTIVE", 0),
        ("/api/v6/reservations?status=Pending", 0),
        ("/api/v6/overrides?status=ACTIVE", 0),
    ] {
        assert_eq!(count(path).await, expected, "{path}");
    }
    let eui = dev_eui(2);
    for (path, expected) in [
        (format!("displays?dev_eui_prefix={eui}"), 1),
        (format!("displays?dev_eui_prefix={}", &eui[..8]), 1),
        (format!("sensors?dev_eui_prefix={eui}"), 0),
    ] {
        assert_eq!(count(&format!("/api/v6/devices/{path}")).await, expected, "{path}");
    }
    for path in [
        "/api/v6/spaces?current_state=bogus",
        "/api/v6/spaces?include_deleted=true",
        "/api/v6/sites?include_inactive=true",
        "/api/v6/devices?status=bogus",
        "/api/v6/devices/sensors?type=display",
        "/api/v6/devices/displays?dev_eui_prefix=xyz",
        "/api/v6/devices/device-types?category=gateway",
        "/api/v6/activity?kind=Bogus",
        "/api/v6/orphan-devices?include_assigned=true",
        "/api/v6/orphan-devices?since_hours=0",
        "/api/v6/reservations?status=bogus",
        "/api/v6/overrides?status=bogus",
    ] {
        client.ask("GET", path, None).await.problem(422, "parameter_invalid");
    }
    let path = format!("/api/v6/devices/{sensor}");
    client.ask("PUT", &path, json!({"status": "UNASSIGNED", "type": "SENSOR"})).await.ok();
    client.ask("PUT", &path, json!({"status": "retired"})).await.problem(422, "body_invalid");
    client.ask("PUT", &path, json!({"status": "unassigned"})).await.ok();
    let body = json!({"dev_eui": dev_eui(3), "space_id": UNKNOWN});
    client.ask("POST", "/api/v6/devices", body).await.problem(422, "body_invalid");
    let here = space(client, "A-3").await;
    let path = format!("/api/v6/spaces/{here}");
    client.ask("PATCH", &path, json!({"site_id": UNKNOWN})).await.problem(422, "body_invalid");
    let body = json!({"code": "A-4", "sensor_eui": dev_eui(1)});
    client.ask("POST", "/api/v6/spaces", body).await.problem(422, "body_invalid");
}

#[tokio::test]
async fn an_empty_text_of_a_reservation_says_the_same_as_null() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let here = space(client, "A-1").await;
    let booking = json!({"space_id": here, "start_time": "2035-06-05T10:00", "end_time": "2035-06-05T11:00",
                         "request_id": "", "user_id": ""});
    let booked = client.ask("POST", RESERVATIONS, booking).await.ok();
    let path = format!("{RESERVATIONS}/{}", booked["id"].as_str().unwrap());
    for absent in [Value::Null, json!(""), json!("  ")] {
        let body = json!({"user_name": "Ada", "user_id": UNKNOWN});
        assert_eq!(client.ask("PUT", &path, body).await.ok()["user_id"], UNKNOWN);
        let body = json!({"request_id": absent, "user_id": absent, "user_name": absent});
        let changed = client.ask("PUT", &path, body).await.ok();
        assert!(changed["user_id"].is_null() && changed["user_name"].is_null(), "{changed}");
    }
    client.ask("PUT", &path, json!({"request_id": "r-1"})).await.problem(422, "body_invalid");
}

#[tokio::test]
async fn one_coordinate_of_a_site_changes_alone() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let body = json!({"name": "Harbour", "slug": "harbour", "latitude": "43.3", "longitude": 5.4});
    let site = client.ask("POST", "/api/v6/sites", body).await.ok();
    let path = format!("/api/v6/sites/{}", site["id"].as_str().unwrap());
    let put = async |body: Value| {
        let changed = client.ask("PUT", &path, body).await.ok();
        (changed["latitude"].clone(), changed["longitude"].clone())
    };
    assert_eq!(put(json!({"latitude": "48.5"})).await, (json!(48.5), json!(5.4)));
    assert_eq!(put(json!({"longitude": 6.0})).await, (json!(48.5), json!(6.0)));
    client.ask("PUT", &path, json!({"latitude": 91})).await.problem(422, "position_invalid");
    client
        .ask("PUT", &path, json!({"latitude": null, "longitude": 7}))
        .await
        .problem(422, "position_invalid");
    assert_eq!(put(json!({"latitude": null, "longitude": 6.0})).await, (Value::Null, Value::Null));
    client.ask("PUT", &path, json!({"latitude": 48.5})).await.problem(422, "position_invalid");
}

#[tokio::test]
async fn times_are_read_in_all_forms_of_iso_8601() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let here = space(client, "A-1").await;
    for time in [
        "2027-06-05T10:00",
        "2027-06-05T10:00Z",
        "2027-06-05T10:00%2B02:00",
        "2027-06-05T10:00+02:00",
        "2026-12-29%2010:00",
        "2026-12-29+10:00",
    ] {
        client.ask("GET", &format!("{RESERVATIONS}?start_date={time}"), None).await.ok();
    }
    let path = format!("/api/v6/spaces/{here}/availability");
    let window = json!({"start_time": "2026-12-29 10:00", "end_time": "2026-12-29T10:00-01:00"});
    let seen = client.ask("POST", &path, window).await.ok();
    assert_eq!(
        (&seen["query_start"], &seen["query_end"]),
        (&json!("2026-12-29T10:00:00Z"), &json!("2026-12-29T11:00:00Z"))
    );
}

#[tokio::test]
async fn clients_of_v5_and_v6_find_the_fields_they_read() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for path in ["/api/v1/uplink/", "/webhooks/chirpstack/uplink/"] {
        client.post(path, uplink(7, u32::from(path.len() > 20)).to_string()).await.accepted();
    }
    let join = json!({"deduplicationId": "00000007-0000-4000-8000-0000000000ff", "time": "2026-11-23T10:00:00Z",
                      "deviceInfo": {"devEui": dev_eui(7)}, "devAddr": "00000007"});
    let position = client.post("/webhooks/chirpstack/join/", join.to_string()).await.accepted();

    let orphans = format!("/api/v6/orphan-devices?since_hours=24&min_position={position}");
    let listed = client.ask("GET", &orphans, None).await.ok();
    assert_eq!(listed["filters"], json!({"include_assigned": false, "since_hours": 24}));
    let orphan = &listed["orphan_devices"][0];
    assert!(
        orphan["id"].is_string()
            && orphan["assigned_to_space_id"].is_null()
            && orphan["assigned_at"].is_null()
    );

    let here = space(client, "A-1").await;
    let assign = format!("/api/v6/orphan-devices/{}/assign?space_id={here}", dev_eui(7));
    let request_id = [("x-request-id", "assigned-7")];
    let assigned = client.ask_with("POST", &assign, &request_id, None).await.ok();
    assert_eq!(
        (&assigned["device_eui"], &assigned["space_id"]),
        (&json!(dev_eui(7).to_uppercase()), &json!(here))
    );
    assert!(assigned["message"].is_string());
    let device = client.ask("GET", &format!("/api/v6/devices/{}", dev_eui(7)), None).await.ok();
    assert_eq!(device["assigned_space"], json!({"id": here, "name": "A-1", "code": "A-1"}));
    assert_eq!(device["space_name"], "A-1");

    let state = format!("/api/v6/spaces/{here}/state?new_state=maintenance");
    client.ask_with("PUT", &state, &[("x-request-id", "by-hand-1")], None).await.ok();
    let history = client.ask("GET", &format!("/api/v6/spaces/{here}/history"), None).await.ok();
    assert_eq!(history["history"][0]["request_id"], "by-hand-1");
    let pool = client.ask("GET", "/api/v6/devices/pool/stats", None).await.ok();
    assert_eq!(pool["tenants"][0]["name"], "Default");
    let types = client.ask("GET", "/api/v6/devices/device-types?category=display", None).await.ok();
    assert_eq!(
        (&types["total"], &types["items"][0]["handler_class"]),
        (&json!(1), &json!("kuando-busylight"))
    );

    let body = json!({"space_id": here, "start_time": "2035-06-05T10:00", "end_time": "2035-06-05T11:00", "user_name": "Ada"});
    client.ask("POST", RESERVATIONS, body).await.ok();
    let claimed = json!({"dev_eui": dev_eui(8), "name": "Bay 8"});
    client.ask("POST", "/api/v6/devices", claimed).await.ok();
    let recent = client.ask("GET", "/api/v6/dashboard/data", None).await.ok()["recent_activity"].clone();
    assert_eq!([&recent[0]["user"], &recent[0]["space"]], [&json!("Operator"), &json!("Bay 8")]);
    assert_eq!([&recent[1]["user"], &recent[1]["space"]], [&json!("Ada"), &json!("A-1")]);
}
