//! Reservations over HTTP: booked, listed, moved, checked in and out, cancelled.

use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use parking_testkit::{Role, TestDatabase};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Answer, Client, TestServer, eventually};

pub(crate) const RESERVATIONS: &str = "/api/v6/reservations";

/// Creates a space with this code; returns the response.
pub(crate) async fn space(client: &Client, code: &str) -> Value {
    client.ask("POST", "/api/v6/spaces", json!({"code": code})).await.ok()
}

/// A booking of some hours of a future day.
pub(crate) fn booking(space: &Value, from: usize, until: usize) -> Value {
    json!({"space_id": space["id"], "start_time": hour(from), "end_time": hour(until)})
}

pub(crate) fn hour(hour: usize) -> String {
    format!("2035-06-01T{hour:02}:00:00Z")
}

/// A window that has just begun and ends in an hour, according to the server's clock.
fn now(space: &Value) -> (Value, DateTime<Utc>) {
    let start: DateTime<Utc> = space["created_at"].as_str().unwrap().parse().unwrap();
    let until = |end: DateTime<Utc>| end.to_rfc3339_opts(SecondsFormat::Micros, true);
    let end = until(start + TimeDelta::hours(1));
    (json!({"space_id": space["id"], "start_time": until(start), "end_time": end}), start)
}

fn path(reservation: &Value) -> String {
    format!("{RESERVATIONS}/{}", reservation["id"].as_str().unwrap())
}

fn with(mut body: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    body.as_object_mut().unwrap().extend(more);
    body
}

async fn book(client: &Client, body: Value) -> Answer {
    client.ask("POST", RESERVATIONS, body).await
}

#[tokio::test]
async fn a_reservation_from_booking_to_cancellation() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    // As V6's test script sends it, with a trailing slash.
    let guest =
        json!({"user_email": "Ada@Example.com", "status": "active", "user_name": "Ada", "notes": "blue"});
    let body = with(booking(&space, 8, 10), guest);
    let made = client.ask("POST", "/api/v6/reservations/", body).await;
    assert_eq!(made.status, 201);
    let booked = made.ok();
    assert_eq!((&booked["space_code"], &booked["status"]), (&json!("A-1"), &json!("active")));
    assert_eq!((&booked["is_duplicate"], &booked["payment_status"]), (&json!(false), &json!("pending")));
    assert_eq!(booked["end_time"], "2035-06-01T10:00:00Z");

    let one = client.ask("GET", &path(&booked), None).await.ok();
    for name in ["user_email", "user_name", "notes", "id", "space_id", "created_at"] {
        assert!(one[name].is_string() && one[name] == booked[name], "{name}: {one}");
    }
    let later = json!({"end_time": hour(11), "notes": "", "user_phone": "+33 1"});
    let changed = client.ask("PUT", &path(&booked), later).await.ok();
    assert_eq!((&changed["end_time"], &changed["notes"]), (&json!("2035-06-01T11:00:00Z"), &Value::Null));
    assert_eq!((&changed["user_phone"], &changed["user_name"]), (&json!("+33 1"), &json!("Ada")));

    let gone = client.ask("DELETE", &path(&booked), json!({"reason": "ill"})).await.ok();
    assert_eq!((&gone["success"], &gone["reservation_id"]), (&json!(true), &booked["id"]));
    assert_eq!((&gone["status"], &gone["cancellation_reason"]), (&json!("cancelled"), &json!("ill")));
    assert!(gone["cancelled_at"].is_string() && gone["cancelled_by"].is_string(), "{gone}");
    client.ask("DELETE", &path(&booked), None).await.problem(409, "reservation_over");
    assert_eq!(book(client, booking(&space, 8, 10)).await.status, 201, "the window is free again");
}

