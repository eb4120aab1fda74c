//! Values that PostgreSQL cannot store never reach the log: one such event would stop every read model.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::log::Log;
use crate::reservations::{RESERVATIONS, booking, hour, space};
use crate::support::TestServer;

fn with(mut body: Value, name: &str, value: impl Into<Value>) -> Value {
    body[name] = value.into();
    body
}

#[tokio::test]
async fn unstorable_values_are_refused_and_the_read_models_keep_running() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let before = Log::of(&database).whole().await.len();
    let blocked = json!({"space_id": space["id"], "override_type": "blocked"});
    let far = "+262142-01-01T00:00:00Z";
    for (path, body) in [
        (RESERVATIONS, with(booking(&space, 8, 9), "notes", "a\0b")),
        (RESERVATIONS, with(booking(&space, 8, 9), "request_id", "\0")),
        (RESERVATIONS, with(booking(&space, 8, 9), "metadata", json!({"a": ["\0"]}))),
        (RESERVATIONS, with(booking(&space, 8, 9), "metadata", json!({"\0": 1}))),
        (
            RESERVATIONS,
            with(with(booking(&space, 8, 9), "start_time", far), "end_time", "+262142-01-01T01:00:00Z"),
        ),
        (RESERVATIONS, with(booking(&space, 8, 9), "start_time", "0000-01-01T00:00:00Z")),
        (RESERVATIONS, with(booking(&space, 8, 9), "end_time", "9999-12-31T23:30:00-01:00")),
        ("/api/v6/overrides", with(blocked.clone(), "reason", "\0")),
        ("/api/v6/overrides", with(blocked.clone(), "end_time", far)),
        ("/api/v6/overrides", with(blocked, "start_time", "-0001-01-01T00:00:00Z")),
        ("/api/v6/display-policies", json!({"name": "Day\0"})),
        ("/api/v6/sites", json!({"name": "a\0", "slug": "a"})),
        ("/api/v6/spaces", json!({"code": "B-1", "config": {"a": "\0"}})),
    ] {
        client.ask("POST", path, body).await.problem(422, "body_invalid");
    }
    for query in [
        "reservations?user_email=%00",
        "reservations?start_date=-262143-01-01T00:00:00Z",
        "reservations?end_date=%2B262142-01-01T00:00:00Z",
        "spaces?current_state=%00",
        "spaces?current_state=fr%00ee&page=1",
    ] {
        client.ask("GET", &format!("/api/v6/{query}"), None).await.problem(422, "parameter_invalid");
    }
    assert_eq!(Log::of(&database).whole().await.len(), before, "nothing of it is in the log");

    // Similar strings are accepted.
    let body = with(booking(&space, 8, 9), "notes", "\\u0000 and %00");
    let booked = client.ask("POST", RESERVATIONS, with(body, "end_time", hour(10))).await.ok();
    assert_eq!(booked["notes"], "\\u0000 and %00");
    let listed = client.ask("GET", &format!("{RESERVATIONS}?user_email=%2500"), None).await.ok();
    assert_eq!(listed["total"], 0);
}
