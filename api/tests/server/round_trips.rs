//! What GET answers can be PUT back: for every resource that has both, unchanged and with one name changed.

mod resources;

use std::collections::{BTreeMap, BTreeSet};

use parking_testkit::TestDatabase;
use serde_json::{Map, Value, json};

use crate::documented::OPENAPI;
use crate::examples::is_personal;
use crate::round_trips::resources::{Resource, resources};
use crate::support::{Answer, Client, TestServer};

/// The paths that have GET and PUT or PATCH, with these two.
fn changeable() -> BTreeMap<&'static str, Vec<&'static str>> {
    let paths = OPENAPI["paths"].as_object().unwrap().iter();
    let with_get = paths.filter(|(_, item)| item["get"].is_object() && !is_personal(&item["get"]));
    let changes = with_get.map(|(path, item)| {
        let methods = ["put", "patch"].into_iter().filter(|method| item[method].is_object());
        (path.as_str(), methods.collect::<Vec<_>>())
    });
    changes.filter(|(_, methods)| !methods.is_empty()).collect()
}

/// A schema with its references, alternatives and parts put together: its properties by name.
fn properties(schema: &Value) -> Map<String, Value> {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        return properties(&OPENAPI["components"]["schemas"][name]);
    }
    let own = schema["properties"].as_object().into_iter().flatten();
    let mut all: Map<String, Value> = own.map(|(name, schema)| (name.clone(), schema.clone())).collect();
    for part in ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|of| schema[of].as_array()).flatten() {
        all.extend(properties(part));
    }
    all
}

fn can_be_null(schema: &Value) -> bool {
    let is_null = |schema: &Value| schema["type"] == "null";
    schema["type"].as_array().is_some_and(|types| types.contains(&"null".into()))
        || schema["oneOf"].as_array().is_some_and(|of| of.iter().any(is_null))
}

/// The properties of a resource's body.
fn of_body(path: &str, method: &str) -> Map<String, Value> {
    properties(&OPENAPI["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"])
}

/// The names of a body's fields, and the aliases that its descriptions mention.
fn names(body: &Map<String, Value>) -> BTreeSet<String> {
    let described = body.values().filter_map(|schema| schema["description"].as_str());
    let aliases = described.flat_map(|text| text.split('`').skip(1).step_by(2)).map(ToOwned::to_owned);
    body.keys().cloned().chain(aliases).collect()
}

async fn get(client: &Client, path: &str) -> Value {
    client.ask("GET", path, None).await.ok()
}

fn with(body: &Value, pointer: &str, value: &Value) -> Value {
    let mut body = body.clone();
    match body.pointer_mut(pointer) {
        Some(place) => *place = value.clone(),
        None => body[pointer.trim_start_matches('/')] = value.clone(),
    }
    body
}

#[tokio::test]
async fn every_resource_that_can_be_changed_is_tried() {
    let tried: Vec<&str> = resources().iter().map(|resource| resource.path).collect();
    assert_eq!(changeable().into_keys().collect::<BTreeSet<_>>(), tried.into_iter().collect());
}

#[tokio::test]
async fn what_get_answers_can_be_put_back() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let methods = changeable();
    for resource in resources() {
        let path = &resource.make(client).await;
        let methods = &methods[resource.path];
        let first = get(client, path).await;
        for method in methods {
            let put = client.ask(&method.to_uppercase(), path, first.clone()).await;
            assert_eq!(put.ok(), first, "{method} {path} of what GET answered");
        }
        every_name_counts(client, path, &methods[0].to_uppercase(), &resource).await;
        every_name_is_tried(&resource, methods[0], &first);
        null_clears(client, path, &resource, methods[0]).await;
    }
}

/// GET, change one name, PUT, and see it under all its names.
async fn every_name_counts(client: &Client, path: &str, method: &str, resource: &Resource) {
    for change in &resource.changes {
        let body = with(&get(client, path).await, change.name, &change.value);
        let changed = client.ask(method, path, body).await.ok();
        assert_eq!(changed.pointer(change.shown_as), Some(&change.value), "{path}: {}", change.name);
        assert_eq!(get(client, path).await, changed, "{path}: {}", change.name);
    }
    for (name, value) in &resource.fixed {
        let before = get(client, path).await;
        let refused = client.ask(method, path, with(&before, name, value)).await;
        assert!([409, 422].contains(&refused.status), "{path}: {name} cannot change: {refused:?}");
        assert_eq!(get(client, path).await, before, "{path}: {name}");
    }
}

