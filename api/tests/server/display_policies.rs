//! Display policies over HTTP, and the computed state of a space.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::reservations::{RESERVATIONS, booking, space};
use crate::support::{Client, TestServer};

const POLICIES: &str = "/api/v6/display-policies";

fn path(policy: &Value) -> String {
    format!("{POLICIES}/{}", policy["id"].as_str().unwrap())
}

async fn computed(client: &Client, space: &Value) -> Value {
    let path = format!("{POLICIES}/spaces/{}/computed-state", space["id"].as_str().unwrap());
    client.ask("GET", &path, None).await.ok()
}

/// State, colour, level and reason of a display.
fn display(computed: &Value) -> [&Value; 4] {
    ["state", "color", "priority_level", "reason"].map(|name| &computed["computed_display"][name])
}

#[tokio::test]
async fn a_new_policy_is_active_until_another_is_activated() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    assert_eq!(client.ask("GET", POLICIES, None).await.ok()["total"], 0);
    let day = json!({"name": "Day", "free_color": "00ff00", "blink_pattern_ms": "300", "blink_reserved_soon": true});
    let day = client.ask("POST", POLICIES, day).await;
    assert_eq!(day.status, 201);
    let day = day.ok();
    assert_eq!((&day["is_active"], &day["colors"]["free"]), (&json!(true), &json!("00FF00")));
    assert_eq!((&day["colors"]["occupied"], &day["description"]), (&json!("FF0000"), &Value::Null));
    assert_eq!(day["behaviors"]["blink_pattern_ms"], 300);
    assert_eq!(day["thresholds"]["reserved_soon_threshold_sec"], 900);

    let night = json!({"name": "Night", "description": "dim", "free_color": "003300"});
    let night = client.ask("POST", POLICIES, night).await.ok();
    let in_force = async || {
        let listed = client.ask("GET", POLICIES, None).await.ok();
        let active = |policy: &Value| (policy["name"].clone(), policy["is_active"].clone());
        listed["display_policies"].as_array().unwrap().iter().map(active).collect::<Vec<_>>()
    };
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(in_force().await, [(json!("Night"), yes.clone()), (json!("Day"), no.clone())]);
    let activated = client.ask("POST", &format!("{}/activate", path(&day)), None).await.ok();
    assert_eq!(activated["is_active"], true);
    assert_eq!(in_force().await, [(json!("Day"), yes), (json!("Night"), no)]);

    let change = json!({"description": "", "debounce_readings": 2});
    let changed = client.ask("PATCH", &path(&night), change).await.ok();
    assert_eq!((&changed["description"], &changed["name"]), (&Value::Null, &json!("Night")));
    assert_eq!(
        (&changed["thresholds"]["debounce_readings"], &changed["colors"]["free"]),
        (&json!(2), &json!("003300"))
    );
    assert_eq!(client.ask("PUT", &path(&night), json!({"name": "Dusk"})).await.ok()["name"], "Dusk");
    assert_eq!(client.ask("GET", &path(&night), None).await.ok()["name"], "Dusk");
}

#[tokio::test]
async fn invalid_policies_are_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for (body, code) in [
        (json!({}), "display_policy_name_invalid"),
        (json!({"name": "Day", "blink_pattern_ms": 99}), "policy_out_of_bounds"),
        (json!({"name": "Day", "free_color": "green"}), "body_invalid"),
        (json!({"name": "Day", "blink_pattern_ms": "fast"}), "body_invalid"),
    ] {
        client.ask("POST", POLICIES, body).await.problem(422, code);
    }
    let nobody = format!("{POLICIES}/00000000-0000-0000-0000-000000000009");
    for (method, path) in
        [("GET", nobody.clone()), ("PATCH", nobody.clone()), ("POST", format!("{nobody}/activate"))]
    {
        let body = (method == "PATCH").then(|| json!({}));
        client.ask(method, &path, body).await.problem(404, "display_policy_not_found");
    }
    let nowhere = format!("{POLICIES}/spaces/00000000-0000-0000-0000-000000000009/computed-state");
    client.ask("GET", &nowhere, None).await.problem(404, "space_not_found");
}

#[tokio::test]
async fn the_strongest_level_decides_the_display_with_its_reason() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let nothing = computed(client, &space).await;
    assert_eq!(display(&nothing), [&json!("FREE"), &json!("00FF00"), &json!(7), &json!("nothing_known")]);
    assert_eq!((&nothing["current_state"], &nothing["db_state"]), (&json!("unknown"), &json!("unknown")));
    assert_eq!((&nothing["sensor"], &nothing["admin_override"]), (&Value::Null, &Value::Null));
    assert_eq!((&nothing["policy"]["id"], &nothing["policy"]["levels"]), (&Value::Null, &json!([])));

    let mut now = booking(&space, 8, 9);
    now["start_time"] = space["created_at"].clone();
    now["end_time"] = json!(an_hour_after(space["created_at"].as_str().unwrap()));
    let running = client.ask("POST", RESERVATIONS, now).await.ok();
    let next = client.ask("POST", RESERVATIONS, booking(&space, 8, 9)).await.ok();
    let policy = json!({"name": "Day", "reserved_color": "0000ff", "out_of_service_color": "123456"});
    let policy = client.ask("POST", POLICIES, policy).await.ok();
    let reserved = computed(client, &space).await;
    assert_eq!(
        display(&reserved),
        [&json!("RESERVED"), &json!("0000FF"), &json!(3), &json!("reservation_running")]
    );
    assert_eq!(
        (&reserved["has_active_reservation"], &reserved["db_state"]),
        (&json!(true), &json!("reserved"))
    );
    assert_eq!(reserved["current_reservation"]["id"], running["id"]);
    assert_eq!(reserved["next_reservation"]["id"], next["id"]);
    assert_eq!(
        (&reserved["policy"]["id"], &reserved["policy"]["levels"]),
        (&policy["id"], &json!(["tenant"]))
    );

    let overrides = format!("/api/v6/spaces/{}/overrides", space["id"].as_str().unwrap());
    let closed = client.ask("POST", &overrides, json!({"override_type": "out_of_service"})).await.ok();
    client.ask("POST", &overrides, json!({"override_type": "blocked"})).await.ok();
    let shut = computed(client, &space).await;
    assert_eq!(
        display(&shut),
        [&json!("MAINTENANCE"), &json!("123456"), &json!(1), &json!("out_of_service")]
    );
    assert_eq!(shut["admin_override"]["id"], closed["id"]);
    assert_eq!(shut["has_active_reservation"], true);
}

fn an_hour_after(text: &str) -> String {
    let time: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
    (time + chrono::TimeDelta::hours(1)).to_rfc3339()
}
