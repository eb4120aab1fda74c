//! Every executed command answers with a position and its log, also one that changes nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::documented::{OPENAPI, is_command};
use crate::examples::is_personal;
use crate::reservations::{booking, hour};
use crate::support::{Client, TestServer, UPLINK, eventually};
use crate::uplinks::{dev_eui, uplink};

/// Executes operations and notes which. The client requires the position of each answer.
struct Walk<'a> {
    client: &'a Client,
    walked: BTreeSet<String>,
}

impl Walk<'_> {
    /// Executes an operation of the OpenAPI document with these ids in its path, and this query after it.
    async fn ask(&mut self, operation: &str, ids: &[&str], query: &str, body: Value) -> Value {
        let (method, template) = operation.split_once(' ').unwrap();
        let mut ids = ids.iter();
        let filled = |part| if str::starts_with(part, '{') { *ids.next().unwrap() } else { part };
        let parts = template.split('/').map(filled);
        let path = format!("{}{query}", parts.collect::<Vec<_>>().join("/"));
        self.walked.insert(operation.to_owned());
        self.client.ask(method, &path, body).await.ok()
    }

    /// Executes an operation with the same answer as before: the second time it changes nothing.
    async fn twice(&mut self, operation: &str, ids: &[&str], query: &str, body: Value) {
        for _ in 0..2 {
            self.ask(operation, ids, query, body.clone()).await;
        }
    }

    async fn create(&mut self, operation: &str, ids: &[&str], body: Value) -> String {
        self.ask(operation, ids, "", body).await["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn every_command_answers_with_its_position() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let walk = &mut Walk { client, walked: BTreeSet::new() };
    let space = sites_and_spaces(walk).await;
    devices(walk, &space).await;
    orphans(walk, &space).await;
    policies_and_overrides(walk, &space).await;
    reservations(walk, &space).await;
    eventually("nobody else runs the job", async || {
        let run = client.ask("POST", "/api/v6/jobs/cleanup_readings/run", None).await;
        (run.status == 202).then_some(())
    })
    .await;
    walk.walked.insert("POST /api/v6/jobs/{job}/run".to_owned());
    for (path, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            let is_walked = walk.walked.contains(&name) || is_personal(operation);
            assert!(is_walked || !is_command(&method.to_uppercase(), operation), "{name} is not tested here");
        }
    }
}

async fn sites_and_spaces(walk: &mut Walk<'_>) -> String {
    let site = walk.create("POST /api/v6/sites", &[], json!({"name": "North", "slug": "north"})).await;
    for operation in ["PUT /api/v6/sites/{site_id}", "PATCH /api/v6/sites/{site_id}"] {
        walk.twice(operation, &[&site], "", json!({"city": "Bergen"})).await;
    }
    let on_site = walk.create("POST /api/v6/sites/{site_id}/spaces", &[&site], json!({"code": "N-1"})).await;
    walk.ask("DELETE /api/v6/spaces/{space_id}", &[&on_site], "", json!({})).await;
    walk.ask("DELETE /api/v6/sites/{site_id}", &[&site], "", json!({})).await;
    let space = walk.create("POST /api/v6/spaces", &[], json!({"code": "A-1"})).await;
    for operation in ["PUT /api/v6/spaces/{space_id}", "PATCH /api/v6/spaces/{space_id}"] {
        walk.twice(operation, &[&space], "", json!({"floor": "2"})).await;
    }
    walk.twice("PUT /api/v6/spaces/{space_id}/state", &[&space], "?new_state=occupied", Value::Null).await;
    space
}

async fn devices(walk: &mut Walk<'_>, space: &str) {
    let mut claimed = Vec::new();
    for (n, kind) in [(1, "sensor"), (2, "display"), (3, "sensor"), (4, "sensor"), (5, "sensor")] {
        let body = json!({"dev_eui": dev_eui(n), "name": format!("Device {n}"), "type": kind});
        claimed.push(walk.create("POST /api/v6/devices", &[], body).await);
    }
    let [sensor, display, third, fourth, fifth] = &claimed[..] else { panic!("five devices") };
    for operation in ["PUT /api/v6/devices/{device_id}", "PATCH /api/v6/devices/{device_id}"] {
        walk.twice(operation, &[sensor], "", json!({"name": "West"})).await;
    }
    let at = json!({"space_id": space});
    walk.twice("POST /api/v6/devices/{device_id}/assign", &[sensor], "", at).await;
    walk.ask("POST /api/v6/devices/{device_id}/unassign", &[sensor], "", json!({})).await;
    for (kind, device) in [("sensor", sensor), ("display", display)] {
        let query = format!("?{kind}_eui={device}");
        walk.twice(&format!("POST /api/v6/spaces/{{space_id}}/assign-{kind}"), &[space], &query, Value::Null)
            .await;
        walk.twice(&format!("DELETE /api/v6/spaces/{{space_id}}/unassign-{kind}"), &[space], "", Value::Null)
            .await;
    }
    walk.ask("POST /api/v6/devices/{device_id}/release", &[third], "", json!({})).await;
    walk.ask("DELETE /api/v6/devices/{device_id}", &[fourth], "", json!({})).await;
    walk.twice("PATCH /api/v6/devices/{device_id}/archive", &[fifth], "?confirm=true", Value::Null).await;
    walk.twice("POST /api/v6/devices/{device_id}/retire", &[fifth], "", Value::Null).await;
}

