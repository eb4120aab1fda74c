//! Each operation works as `/docs` opens it: with the parameters and the body of its examples.

use std::collections::BTreeSet;

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::documented::OPENAPI;
use crate::support::{Client, TestServer, UPLINK};
use crate::uplinks::uplink;

/// Where the state of the resource decides, and the example's is another.
const OTHERWISE: [(&str, &str); 4] = [
    ("DELETE /api/v6/sites/{site_id}", "site_not_empty"),
    ("DELETE /api/v6/spaces/{space_id}", "space_has_reservations"),
    // The reservation of the example is yet to come.
    ("POST /api/v6/reservations/{reservation_id}/check-in", "check_in_too_early"),
    ("POST /api/v6/reservations/{reservation_id}/check-out", "not_checked_in"),
];

/// Makes a space with everything that belongs to one, and an orphan.
async fn furnish(client: &Client, n: u32) {
    let make = async |path: &str, body: Value| {
        client.ask("POST", path, body).await.ok()["id"].as_str().unwrap_or_default().to_owned()
    };
    make("/api/v6/spaces", json!({"code": format!("Bare{n}")})).await;
    let space = make("/api/v6/spaces", json!({"code": format!("S{n}")})).await;
    for (kind, prefix) in [("sensor", "0A"), ("display", "0B")] {
        let dev_eui = format!("{prefix}00000000{n:06X}");
        make("/api/v6/devices", json!({"dev_eui": dev_eui, "type": kind})).await;
        let assign = json!({"space_id": space});
        client.ask("POST", &format!("/api/v6/devices/{dev_eui}/assign"), assign).await.ok();
    }
    let mut window = json!({
        "space_id": space, "start_time": "2098-06-05T10:00:00Z", "end_time": "2098-06-05T12:00:00Z",
    });
    make("/api/v6/reservations", window.clone()).await;
    window["override_type"] = "blocked".into();
    make("/api/v6/overrides", window).await;
    // A tenant may have a hundred, and no operation takes one away.
    if n == 1 {
        make("/api/v6/display-policies", json!({"name": "Day"})).await;
    }
    client.post(UPLINK, uplink(n, 0).to_string()).await.accepted();
}

/// The request of an operation's examples: its path with parameters, and its body.
fn request(path: &str, operation: &Value) -> (String, Option<Value>) {
    let (mut path, mut query) = (path.to_owned(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let Some(example) = parameter["example"].as_str() else {
            assert_ne!(parameter["required"], true, "{path}: {name} has no example");
            continue;
        };
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), example),
            _ => query.push(format!("{name}={example}")),
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let body =
        operation.get("requestBody").map(|body| body["content"]["application/json"]["example"].clone());
    assert!(body.as_ref().is_none_or(Value::is_object), "{path} has no example of its body");
    (path, body)
}

/// The names of the fields that a schema documents.
fn fields(schema: &Value) -> BTreeSet<String> {
    let named = schema["$ref"].as_str().map(|name| name.rsplit('/').next().unwrap());
    let named = named.map(|name| fields(&OPENAPI["components"]["schemas"][name])).unwrap_or_default();
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let parts =
        ["allOf", "oneOf"].into_iter().flat_map(|parts| schema[parts].as_array().into_iter().flatten());
    own.chain(named).chain(parts.flat_map(fields)).collect()
}

#[tokio::test]
async fn every_operation_works_as_it_opens() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let mut n = 0;
    for (path, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, _) in item.as_object().unwrap() {
            n += 1;
            furnish(client, n).await;
            let name = format!("{} {path}", method.to_uppercase());
            let document = client.get("/openapi.json?examples=own").await.ok();
            let (target, body) = request(path, &document["paths"][path][method]);
            let answer = client.ask(&method.to_uppercase(), &target, body).await;
            if let Some((_, code)) = OTHERWISE.iter().find(|(of, _)| *of == name) {
                assert_eq!(answer.code().as_deref(), Some(*code), "{name} {answer:?}");
                continue;
            }
            // What an earlier operation of this test has made exists.
            let is_made = answer.status == 409 && answer.code().is_some_and(|code| code.ends_with("_taken"));
            let is_claimed = answer.code().as_deref() == Some("device_already_claimed");
            assert!(answer.status < 300 || is_made || is_claimed, "{name}: {target} {answer:?}");
            let documented = fields(
                &document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"],
            );
            if documented.contains("items") {
                for (name, _) in answer.json().as_object().unwrap() {
                    assert!(documented.contains(name), "{target}: {name} is not documented");
                }
            }
        }
    }
}

#[tokio::test]
async fn on_an_empty_platform_the_examples_are_those_of_the_kept_document() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let own = server.client.get("/openapi.json?examples=own").await.ok();
    let example = |document: &Value| {
        document["paths"]["/api/v6/reservations"]["post"]["requestBody"]["content"]["application/json"]["example"].clone()
    };
    let (own, kept) = (example(&own), example(&OPENAPI));
    assert_eq!(own["space_id"], kept["space_id"]);
    assert_ne!(own["start_time"], kept["start_time"], "tomorrow");
}

#[tokio::test]
async fn the_required_fields_of_a_body_are_needed_and_suffice() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let mut n = 0;
    for (path, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) else {
                continue;
            };
            let required =
                OPENAPI["components"]["schemas"][name]["required"].as_array().cloned().unwrap_or_default();
            if required.is_empty() {
                continue;
            }
            n += 1;
            furnish(client, n).await;
            let document = client.get("/openapi.json?examples=own").await.ok();
            let (target, body) = request(path, &document["paths"][path][method]);
            let mut body = body.unwrap();
            body.as_object_mut().unwrap().retain(|name, _| required.contains(&json!(name)));
            let method = method.to_uppercase();
            for name in &required {
                let mut less = body.clone();
                less.as_object_mut().unwrap().remove(name.as_str().unwrap());
                let answer = client.ask(&method, &target, less).await;
                assert_eq!(answer.status, 422, "{method} {path} without {name}: {answer:?}");
            }
            let answer = client.ask(&method, &target, body.clone()).await;
            let is_made = answer.code().is_some_and(|code| code.ends_with("_taken"));
            assert!(answer.status < 300 || is_made, "{method} {path} {body}: {answer:?}");
        }
    }
    assert!(n > 10, "{n}");
}

/// The aliases in the document are the ones that are read.
#[tokio::test]
async fn every_documented_alias_of_a_body_is_read() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let mut aliases = 0;
    for (path, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) else {
                continue;
            };
            let fields = &OPENAPI["components"]["schemas"][name]["properties"];
            for (alias, _) in
                fields.as_object().into_iter().flatten().filter(|(_, field)| field["deprecated"] == true)
            {
                // No field takes such a list: who reads the name refuses it, by this name.
                let (target, _) = request(path, operation);
                let answer = client.ask(&method.to_uppercase(), &target, json!({ alias: [[]] })).await;
                answer.problem(422, "body_invalid");
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.starts_with(&format!("{alias}: ")), "{method} {path}: {detail}");
                aliases += 1;
            }
        }
    }
    assert!(aliases > 20, "{aliases}");
}
