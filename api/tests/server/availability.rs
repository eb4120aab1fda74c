//! The availability of a space, under all paths that clients use.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::reservations::{RESERVATIONS, booking, hour, space};
use crate::support::{Client, TestServer};

/// The response, which must be the same under all paths.
async fn availability(client: &Client, space: &Value, from: usize, until: usize) -> Value {
    let id = space["id"].as_str().unwrap();
    let (start, end) = (hour(from), hour(until));
    let window = json!({"start_time": start, "end_time": end});
    let answers = [
        client
            .ask("GET", &format!("/api/v6/spaces/{id}/availability?from={start}&to={end}"), None)
            .await
            .ok(),
        client.ask("POST", &format!("/api/v6/spaces/{id}/availability"), window).await.ok(),
        client
            .ask(
                "POST",
                "/api/reservations/check-availability",
                json!({"spaceId": id, "startTime": start, "endTime": end}),
            )
            .await
            .ok(),
        client
            .ask(
                "POST",
                &format!("{RESERVATIONS}/{id}/check-availability?start_time={start}&end_time={end}"),
                None,
            )
            .await
            .ok(),
    ];
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    answers[0].clone()
}

#[tokio::test]
async fn a_space_is_available_unless_reserved_or_overridden() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let mut body = booking(&space, 8, 10);
    body["user_name"] = json!("Ada");
    let held = client.ask("POST", RESERVATIONS, body).await.ok();

    let free = availability(client, &space, 10, 12).await;
    assert_eq!((&free["is_available"], &free["reservations"]), (&json!(true), &json!([])));
    assert_eq!((&free["space_code"], &free["current_state"]), (&json!("A-1"), &json!("unknown")));
    let taken = availability(client, &space, 9, 12).await;
    assert_eq!(taken["is_available"], false);
    let conflict = &taken["conflicting_reservations"][0];
    assert_eq!((&conflict["id"], &conflict["user_name"]), (&held["id"], &json!("Ada")));

    let path = format!("/api/v6/spaces/{}", space["id"].as_str().unwrap());
    let works = json!({"override_type": "blocked", "start_time": hour(14), "end_time": hour(16)});
    let works = client.ask("POST", &format!("{path}/overrides"), works).await.ok();
    let blocked = availability(client, &space, 15, 17).await;
    assert_eq!((&blocked["is_available"], &blocked["overrides"][0]["id"]), (&json!(false), &works["id"]));
    assert_eq!(availability(client, &space, 16, 17).await["is_available"], true);
    client.ask("PATCH", &path, json!({"enabled": false})).await.ok();
    assert_eq!(availability(client, &space, 16, 17).await["is_available"], false);
}

#[tokio::test]
async fn a_check_without_a_space_or_a_window_is_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await["id"].as_str().unwrap().to_owned();
    let of = |window: &str| format!("/api/v6/spaces/{id}/availability{window}");
    client.ask("GET", &of(""), None).await.problem(422, "parameter_invalid");
    let (eight, nine) = (hour(8), hour(9));
    client.ask("GET", &of(&format!("?from={nine}&to={eight}")), None).await.problem(422, "window_empty");
    client.ask("POST", &of(""), None).await.problem(422, "parameter_invalid");
    let check = format!("{RESERVATIONS}/check-availability");
    let mut window = json!({"start_time": eight, "end_time": nine});
    client.ask("POST", &check, window.clone()).await.problem(422, "parameter_invalid");
    window["space_id"] = json!("00000000-0000-0000-0000-000000000009");
    client.ask("POST", &check, window).await.problem(404, "space_not_found");
}
