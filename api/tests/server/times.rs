//! Times at the limits of the log, the database and clients, in every input.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::device;
use crate::reservations::{RESERVATIONS, hour, space};
use crate::support::{Client, TestServer, UPLINK, eventually};
use crate::uplinks::{dev_eui, uplink};

/// .NET's maximum time, a leap second, and years that are out of range for readers.
const NO_INSTANTS: [&str; 5] = [
    "2027-06-12T23:59:60.5Z",
    "2016-12-31T23:59:60Z",
    "9999-12-31T23:59:59.9999999Z",
    "0000-01-01T00:00:00Z",
    "9999-01-01T00:00:00Z",
];

/// All events are projected, and every list can be read.
async fn assert_well(client: &Client) {
    let head = client.ask("POST", "/api/v6/spaces", json!({"code": "LAST"})).await;
    let position = head.header("x-position").to_owned();
    for path in ["spaces", "devices", "reservations", "overrides", "activity", "orphan-devices"] {
        client.ask("GET", &format!("/api/v6/{path}?min_position={position}"), None).await.ok();
    }
    client.get("/health/ready").await.ok();
}

#[tokio::test]
async fn times_out_of_range_are_refused_in_every_request() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let space_id = space["id"].as_str().unwrap();
    for time in NO_INSTANTS {
        let query = time.replace('+', "%2B");
        for (path, body) in [
            (RESERVATIONS.to_owned(), json!({"space_id": space_id, "start_time": time, "end_time": hour(9)})),
            (RESERVATIONS.to_owned(), json!({"space_id": space_id, "start_time": hour(8), "end_time": time})),
            (
                "/api/v6/overrides".into(),
                json!({"space_id": space_id, "override_type": "blocked", "end_time": time}),
            ),
            (
                "/api/v6/overrides".into(),
                json!({"space_id": space_id, "override_type": "blocked", "start_time": time}),
            ),
        ] {
            client.ask("POST", &path, body).await.problem(422, "body_invalid");
        }
        for path in [
            format!("{RESERVATIONS}?start_date={query}"),
            format!("/api/v6/spaces/{space_id}/availability?from={query}&to={}", hour(9)),
            format!("/api/v6/devices/{}/uplinks?since={query}", dev_eui(1)),
            format!("/api/v6/spaces/{space_id}?as_of={query}"),
        ] {
            client.ask("GET", &path, None).await.problem(422, "parameter_invalid");
        }
    }
    assert_well(client).await;
    assert_eq!(client.ask("GET", RESERVATIONS, None).await.ok()["total"], 0);
}

/// Creates a space with an assigned sensor; returns the space.
async fn watched(client: &Client, n: u32) -> Value {
    let space = space(client, &format!("W-{n}")).await;
    let id = device(client, n, "sensor").await;
    client.ask("POST", &format!("/api/v6/devices/{id}/assign"), json!({"space_id": space["id"]})).await.ok();
    space
}

#[tokio::test]
async fn a_report_with_a_time_out_of_range_still_changes_its_space() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    for (n, (field, time)) in (0..).zip([
        ("time", "0000-01-01T00:00:00Z"),
        ("nsTime", "2016-12-31T23:59:60.5Z"),
        ("time", "9999-12-31T23:59:59.9999999Z"),
        ("nsTime", "2024-07-12T08:20:14.1234567Z"),
    ]) {
        let space = watched(client, n).await;
        let mut body = uplink(n, 0);
        match field {
            "time" => body["time"] = json!(time),
            _ => body["rxInfo"][0][field] = json!(time),
        }
        let position = client.post(UPLINK, body.to_string()).await.accepted();
        let space_path = format!("/api/v6/spaces/{}?min_position={position}", space["id"].as_str().unwrap());
        assert_eq!(client.ask("GET", &space_path, None).await.ok()["status"], "occupied", "{field} {time}");
        let path = format!("/api/v6/devices/{}?min_position={position}", dev_eui(n));
        assert_eq!(client.ask("GET", &path, None).await.ok()["sensor_state"], "occupied", "{field} {time}");
    }
    assert_well(client).await;
    let metrics = client.get("/metrics").await.body;
    let letters = metrics.lines().filter(|line| line.starts_with("parking_projection_dead_letters{"));
    assert!(letters.into_iter().all(|line| line.ends_with(" 0")), "{metrics}");
}

#[tokio::test]
async fn times_are_truncated_to_microseconds() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let space = watched(client, 7).await;
    let begun: DateTime<Utc> = space["created_at"].as_str().unwrap().parse().unwrap();
    let written = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true).replace('Z', "");
    let (start, end) = (written(begun), written(begun + TimeDelta::hours(1)));
    let body = json!({"space_id": space["id"], "start_time": format!("{start}.1234564Z"),
                      "end_time": format!("{end}.1234567Z")});
    let booked = client.ask("POST", RESERVATIONS, body).await.ok();
    assert_eq!(booked["start_time"], format!("{start}.123456Z"));
    assert_eq!(booked["end_time"], format!("{end}.123456Z"));

    // The car confirms the reservation.
    client.post(UPLINK, uplink(7, 0).to_string()).await.accepted();
    let path = format!("{RESERVATIONS}/{}", booked["id"].as_str().unwrap());
    let confirmed =
        async || client.ask("GET", &path, None).await.ok()["confirmed_at"].is_string().then_some(());
    eventually("the reservation is confirmed", confirmed).await;

    // The space is available from the shown end.
    let next = (booked["end_time"].as_str().unwrap(), written(begun + TimeDelta::hours(2)) + "Z");
    let query = format!(
        "/api/v6/spaces/{}/availability?from={}&to={}",
        space["id"].as_str().unwrap(),
        next.0,
        next.1
    );
    assert_eq!(client.ask("GET", &query, None).await.ok()["is_available"], true);
    let body = json!({"space_id": space["id"], "start_time": next.0, "end_time": next.1});
    assert_eq!(client.ask("POST", RESERVATIONS, body).await.status, 201);
}
