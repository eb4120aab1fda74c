//! What every operation refuses in a request: a past moment where there is none, several values of a parameter, and values of
//! another shape.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::device;
use crate::documented::OPENAPI;
use crate::logins::people::{PASSWORD, ROOT, login};
use crate::reservations::{RESERVATIONS, booking, space};
use crate::support::{Client, TestServer, parking};

/// A path with any id in each of its places.
fn any_path(template: &str) -> String {
    let parts = template.split('/').map(|part| match part {
        "{device_id}" | "{dev_eui}" => "58a0cb0000100001",
        "{job}" => "cleanup_readings",
        part if part.starts_with('{') => "00000000-0000-4000-8000-000000000009",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The operations of the API, each with whether it can look back.
fn operations() -> Vec<(String, String, bool)> {
    let mut operations = Vec::new();
    for (template, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let names = operation["parameters"].as_array().into_iter().flatten();
            let looks_back = names.into_iter().any(|parameter| parameter["name"] == "as_of");
            if template.starts_with("/api/v6/") {
                operations.push((method.to_uppercase(), any_path(template), looks_back));
            }
        }
    }
    assert!(operations.len() > 80);
    operations
}

/// A server that needs no login, with an admin: operations on users need one.
async fn server(database: &TestDatabase) -> TestServer {
    let mut command = parking(&["up"]);
    command.env("PARKING_ADMIN_EMAIL", ROOT).env("PARKING_ADMIN_PASSWORD", PASSWORD);
    TestServer::launch(command.env("DATABASE_URL", database.url(None))).await
}

#[tokio::test]
async fn an_operation_without_a_past_refuses_as_of() {
    let database = TestDatabase::create().await;
    let client = &server(&database).await.client;
    let admin = login(client, ROOT, None).await;
    let headers = [("authorization", &*admin.bearer), ("x-tenant-slug", "default")];
    for (method, path, looks_back) in operations() {
        let answer = client.ask_with(&method, &format!("{path}?as_of=1"), &headers, None).await;
        if looks_back {
            assert_eq!(answer.status, 404, "{method} {path}");
        } else {
            answer.problem(422, "parameter_invalid");
        }
    }
    for path in ["/api/v6/jobs", "/api/v6/jobs/cleanup_readings/runs", "/api/v6/devices/device-types"] {
        let refused = client.ask("GET", &format!("{path}?as_of=2026-11-23T08:00:00Z"), None).await;
        assert!(refused.json()["detail"].as_str().unwrap().contains("omit as_of"), "{refused:?}");
        client.ask("GET", &format!("{path}?as_of=&as_of=null"), None).await.ok();
    }
}

#[tokio::test]
async fn a_parameter_with_several_values_is_refused() {
    let database = TestDatabase::create().await;
    let client = &server(&database).await.client;
    let admin = login(client, ROOT, None).await;
    let headers = [("authorization", &*admin.bearer), ("x-tenant-slug", "default")];
    for (method, path, _) in operations() {
        for query in ["page=1&page=2", "anything=1&anything=1", "status[]=active", "status%5B%5D=active"] {
            let answer = client.ask_with(&method, &format!("{path}?{query}"), &headers, None).await;
            answer.problem(422, "parameter_invalid");
        }
    }
    let refused = client.ask("GET", &format!("{RESERVATIONS}?status=active&status=expired"), None).await;
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "the parameter status has several values: send it once, as status=VALUE");
    for query in ["status=active&status=", "status=undefined&status=active", "status=null&page=1"] {
        client.ask("GET", &format!("{RESERVATIONS}?{query}"), None).await.ok();
    }
    // ChirpStack appends its parameter to the query of the configured URL.
    let report = crate::uplinks::uplink(1, 0).to_string();
    client.post("/api/v1/uplink?event=join&event=up", report).await.accepted();
}

/// The method and the path of a command with its body, and the names of fields.
type Target = (&'static str, String, Value, &'static [&'static str]);

async fn targets(client: &Client) -> Vec<Target> {
    let space = space(client, "A-1").await;
    let booked = client.ask("POST", RESERVATIONS, booking(&space, 8, 9)).await.ok();
    let device = device(client, 1, "sensor").await;
    let (space_id, id) = (space["id"].clone(), |made: &Value| made["id"].as_str().unwrap().to_owned());
    vec![
        (
            "POST",
            "/api/v6/spaces".to_owned(),
            json!({"code": "A-2"}),
            &["name", "status", "building", "zone"],
        ),
        ("PUT", format!("/api/v6/spaces/{}", id(&space)), json!({}), &["name", "current_state", "floor"]),
        (
            "PUT",
            format!("/api/v6/spaces/{}/state", id(&space)),
            json!({"new_state": "free"}),
            &["reason", "new_state"],
        ),
        (
            "PATCH",
            format!("{RESERVATIONS}/{}", id(&booked)),
            json!({}),
            &["user_name", "notes", "payment_status"],
        ),
        (
            "POST",
            "/api/v6/devices".to_owned(),
            json!({"dev_eui": "58a0cb0000100002"}),
            &["name", "type", "location"],
        ),
        ("PUT", format!("/api/v6/devices/{device}"), json!({}), &["name", "model"]),
        (
            "POST",
            "/api/v6/sites".to_owned(),
            json!({"name": "N", "slug": "n"}),
            &["name", "city", "timezone"],
        ),
        ("POST", "/api/v6/display-policies".to_owned(), json!({"name": "Day"}), &["name", "description"]),
        (
            "POST",
            "/api/v6/overrides".to_owned(),
            json!({"space_id": space_id, "override_type": "blocked"}),
            &["override_type", "reason", "notes"],
        ),
    ]
}

#[tokio::test]
async fn a_value_of_another_shape_is_422() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for (method, path, body, fields) in targets(client).await {
        for field in fields {
            for value in [json!(["free"]), json!([]), json!({"free": 1}), json!([[[]]]), json!({})] {
                let mut body = body.clone();
                body[*field] = value;
                println!("{method} {path} {body}");
                let refused = client.ask(method, &path, body).await;
                assert_eq!(refused.status, 422, "{refused:?}");
            }
        }
        let surrogate = format!("{{\"{}\":\"\\ud800\"}}", fields[0]);
        for malformed in ["{", "{\"name\":[}", "{\"status\":[\"free\"]", &*surrogate] {
            let headers = [("content-type", "application/json")];
            client.ask_raw(method, &path, &headers, malformed).await.problem(400, "malformed_json");
        }
    }
}

#[tokio::test]
async fn a_text_holds_nothing_that_is_not_what_it_looks_like() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let texts = ["reason", "notes", "description"];
    for (method, path, body, fields) in targets(client).await {
        let fields = fields.iter().filter(|field| !field.contains("state") && !field.contains("type"));
        for field in fields.filter(|field| !["status", "payment_status"].contains(field)) {
            let ask = async |value: String| {
                let mut body = body.clone();
                body[*field] = json!(value);
                println!("{method} {path} {body}");
                client.ask(method, &path, body).await
            };
            let everywhere = ["\u{1b}[2J", "\u{202e}", "\u{202a}", "\u{2066}", "\u{2069}", "\u{7}"];
            let in_names = ["\n", "\t", "\u{200b}", "\u{200d}", "\u{200f}", "\u{2060}", "\u{feff}"];
            let is_text = texts.contains(field);
            for character in everywhere.iter().chain(in_names.iter().filter(|_| !is_text)) {
                assert_eq!(ask(format!("a{character}b")).await.status, 422);
            }
            if is_text {
                ask("first\n\tsecond\r\nthird".to_owned()).await.ok();
            }
        }
    }
}

/// A value of a parameter: its example, or one of its kind.
fn value_of(template: &str, parameter: &Value) -> String {
    let schema = &parameter["schema"];
    // A list of displays refuses another type.
    let word = schema["enum"][usize::from(template.ends_with("/displays"))].as_str();
    let value = match (parameter["example"].as_str().or(word), schema["format"].as_str()) {
        (Some(value), _) => value,
        (None, Some("date-time")) => "2026-11-23T08:00:00Z",
        (None, _) => "58a0cb0000100001",
    };
    value.to_owned()
}

#[tokio::test]
async fn names_of_a_parameter_with_equal_values_are_one() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let mut tried = 0;
    for (template, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
            let named = |name: &str| *parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
            let needed = parameters.iter().filter(|of| of["in"] == "query" && of["required"] == true);
            let needed: Vec<String> = needed
                .map(|of| format!("{}={}", of["name"].as_str().unwrap(), value_of(template, of)))
                .collect();
            for alias in parameters.iter().filter(|parameter| parameter["deprecated"] == true) {
                let name = alias["description"].as_str().unwrap().split('`').nth(1).unwrap();
                let value = value_of(template, named(name));
                let (name, alias) = (format!("{name}={value}"), alias["name"].as_str().unwrap());
                let mut query: Vec<&str> = needed.iter().map(String::as_str).collect();
                query.retain(|needed| *needed != name);
                let of = |other: &str| {
                    let path = format!("{}?{name}&{alias}={other}", any_path(template));
                    [&[&*path], &*query].concat().join("&")
                };
                let method = method.to_uppercase();
                let answer = client.ask(&method, &of(&value), None).await;
                assert!([200, 404].contains(&answer.status), "{} {answer:?}", of(&value));
                client.ask(&method, &of("maintenance"), None).await.problem(422, "parameter_invalid");
                tried += 1;
            }
        }
    }
    assert!(tried > 15, "{tried}");
    let forms = "current_state=free&state=FREE&status=Free";
    client.ask("GET", &format!("/api/v6/spaces?{forms}"), None).await.ok();
    let differ = client.ask("GET", "/api/v6/spaces?state=free&status=occupied", None).await;
    let detail = differ.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "state and status are the same parameter with different values: send one of them");
    let unread = client.ask("GET", "/api/v6/spaces?status=bogus", None).await;
    assert!(unread.json()["detail"].as_str().unwrap().starts_with("status: "), "{unread:?}");
}
