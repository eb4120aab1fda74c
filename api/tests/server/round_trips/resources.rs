//! The resources that can be changed, how to make one, and what to change.

use serde_json::{Value, json};

use crate::reservations::RESERVATIONS;
use crate::support::{Client, UPLINK};
use crate::uplinks::{dev_eui, uplink};

/// A resource that has GET and PUT or PATCH.
pub(super) struct Resource {
    /// The path in the OpenAPI document.
    pub(super) path: &'static str,
    /// What to change, one after the other.
    pub(super) changes: Vec<Change>,
    /// Names that cannot change, with other values.
    pub(super) fixed: Vec<(&'static str, Value)>,
    /// The fields whose parts are read each for itself.
    pub(super) nested: &'static [&'static str],
}

/// A new value under one name.
pub(super) struct Change {
    /// The name, as a JSON pointer.
    pub(super) name: &'static str,
    pub(super) value: Value,
    /// The name under which answers show it.
    pub(super) shown_as: &'static str,
}

/// A change under the name that answers show.
fn set(name: &'static str, value: impl Into<Value>) -> Change {
    Change { name, value: value.into(), shown_as: name }
}

/// A change under an alias that answers do not show.
fn alias(name: &'static str, shown_as: &'static str, value: impl Into<Value>) -> Change {
    Change { name, value: value.into(), shown_as }
}

impl Resource {
    /// Makes one, with a value in each field. Returns its path.
    pub(super) async fn make(&self, client: &Client) -> String {
        let id = match self.path {
            "/api/v6/sites/{site_id}" => site(client).await,
            "/api/v6/spaces/{space_id}" => space(client).await,
            "/api/v6/devices/{device_id}" => device(client).await,
            "/api/v6/reservations/{reservation_id}" => reservation(client).await,
            "/api/v6/display-policies/{policy_id}" => policy(client).await,
            path => panic!("make one of {path} here"),
        };
        let (collection, _) = self.path.rsplit_once('/').unwrap();
        format!("{collection}/{id}")
    }
}

async fn make(client: &Client, path: &str, body: Value) -> String {
    client.ask("POST", path, body).await.ok()["id"].as_str().unwrap().to_owned()
}

async fn site(client: &Client) -> String {
    let body = json!({"name": "Harbour", "slug": "harbour", "address": "1 Quay", "city": "Lyon", "state": "Rhône",
                      "postal_code": "69001", "country": "FR", "latitude": 43.3, "longitude": 5.4,
                      "timezone": "Europe/Paris", "metadata": {"a": 1}});
    make(client, "/api/v6/sites", body).await
}

/// A space that its sensor shows as occupied.
async fn space(client: &Client) -> String {
    let body = json!({"code": "A-1", "name": "First", "display_name": "One", "auto_release_minutes": 15,
                      "building": "North", "floor": "1", "zone": "red", "gps_latitude": 43.3, "gps_longitude": 5.4,
                      "config": {"a": 1}, "metadata": {"a": 1}});
    let space_id = make(client, "/api/v6/spaces", body).await;
    let assign = format!("/api/v6/spaces/{space_id}/assign-sensor?sensor_eui={}", dev_eui(1));
    client.ask("POST", &assign, None).await.ok();
    let position = client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();
    let path = format!("/api/v6/spaces/{space_id}?min_position={position}");
    let shown = client.ask("GET", &path, None).await.ok();
    assert_eq!((&shown["current_state"], &shown["reason"]), (&json!("occupied"), &json!("sensor")));
    space_id
}

async fn device(client: &Client) -> String {
    let body = json!({"dev_eui": dev_eui(2), "name": "Bay 2", "type": "sensor", "manufacturer": "Browan",
                      "model": "TBMS100", "codec": "browan-tbms100", "heartbeat_sec": 1800, "location": "ramp",
                      "threshold": {"occupied_below_mm": 1000, "hysteresis_mm": 50},
                      "config": {"a": 1}, "metadata": {"a": 1}});
    make(client, "/api/v6/devices", body).await
}

async fn reservation(client: &Client) -> String {
    let space_id = make(client, "/api/v6/spaces", json!({"code": "R-1"})).await;
    let body = json!({"space_id": space_id, "start_time": "2035-06-01T08:00:00Z", "end_time": "2035-06-01T10:00:00Z",
                      "user_id": "00000000-0000-0000-0000-00000000000a", "user_email": "a@example.org",
                      "user_name": "Ada", "user_phone": "1", "notes": "late", "rate": "1.5", "total_cost": 3,
                      "request_id": "r-1", "external_booking_id": "x", "external_system": "y",
                      "reservation_type": "z", "metadata": {"a": 1}});
    make(client, RESERVATIONS, body).await
}

async fn policy(client: &Client) -> String {
    let body = json!({"name": "Winter", "description": "cold", "sensor_unknown_timeout_sec": 90});
    make(client, "/api/v6/display-policies", body).await
}

const OTHER_ID: &str = "00000000-0000-0000-0000-0000000000ff";

pub(super) fn resources() -> Vec<Resource> {
    vec![sites(), spaces(), devices(), reservations(), display_policies()]
}