async fn orphans(walk: &mut Walk<'_>, space: &str) {
    for n in [11, 12, 13] {
        let position = walk.client.post(UPLINK, uplink(n, 0).to_string()).await.accepted();
        let orphan = format!("/api/v6/orphan-devices/{}?min_position={position}", dev_eui(n));
        walk.client.ask("GET", &orphan, None).await.ok();
    }
    let [dismissed, assigned, claimed] = [11, 12, 13].map(dev_eui);
    walk.ask("DELETE /api/v6/orphan-devices/{dev_eui}", &[&dismissed], "", Value::Null).await;
    let at = format!("?space_id={space}");
    walk.ask("POST /api/v6/orphan-devices/{dev_eui}/assign", &[&assigned], &at, Value::Null).await;
    walk.ask("POST /api/v6/orphan-devices/{dev_eui}/claim", &[&claimed], "", json!({"type": "sensor"})).await;
}

async fn policies_and_overrides(walk: &mut Walk<'_>, space: &str) {
    let policy = walk.create("POST /api/v6/display-policies", &[], json!({"name": "Day"})).await;
    for method in ["PUT", "PATCH"] {
        let operation = format!("{method} /api/v6/display-policies/{{policy_id}}");
        walk.twice(&operation, &[&policy], "", json!({"name": "Bright"})).await;
    }
    walk.twice("POST /api/v6/display-policies/{policy_id}/activate", &[&policy], "", Value::Null).await;
    let later = |from, until| json!({"space_id": space, "override_type": "blocked", "start_time": hour(from), "end_time": hour(until)});
    let set = walk.create("POST /api/v6/overrides", &[], later(1, 2)).await;
    walk.ask("DELETE /api/v6/overrides/{override_id}", &[&set], "", Value::Null).await;
    let set = walk.create("POST /api/v6/spaces/{space_id}/overrides", &[space], later(3, 4)).await;
    let clear = "DELETE /api/v6/spaces/{space_id}/overrides/{override_id}";
    walk.ask(clear, &[space, &set], "", Value::Null).await;
}

async fn reservations(walk: &mut Walk<'_>, space: &str) {
    let space = json!({"id": space});
    let one = "/api/v6/reservations/{reservation_id}";
    let book = "POST /api/v6/reservations";
    for (n, (cancel, body)) in [
        (format!("DELETE {one}"), json!({"reason": "ill"})),
        (format!("PUT {one}/cancel"), json!({})),
        (format!("POST {one}/cancel"), json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let booked = walk.create(book, &[], booking(&space, 5 + n, 6 + n)).await;
        walk.ask(&cancel, &[&booked], "", body).await;
        // An amendment of a reservation that is over, and one that changes nothing.
        let refund = json!({"payment_status": "refunded", "notes": "by card"});
        walk.twice(&format!("PUT {one}"), &[&booked], "", refund.clone()).await;
        walk.twice(&format!("PATCH {one}"), &[&booked], "", refund).await;
    }
    let moved = walk.create(book, &[], booking(&space, 8, 9)).await;
    walk.twice(&format!("POST {one}/reschedule"), &[&moved], "", json!({"end_time": hour(10)})).await;
    let start: DateTime<Utc> =
        walk.client.get("/health").await.ok()["timestamp"].as_str().unwrap().parse().unwrap();
    let end = start + TimeDelta::hours(1);
    let now = json!({"space_id": space["id"], "start_time": start, "end_time": end});
    let running = walk.create(book, &[], now).await;
    walk.twice(&format!("POST {one}/check-in"), &[&running], "", Value::Null).await;
    walk.ask(&format!("POST {one}/check-out"), &[&running], "", Value::Null).await;
    walk.twice("POST /api/v6/reservations/expire-old", &[], "", json!({})).await;
}