#[tokio::test]
async fn conflicting_reservations_are_listed_and_the_end_of_a_window_is_exclusive() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let first = book(client, booking(&space, 8, 10)).await.ok();
    let second = book(client, booking(&space, 10, 12)).await.ok();
    let refused = book(client, booking(&space, 9, 11)).await;
    refused.problem(409, "reservation_conflict");
    let conflicts = refused.json()["conflicts"].clone();
    let expected = [&first, &second].map(|held| {
        json!({"reservation_id": held["id"], "start_time": held["start_time"], "end_time": held["end_time"]})
    });
    assert_eq!(conflicts, json!(expected));

    let moved = format!("{}/reschedule", path(&first));
    let refused = client.ask("POST", &moved, json!({"start_time": hour(11), "end_time": hour(13)})).await;
    refused.problem(409, "reservation_conflict");
    let there = json!({"startTime": hour(12), "endTime": hour(13)});
    let there = client.ask("POST", &moved, there).await.ok();
    assert_eq!(there["start_time"], "2035-06-01T12:00:00Z");
    client.ask("POST", &moved, json!({})).await.problem(422, "parameter_invalid");
    let elsewhere =
        json!({"space_id": client.ask("POST", "/api/v6/spaces", json!({"code": "A-2"})).await.ok()["id"]});
    client.ask("PATCH", &path(&first), elsewhere).await.problem(422, "body_invalid");
}

#[tokio::test]
async fn all_field_aliases_are_accepted() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    for (start, end) in [
        ("2035-06-01T08:00:00", "2035-06-01T09:00:00"),
        ("2035-06-02 10:00:00+02:00", "2035-06-02T09:00:00.000Z"),
    ] {
        let names = json!({"spaceId": space["id"], "startTime": start, "endTime": end});
        let booked = client.ask("POST", "/api/reservations", names).await.ok();
        assert!(booked["start_time"].as_str().unwrap().ends_with("T08:00:00Z"), "{booked}");
    }
    let money =
        json!({"rate": 2.5, "total_cost": "12.50", "payment_status": "paid", "metadata": {"car": "blue"}});
    let booked = book(client, with(booking(&space, 10, 11), money)).await.ok();
    assert_eq!((&booked["rate"], &booked["total_cost"]), (&json!("2.5"), &json!("12.50")));
    assert_eq!((&booked["payment_status"], &booked["metadata"]["car"]), (&json!("paid"), &json!("blue")));
    let refunded = client.ask("PATCH", &path(&booked), json!({"payment_status": "refunded"})).await.ok();
    assert_eq!((&refunded["payment_status"], &refunded["rate"]), (&json!("refunded"), &json!("2.5")));
    let next = book(client, booking(&space, 12, 13)).await.ok();
    for (method, one) in [("POST", booked), ("PUT", next)] {
        let gone = client.ask(method, &format!("{}/cancel", path(&one)), None).await.ok();
        assert_eq!((&gone["status"], &gone["cancellation_reason"]), (&json!("cancelled"), &Value::Null));
    }
}

#[tokio::test]
async fn invalid_bookings_are_refused_with_a_reason() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let at = |start: &str, end: &str| json!({"space_id": space["id"], "start_time": start, "end_time": end});
    let (eight, nine) = (hour(8), hour(9));
    for (body, status, code) in [
        (json!({}), 422, "parameter_invalid"),
        (json!({"space_id": space["id"], "start_time": eight}), 422, "parameter_invalid"),
        (at("soon", &nine), 422, "body_invalid"),
        (at(&nine, &eight), 422, "window_empty"),
        (at("2020-01-01T08:00:00Z", &nine), 422, "starts_in_the_past"),
        (at(&eight, "2035-06-02T08:00:01Z"), 422, "reservation_too_long"),
        (with(at(&eight, &nine), json!({"rate": "much"})), 422, "amount_invalid"),
        (with(at(&eight, &nine), json!({"payment_status": "never"})), 422, "body_invalid"),
        (with(at(&eight, &nine), json!({"request_id": "x".repeat(256)})), 422, "limit_exceeded"),
        (
            with(at(&eight, &nine), json!({"space_id": "00000000-0000-0000-0000-000000000009"})),
            404,
            "space_not_found",
        ),
    ] {
        book(client, body).await.problem(status, code);
    }
    let nobody = format!("{RESERVATIONS}/00000000-0000-0000-0000-000000000009");
    for (method, path) in [
        ("GET", nobody.clone()),
        ("PUT", nobody.clone()),
        ("DELETE", nobody.clone()),
        ("POST", format!("{nobody}/check-in")),
        ("POST", format!("{nobody}/check-out")),
    ] {
        let body = (method == "PUT").then(|| json!({}));
        client.ask(method, &path, body).await.problem(404, "reservation_not_found");
    }
    let space_path = format!("/api/v6/spaces/{}", space["id"].as_str().unwrap());
    client.ask("PATCH", &space_path, json!({"enabled": false})).await.ok();
    book(client, booking(&space, 8, 9)).await.problem(409, "space_disabled");
    assert_eq!(client.ask("GET", RESERVATIONS, None).await.ok()["total"], 0);
}

