//! Accepted data stays readable: data that is too deep or too long is refused with the field and the limit, and the read
//! models keep running. A report is never refused for this reason.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::device;
use crate::log::{Log, position_of};
use crate::reservations::{RESERVATIONS, booking, space};
use crate::support::{Answer, Client, TestServer, UPLINK, eventually};
use crate::uplinks::dev_eui;

/// Nested objects with this many levels.
fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({"a": inner}))
}

fn with(body: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[name] = value.into();
    body
}

/// Refused with 422; the detail names the field and the limit.
fn refused(answer: &Answer, field: &str, limit: &str) {
    answer.problem(422, "limit_exceeded");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with(field) && detail.contains(limit), "{detail}");
}

/// All projections run and have reached the end of the log.
async fn projections_run(client: &Client, database: &TestDatabase) {
    let head = position_of(Log::of(database).size().await);
    let path = format!("/api/v6/spaces?min_position={head}");
    assert_eq!(client.get(&path).await.status, 200);
    eventually("every projection runs", async || {
        (client.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
}

/// Each resource with custom data: the path of an existing one, the path of the list, and a body for a new one.
async fn described(client: &Client) -> Vec<(String, &'static str, Value)> {
    let space = space(client, "A-1").await;
    let booked = client.ask("POST", RESERVATIONS, booking(&space, 8, 9)).await.ok();
    let site = client.ask("POST", "/api/v6/sites", json!({"name": "North", "slug": "north"})).await.ok();
    let device = device(client, 1, "sensor").await;
    let path = |base: &str, made: &Value| format!("{base}/{}", made["id"].as_str().unwrap());
    vec![
        (path(RESERVATIONS, &booked), RESERVATIONS, booking(&space, 10, 11)),
        (path("/api/v6/spaces", &space), "/api/v6/spaces", json!({"code": "A-2"})),
        (path("/api/v6/sites", &site), "/api/v6/sites", json!({"name": "South", "slug": "south"})),
        (format!("/api/v6/devices/{device}"), "/api/v6/devices", json!({"dev_eui": dev_eui(2)})),
    ]
}

#[tokio::test]
async fn data_nested_125_deep_is_refused_and_every_projection_keeps_running() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for (one, all, body) in described(client).await {
        let before = Log::of(&database).size().await;
        let fields: &[&str] = if all.ends_with("spaces") || all.ends_with("devices") {
            &["metadata", "config"]
        } else {
            &["metadata"]
        };
        for field in fields {
            refused(&client.ask("POST", all, with(&body, field, nested(125))).await, field, "16");
            for method in ["PATCH", "PUT"] {
                if method == "PATCH" && !all.ends_with("reservations") {
                    continue;
                }
                refused(&client.ask(method, &one, json!({*field: nested(125)})).await, field, "16");
                refused(&client.ask(method, &one, json!({*field: nested(17)})).await, field, "16");
                let long = json!({"a": "x".repeat(16 * 1024)});
                refused(&client.ask(method, &one, json!({*field: long})).await, field, "16384 bytes");
            }
            assert_eq!(Log::of(&database).size().await, before, "nothing of it is in the log");
        }
        for field in fields {
            let deep = nested(16);
            let changed = client.ask("PUT", &one, json!({*field: deep})).await.ok();
            assert_eq!(changed[*field], deep);
        }
        client.ask("POST", all, with(&body, "metadata", nested(16))).await.ok();
    }
    projections_run(client, &database).await;
}

#[tokio::test]
async fn strings_over_the_limit_are_refused_and_strings_at_the_limit_are_kept() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let body = booking(&space, 8, 9);
    let long = "n".repeat(200_000);
    refused(
        &client.ask("POST", RESERVATIONS, with(&body, "notes", &*long)).await,
        "notes",
        "2000 characters",
    );
    let blocked = json!({"space_id": space["id"], "override_type": "blocked"});
    let overrides = "/api/v6/overrides";
    refused(
        &client.ask("POST", overrides, with(&blocked, "notes", &*long)).await,
        "notes",
        "2000 characters",
    );
    refused(
        &client.ask("POST", overrides, with(&blocked, "reason", &*long)).await,
        "reason",
        "1000 characters",
    );
    let longest = "é".repeat(2000);
    let booked = client.ask("POST", RESERVATIONS, with(&body, "notes", &*longest)).await.ok();
    assert_eq!(booked["notes"], longest);
    let one = format!("{RESERVATIONS}/{}", booked["id"].as_str().unwrap());
    for (field, most) in [
        ("notes", 2000),
        ("user_email", 320),
        ("user_name", 255),
        ("user_phone", 64),
        ("external_booking_id", 255),
        ("external_system", 255),
        ("reservation_type", 255),
    ] {
        let answer = client.ask("PATCH", &one, json!({field: "x".repeat(most + 1)})).await;
        refused(&answer, field, &format!("{most} characters"));
        let changed = client.ask("PATCH", &one, json!({field: "x".repeat(most)})).await.ok();
        assert_eq!(changed[field], "x".repeat(most));
    }
    refused(
        &client.ask("DELETE", &one, json!({"reason": long})).await,
        "cancellation_reason",
        "1000 characters",
    );
    projections_run(client, &database).await;
}

#[tokio::test]
async fn numbers_are_kept_exactly_or_refused() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let path = "/api/v6/spaces";
    let json = [("content-type", "application/json")];
    for number in ["1e999", "-1e999"] {
        let body = format!(r#"{{"code": "A-1", "metadata": {{"n": {number}}}}}"#);
        server.client.post_with(path, &json, body).await.problem(400, "malformed_json");
    }
    let numbers = "[-0.0,1e308,5e-324,18446744073709551615,-9223372036854775808,0.1]";
    let body = format!(r#"{{"code": "A-1", "metadata": {{"n": {numbers}}}}}"#);
    let made = server.client.post_with(path, &json, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let kept = made.json();
    let expected: Value = serde_json::from_str(numbers).unwrap();
    assert_eq!(kept["metadata"]["n"], expected);
    assert_eq!(kept["metadata"]["n"].to_string(), expected.to_string(), "the sign of zero too");
    server.kill().await;
    let client = &TestServer::start(&database).await.client;
    let one = format!("{path}/{}", kept["id"].as_str().unwrap());
    assert_eq!(client.ask("GET", &one, None).await.ok()["metadata"], kept["metadata"]);
}

#[tokio::test]
async fn a_report_with_an_object_200_deep_is_recorded_without_it_and_its_body_is_kept() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let object = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
    let body = format!(r#"{{"deviceInfo":{{"devEui":"{}"}},"fCnt":1,"object":{object}}}"#, dev_eui(1));
    let position = client.post(UPLINK, body.clone()).await.accepted();
    let orphans = client.get(&format!("/api/v6/orphan-devices?min_position={position}")).await.json();
    assert_eq!((&orphans["total"], &orphans["items"][0]["last_object"]), (&json!(1), &Value::Null));
    let stored = Log::of(&database).whole().await;
    let [report] = &stored[..] else { panic!("{stored:?}") };
    assert_eq!(report.body, body.as_bytes());
    assert!(report.payload.0["UplinkReceived"].get("object").is_none());
}

#[tokio::test]
async fn overlong_strings_of_a_report_are_cut_or_dropped_alone() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let body = json!({
        "deviceInfo": {
            "devEui": dev_eui(1),
            "deviceName": "n".repeat(100_000),
            "deviceProfileName": "p".repeat(255),
            "applicationId": "i".repeat(65),
        },
        "fCnt": 1,
        "data": "AAAA".repeat(20_000),
        "object": {"a": "x".repeat(20_000)},
    });
    client.post(UPLINK, body.to_string()).await.accepted();
    let stored = Log::of(&database).whole().await;
    let event = stored.iter().find(|event| event.event_type == "UplinkReceived").unwrap();
    assert_eq!(event.body, body.to_string().as_bytes());
    let uplink = &event.payload.0["UplinkReceived"];
    assert_eq!(uplink["report"]["device"]["name"], "n".repeat(255), "a name is cut: it is for people");
    assert_eq!(uplink["report"]["device"]["profile_name"], "p".repeat(255));
    assert!(uplink["report"]["device"].get("application_id").is_none(), "half an id would be another one's");
    assert_eq!((&uplink["data"], uplink.get("object")), (&json!(""), None));
}

/// A name that turns the direction of what follows, or ends the line, looks like another one.
#[tokio::test]
async fn names_with_control_or_bidirectional_characters_are_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let cases = described(client).await;
    let policies = "/api/v6/display-policies";
    for character in ['\u{202e}', '\u{2066}', '\u{200f}', '\n', '\u{1b}', '\u{9b}'] {
        let text = format!("A{character}1");
        for (_, list, body) in &cases[1..] {
            let answer = client.ask("POST", list, with(body, "name", text.clone())).await;
            assert_eq!(answer.status, 422, "{list} {character:?}: {answer:?}");
            assert!(answer.code().unwrap().ends_with("name_invalid"), "{answer:?}");
        }
        let answer = client.ask("POST", policies, json!({"name": text})).await;
        answer.problem(422, "display_policy_name_invalid");
        for (n, field) in [(0, "user_name"), (0, "user_email"), (1, "floor"), (2, "city"), (3, "location")] {
            let (_, list, body) = &cases[n];
            refused(&client.ask("POST", list, with(body, field, text.clone())).await, field, "control");
        }
    }
    // Free text has lines, and letters of any script are letters.
    let (_, list, body) = &cases[0];
    client.ask("POST", list, with(body, "notes", "one\ntwo")).await.ok();
    let (_, list, body) = &cases[2];
    client.ask("POST", list, with(body, "name", "חניון الموقف 👩\u{200d}🚒")).await.ok();
    projections_run(client, &database).await;
}