fn sites() -> Resource {
    Resource {
        path: "/api/v6/sites/{site_id}",
        changes: vec![
            set("/name", "Port"),
            set("/slug", "port"),
            set("/address", "2 Quay"),
            set("/city", "Nice"),
            set("/state", "Var"),
            set("/postal_code", "06000"),
            set("/country", "DE"),
            set("/latitude", 44.5),
            set("/longitude", 6.5),
            set("/timezone", "Europe/Berlin"),
            set("/metadata", json!({"b": [2]})),
        ],
        fixed: vec![],
        nested: &[],
    }
}

fn spaces() -> Resource {
    Resource {
        path: "/api/v6/spaces/{space_id}",
        changes: vec![
            set("/code", "A-2"),
            set("/space_number", "A-3"),
            set("/name", "Second"),
            set("/display_name", "Two"),
            set("/auto_release_minutes", 20),
            set("/building", "South"),
            set("/floor", "2"),
            set("/zone", "blue"),
            set("/gps_latitude", 44.5),
            set("/gps_longitude", 6.5),
            alias("/latitude", "/gps_latitude", 45.5),
            alias("/longitude", "/gps_longitude", 7.5),
            set("/config", json!({"b": 2})),
            set("/metadata", json!({"b": 2})),
            set("/current_state", "maintenance"),
            set("/status", "reserved"),
            alias("/state", "/current_state", "maintenance"),
            set("/enabled", false),
        ],
        fixed: vec![
            ("/site_id", json!(OTHER_ID)),
            ("/sensor_eui", json!(dev_eui(9))),
            ("/sensor_eui", Value::Null),
            ("/display_eui", json!(dev_eui(9))),
        ],
        nested: &[],
    }
}

fn devices() -> Resource {
    Resource {
        path: "/api/v6/devices/{device_id}",
        changes: vec![
            set("/name", "Bay 3"),
            set("/enabled", false),
            set("/manufacturer", "Bosch"),
            set("/model", "TPS"),
            set("/device_model", "TPS110"),
            set("/codec", "bosch-tps110"),
            set("/type_code", "browan-tbms100"),
            alias("/payload_decoder", "/codec", "bosch-tps110"),
            set("/threshold", json!({"occupied_below_mm": 900, "hysteresis_mm": 40})),
            set(
                "/display_type",
                json!({"f_port": 15, "confirmed": false, "layout": {"parts": ["red", "blue"]}}),
            ),
            set("/heartbeat_sec", 3600),
            set("/location", "deck"),
            set("/config", json!({"b": 2})),
            set("/metadata", json!({"b": 2})),
        ],
        fixed: vec![
            ("/dev_eui", json!(dev_eui(9))),
            ("/deveui", json!(dev_eui(9))),
            ("/device_type", json!("display")),
            ("/category", json!("display")),
            ("/type", json!("display")),
            ("/status", json!("retired")),
            ("/space_id", json!(OTHER_ID)),
        ],
        nested: &[],
    }
}

fn reservations() -> Resource {
    Resource {
        path: "/api/v6/reservations/{reservation_id}",
        changes: vec![
            set("/start_time", "2035-06-01T08:30:00Z"),
            set("/end_time", "2035-06-01T10:30:00Z"),
            alias("/startTime", "/start_time", "2035-06-01T08:15:00Z"),
            alias("/reserved_from", "/start_time", "2035-06-01T08:45:00Z"),
            alias("/endTime", "/end_time", "2035-06-01T10:15:00Z"),
            alias("/reserved_until", "/end_time", "2035-06-01T10:45:00Z"),
            set("/user_id", OTHER_ID),
            set("/user_email", "b@example.org"),
            set("/user_name", "Bob"),
            set("/user_phone", "2"),
            set("/notes", "early"),
            set("/rate", "2.5"),
            set("/total_cost", "5"),
            set("/payment_status", "paid"),
            set("/external_booking_id", "x2"),
            set("/external_system", "y2"),
            set("/reservation_type", "z2"),
            set("/metadata", json!({"b": 2})),
        ],
        fixed: vec![
            ("/space_id", json!(OTHER_ID)),
            ("/spaceId", json!(OTHER_ID)),
            ("/status", json!("cancelled")),
            ("/request_id", json!("r-2")),
            ("/request_id", Value::Null),
            ("/request_id", json!("")),
        ],
        nested: &[],
    }
}

fn display_policies() -> Resource {
    Resource {
        path: "/api/v6/display-policies/{policy_id}",
        changes: vec![
            set("/name", "Summer"),
            set("/description", "warm"),
            set("/thresholds/reserved_soon_threshold_sec", 60),
            set("/thresholds/sensor_unknown_timeout_sec", 120),
            set("/thresholds/debounce_window_sec", 20),
            set("/thresholds/debounce_readings", 2),
            alias("/debounce_window_sec", "/thresholds/debounce_window_sec", 25),
            set("/colors/occupied", "010203"),
            set("/colors/free", "010204"),
            set("/colors/reserved", "010205"),
            set("/colors/reserved_soon", "010206"),
            set("/colors/blocked", "010207"),
            set("/colors/out_of_service", "010208"),
            alias("/free_color", "/colors/free", "010209"),
            set("/behaviors/blink_reserved_soon", true),
            set("/behaviors/blink_pattern_ms", 400),
            set("/behaviors/allow_sensor_override", false),
        ],
        fixed: vec![("/is_active", json!(false))],
        nested: &["thresholds", "colors", "behaviors"],
    }
}