#[tokio::test]
async fn reservation_lists_apply_their_filters() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let (here, there) = (space(client, "A-1").await, space(client, "A-2").await);
    let ada = json!({"user_email": "ada@example.com", "metadata": {"n": 1}});
    let morning = book(client, with(booking(&here, 8, 9), ada)).await.ok();
    let evening = book(client, booking(&here, 18, 19)).await.ok();
    let other = book(client, booking(&there, 12, 13)).await.ok();
    client.ask("DELETE", &path(&evening), None).await.ok();
    let here = here["id"].as_str().unwrap();
    for (query, expected) in [
        (String::new(), vec![&evening, &other, &morning]),
        ("?status=undefined&page=1&page_size=20".into(), vec![&evening, &other, &morning]),
        ("?status=active".into(), vec![&other, &morning]),
        ("?status=confirmed".into(), vec![&other, &morning]),
        ("?status=cancelled".into(), vec![&evening]),
        (format!("?space_id={here}"), vec![&evening, &morning]),
        ("?site_id=00000000-0000-0000-0000-000000000009".into(), vec![]),
        ("?user_email=ADA@example.com".into(), vec![&morning]),
        ("?start_date=2035-06-01T10:00:00Z&end_date=2035-06-01T15:00:00".into(), vec![&other]),
        ("?start_date=2035-06-02".into(), vec![]),
        ("?page=2&page_size=1".into(), vec![&other]),
    ] {
        let listed = client.ask("GET", &format!("/api/reservations{query}"), None).await.ok();
        assert_eq!(listed["items"], listed["reservations"]);
        let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, expected.iter().map(|one| &one["id"]).collect::<Vec<_>>(), "{query}");
    }
    let all = client.ask("GET", RESERVATIONS, None).await.ok();
    assert_eq!((&all["total"], &all["page_size"]), (&json!(3), &json!(50)));
    for query in ["status=lost", "page_size=201", "start_date=soon", "space_id=7"] {
        let listed = client.ask("GET", &format!("{RESERVATIONS}?{query}"), None).await;
        listed.problem(422, "parameter_invalid");
    }
}

#[tokio::test]
async fn a_repeated_request_books_once_by_request_id_or_header() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let body = with(booking(&space, 8, 9), json!({"request_id": "r-1", "user_name": "Ada"}));
    let first = book(client, body.clone()).await;
    let again = book(client, body.clone()).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.header("x-position"), again.header("x-position"));
    assert_eq!((&first.ok()["is_duplicate"], &again.ok()["is_duplicate"]), (&json!(false), &json!(true)));
    assert_eq!((&again.ok()["id"], &again.ok()["user_name"]), (&first.ok()["id"], &json!("Ada")));
    let other = with(body, json!({"user_name": "Eve"}));
    book(client, other).await.problem(409, "request_key_reused");

    let key = [("idempotency-key", "r-2")];
    let header = client.ask_with("POST", RESERVATIONS, &key, booking(&space, 10, 11)).await.ok();
    assert_eq!(header["request_id"], "r-2");
    client.ask("DELETE", &path(&header), None).await.ok();
    let again = client.ask_with("POST", RESERVATIONS, &key, booking(&space, 10, 11)).await.ok();
    assert_eq!((&again["id"], &again["is_duplicate"]), (&header["id"], &json!(true)));
    assert_eq!(again["status"], "cancelled", "it is answered as it is now");
    let field = with(booking(&space, 10, 11), json!({"request_id": "r-2"}));
    assert_eq!(book(client, field).await.ok()["is_duplicate"], true, "field and header mean the same");
    assert_eq!(client.ask("GET", RESERVATIONS, None).await.ok()["total"], 2);
}

