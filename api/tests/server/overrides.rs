//! Overrides over HTTP: set, listed and cleared, below a space and by their own paths.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::reservations::{RESERVATIONS, booking, hour, space};
use crate::support::TestServer;

#[tokio::test]
async fn an_override_is_active_until_it_is_cleared() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let space_path = format!("/api/v6/spaces/{}", space["id"].as_str().unwrap());
    let body =
        json!({"space_id": space["id"], "override_type": "blocked", "reason": "works", "notes": "ask Ada"});
    let set = client.ask("POST", "/api/v6/overrides", body).await;
    assert_eq!(set.status, 201);
    let set = set.ok();
    assert_eq!((&set["status"], &set["is_active"]), (&json!("active"), &json!(true)));
    assert_eq!((&set["space_code"], &set["end_time"]), (&json!("A-1"), &Value::Null));
    assert_eq!((&set["reason"], &set["notes"]), (&json!("works"), &json!("ask Ada")));
    assert_eq!(client.ask("GET", &space_path, None).await.ok()["status"], "maintenance");
    let refused = client.ask("POST", RESERVATIONS, booking(&space, 8, 9)).await;
    refused.problem(409, "space_not_available");

    let path = format!("/api/v6/overrides/{}", set["id"].as_str().unwrap());
    assert_eq!(client.ask("GET", &path, None).await.ok(), set);
    let cleared = client.ask("DELETE", &path, None).await.ok();
    assert_eq!((&cleared["success"], &cleared["status"]), (&json!(true), &json!("cleared")));
    assert_eq!((&cleared["id"], &cleared["space_id"]), (&set["id"], &space["id"]));
    client.ask("DELETE", &path, None).await.problem(409, "override_over");
    assert_eq!(client.ask("GET", &space_path, None).await.ok()["status"], "unknown");
    assert_eq!(client.ask("POST", RESERVATIONS, booking(&space, 8, 9)).await.status, 201);
}

#[tokio::test]
async fn an_override_over_bookings_answers_which_it_affects() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let (space, other) = (space(client, "A-1").await, space(client, "A-2").await);
    let mut booked = Vec::new();
    for (space, from, until) in [(&space, 8, 9), (&space, 10, 11), (&space, 12, 13), (&other, 10, 11)] {
        booked.push(client.ask("POST", RESERVATIONS, booking(space, from, until)).await.ok());
    }
    let body = json!({"override_type": "blocked", "space_id": space["id"], "start_time": hour(9), "end_time": hour(12)});
    let set = client.ask("POST", "/api/v6/overrides", body).await.ok();
    let affected = |n: usize| {
        let Value::Object(booked) = &booked[n] else { panic!("a reservation") };
        json!({"reservation_id": booked["id"], "start_time": booked["start_time"], "end_time": booked["end_time"]})
    };
    assert_eq!(set["affected_reservations"], json!([affected(1)]));
    let forever = json!({"override_type": "out_of_service", "space_id": space["id"], "start_time": hour(8)});
    let forever = client.ask("POST", "/api/v6/overrides", forever).await.ok();
    assert_eq!(forever["affected_reservations"], json!([affected(0), affected(1), affected(2)]));
    let path = format!("/api/v6/reservations/{}", booked[1]["id"].as_str().unwrap());
    client.ask("DELETE", &path, None).await.ok();
    let path = format!("/api/v6/overrides/{}", set["id"].as_str().unwrap());
    assert_eq!(client.get(&path).await.ok()["affected_reservations"], json!([]));
}

#[tokio::test]
async fn overrides_of_a_space_are_found_below_the_space() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let (here, there) = (space(client, "A-1").await, space(client, "A-2").await);
    let of = |space: &Value| format!("/api/v6/spaces/{}/overrides", space["id"].as_str().unwrap());
    let to_come = json!({"override_type": "out_of_service", "start_time": hour(8), "end_time": hour(9)});
    let first = client.ask("POST", &of(&here), to_come.clone()).await.ok();
    let second = client.ask("POST", &of(&there), to_come).await.ok();
    assert_eq!(first["status"], "set");
    for (path, expected) in [
        ("/api/v6/overrides".to_owned(), 2),
        ("/api/v6/overrides?status=set".to_owned(), 2),
        ("/api/v6/overrides?status=active".to_owned(), 0),
        (format!("/api/v6/overrides?space_id={}", here["id"].as_str().unwrap()), 1),
        (of(&here), 1),
    ] {
        let listed = client.ask("GET", &path, None).await.ok();
        assert_eq!(listed["total"], expected, "{path}");
        assert_eq!(listed["overrides"].as_array().unwrap().len(), expected, "{path}");
    }
    let first_here = format!("{}/{}", of(&here), first["id"].as_str().unwrap());
    let second_here = format!("{}/{}", of(&here), second["id"].as_str().unwrap());
    assert_eq!(client.ask("GET", &first_here, None).await.ok(), first);
    client.ask("GET", &second_here, None).await.problem(404, "override_not_found");
    client.ask("DELETE", &second_here, None).await.problem(404, "override_not_found");
    assert_eq!(client.ask("DELETE", &first_here, None).await.ok()["status"], "cleared");
    // V5's path.
    let v5 = format!("/api/v6/display-policies/admin-overrides/{}", second["id"].as_str().unwrap());
    assert_eq!(client.get(&v5).await.ok(), second);
}

#[tokio::test]
async fn invalid_overrides_are_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let with = |more: Value| {
        let mut body = json!({"space_id": space["id"], "override_type": "blocked"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, status, code) in [
        (json!({"override_type": "blocked"}), 422, "parameter_invalid"),
        (json!({"space_id": space["id"]}), 422, "parameter_invalid"),
        (with(json!({"override_type": "broken"})), 422, "body_invalid"),
        (with(json!({"start_time": hour(9), "end_time": hour(8)})), 422, "override_window_empty"),
        (
            with(json!({"start_time": "2020-01-01T08:00:00Z", "end_time": "2020-01-01T09:00:00Z"})),
            422,
            "override_ends_in_the_past",
        ),
        (with(json!({"space_id": "00000000-0000-0000-0000-000000000009"})), 404, "space_not_found"),
    ] {
        client.ask("POST", "/api/v6/overrides", body).await.problem(status, code);
    }
    client.ask("GET", "/api/v6/overrides?status=lost", None).await.problem(422, "parameter_invalid");
    let nobody = "/api/v6/overrides/00000000-0000-0000-0000-000000000009";
    client.ask("GET", nobody, None).await.problem(404, "override_not_found");
    assert_eq!(client.ask("GET", "/api/v6/overrides", None).await.ok()["total"], 0);
}

#[tokio::test]
async fn a_repeated_override_with_the_same_key_is_set_once() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let body = json!({"space_id": space["id"], "override_type": "blocked", "notes": "ask Ada"});
    let key = [("idempotency-key", "first")];
    let first = client.ask_with("POST", "/api/v6/overrides", &key, body.clone()).await;
    let again = client.ask_with("POST", "/api/v6/overrides", &key, body).await;
    assert_eq!((first.ok(), first.header("x-position")), (again.ok(), again.header("x-position")));
    assert_eq!(client.ask("GET", "/api/v6/overrides", None).await.ok()["total"], 1);
}