/// Every name that GET shows and PUT reads is tried.
fn every_name_is_tried(resource: &Resource, method: &str, shown: &Value) {
    let changes = resource.changes.iter().map(|change| change.name);
    let tried: BTreeSet<&str> = changes.chain(resource.fixed.iter().map(|(name, _)| *name)).collect();
    let nested = resource.nested.iter().map(ToString::to_string);
    for name in names(&of_body(resource.path, method)).into_iter().chain(nested) {
        let pointer = format!("/{name}");
        if let Some(Value::Object(parts)) = shown.get(&name).filter(|_| resource.nested.contains(&&*name)) {
            let untried = parts.keys().find(|part| !tried.contains(&*format!("{pointer}/{part}")));
            assert_eq!(untried, None, "{}: {name}", resource.path);
        } else if shown.get(&name).is_some() {
            assert!(tried.contains(&*pointer), "{}: {name} is shown and read, and not tried", resource.path);
        }
    }
}

/// `null` clears every field that GET may show as null.
async fn null_clears(client: &Client, path: &str, resource: &Resource, method: &str) {
    let answer = &OPENAPI["paths"][resource.path]["get"]["responses"]["200"]["content"]["application/json"];
    let shown = properties(&answer["schema"]);
    let fixed =
        |name: &str| resource.fixed.iter().any(|(pointer, _)| pointer.trim_start_matches('/') == name);
    for name in of_body(resource.path, method).keys().filter(|name| !fixed(name)) {
        if !shown.get(name).is_some_and(can_be_null) {
            continue;
        }
        let body: Value = Map::from_iter([(name.clone(), Value::Null)]).into();
        let cleared = client.ask(&method.to_uppercase(), path, body).await.ok();
        assert_eq!(cleared[name], Value::Null, "{path}: null clears {name}");
        assert_eq!(get(client, path).await, cleared, "{path}: {name}");
    }
    for part in resource.nested {
        for name in properties(&shown[*part]).into_iter().filter(|(_, schema)| can_be_null(schema)) {
            let body: Value = Map::from_iter([((*part).to_owned(), json!({name.0.clone(): null}))]).into();
            let cleared = client.ask(&method.to_uppercase(), path, body).await.ok();
            assert_eq!(cleared[part][&name.0], Value::Null, "{path}: null clears {part}.{}", name.0);
            assert_eq!(get(client, path).await, cleared, "{path}: {part}.{}", name.0);
        }
    }
}

#[tokio::test]
async fn a_state_that_was_shown_before_is_not_set() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = client.ask("POST", "/api/v6/spaces", json!({"code": "A-1"})).await.ok();
    let path = &format!("/api/v6/spaces/{}", space["id"].as_str().unwrap());
    let state = |shown: &Value| (shown["current_state"].clone(), shown["reason"].clone());
    let put_back = async |mut body: Value, name: &str| {
        let now = state(&get(client, path).await);
        body["name"] = name.into();
        let put = client.ask("PUT", path, body).await.ok();
        assert_eq!((&put["name"], state(&put)), (&json!(name), now));
    };
    // An override that ended meanwhile.
    let block = json!({"override_type": "blocked", "space_id": space["id"]});
    let block = client.ask("POST", "/api/v6/overrides", block).await;
    let after = async |done: &Answer| {
        get(client, &format!("{path}?min_position={}", done.header("x-position"))).await
    };
    let before = after(&block).await;
    assert_eq!(before["current_state"], "maintenance");
    let block = format!("/api/v6/overrides/{}", block.ok()["id"].as_str().unwrap());
    let cleared = client.ask("DELETE", &block, None).await;
    assert_eq!(after(&cleared).await["current_state"], "unknown");
    put_back(before.clone(), "One").await;
    let read_by_v5 = json!({"status": before["status"], "last_state_change": before["last_state_change"]});
    put_back(read_by_v5, "Two").await;
    // A state that somebody else set meanwhile.
    for (before, meanwhile) in [("free", "occupied"), ("reserved", "free"), ("unknown", "maintenance")] {
        client.ask("PUT", &format!("{path}/state?new_state={before}"), None).await.ok();
        let shown = get(client, path).await;
        assert_eq!(shown["current_state"], before);
        client.ask("PUT", &format!("{path}/state?new_state={meanwhile}"), None).await.ok();
        put_back(shown, before).await;
        assert_eq!(get(client, path).await["current_state"], meanwhile);
    }
    // The stored time in another form is no earlier one.
    let mut body = get(client, path).await;
    body["state_changed_at"] = body["state_changed_at"].as_str().unwrap().replace('Z', "+00:00").into();
    body["status"] = "reserved".into();
    assert_eq!(client.ask("PUT", path, body).await.ok()["current_state"], "reserved");
}