#[tokio::test]
async fn check_in_and_check_out() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let (body, start) = now(&space);
    let booked = book(client, body).await.ok();
    assert!(booked["started_at"].is_string(), "{booked}");
    let space_path = format!("/api/v6/spaces/{}", space["id"].as_str().unwrap());
    assert_eq!(client.ask("GET", &space_path, None).await.ok()["status"], "reserved");
    client.ask("POST", &format!("{}/check-out", path(&booked)), None).await.problem(409, "not_checked_in");
    let checked_in = client.ask("POST", &format!("{}/check-in", path(&booked)), None).await.ok();
    let at: DateTime<Utc> = checked_in["checked_in_at"].as_str().unwrap().parse().unwrap();
    assert!(checked_in["checked_in"] == true && at >= start, "{checked_in}");
    assert_eq!(client.ask("GET", &space_path, None).await.ok()["status"], "occupied");
    let again = client.ask("POST", &format!("{}/check-in", path(&booked)), None).await.ok();
    assert_eq!(again, checked_in, "a second check-in changes nothing");
    let left = client.ask("POST", &format!("{}/check-out", path(&booked)), None).await.ok();
    assert!(left["status"] == "completed" && left["checked_out_at"].is_string(), "{left}");
    client.ask("POST", &format!("{}/check-in", path(&booked)), None).await.problem(409, "reservation_over");
    let to_come = book(client, booking(&space, 8, 9)).await.ok();
    let early = client.ask("POST", &format!("{}/check-in", path(&to_come)), None).await;
    early.problem(409, "check_in_too_early");
}

#[tokio::test]
async fn overdue_changes_are_recorded_on_request() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let (body, start) = now(&space);
    // Long enough to be booked before it ends on a busy machine.
    let end = (start + TimeDelta::seconds(3)).to_rfc3339_opts(SecondsFormat::Micros, true);
    let booked = book(client, with(body, json!({"end_time": end}))).await.ok();
    let expired = eventually("it expires", async || {
        let answer = client.ask("POST", "/api/v6/reservations/expire-old", None).await.ok();
        assert!(answer["timestamp"].is_string() && answer["expired_count"].is_number(), "{answer}");
        let one = client.ask("GET", &path(&booked), None).await.ok();
        (one["status"] == "expired").then_some(one)
    });
    assert_eq!(expired.await["ended_at"], booked["end_time"]);
}

#[tokio::test]
async fn personal_data_of_a_forgotten_person_is_not_shown() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let guest =
        json!({"user_email": "ada@example.com", "user_name": "Ada", "user_phone": "1", "notes": "blue"});
    let booked = book(client, with(booking(&space, 8, 9), guest.clone())).await.ok();
    let other = with(booking(&space, 9, 10), json!({"user_name": "Eve"}));
    let other = book(client, other).await.ok();
    let pool = database.pool(Role::Writer);
    let forgotten = sqlx::query("delete from ops.subject_keys where subject <> $1::uuid")
        .bind(other["id"].as_str().unwrap())
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(forgotten.rows_affected(), 1);
    let one = client.ask("GET", &path(&booked), None).await.ok();
    assert!(guest.as_object().unwrap().keys().all(|name| one[name].is_null()), "{one}");
    let listed = client.ask("GET", RESERVATIONS, None).await.ok();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| &one["user_name"]).collect();
    assert_eq!(names, [&json!("Eve"), &Value::Null]);
}

/// The projections are blocked: the command succeeds nevertheless, and its response contains only the id.
#[tokio::test]
async fn a_booking_succeeds_while_the_projections_are_blocked_and_can_be_cancelled_afterwards() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let pool = database.pool(Role::Projector);
    let mut held_up = pool.begin().await.unwrap();
    sqlx::query("select 1 from checkpoints where projection = 'registry' for update")
        .execute(&mut *held_up)
        .await
        .unwrap();
    let booked = book(client, booking(&space, 8, 9)).await;
    assert_eq!(booked.status, 201);
    let booked = booked.ok();
    assert!(booked["id"].is_string() && booked["status"].is_null(), "{booked}");
    assert_eq!(booked["is_duplicate"], false);
    client.ask("GET", &path(&booked), None).await.problem(404, "reservation_not_found");
    let reservation = path(&booked);
    let mut cancelled = pin!(client.ask("DELETE", &reservation, None));
    let answered = timeout(Duration::from_millis(500), &mut cancelled).await;
    assert!(answered.is_err(), "it waits for the read models: {answered:?}");
    held_up.rollback().await.unwrap();
    assert_eq!(cancelled.await.ok()["status"], "cancelled");
}
