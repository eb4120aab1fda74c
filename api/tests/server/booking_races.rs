//! Concurrent bookings over HTTP: one window has one reservation, and one request makes one booking.

use futures_util::future::join_all;
use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::random::Random;
use crate::reservations::{RESERVATIONS, booking, space};
use crate::support::{Answer, TestServer};

#[tokio::test]
async fn one_of_fifty_concurrent_bookings_of_the_same_hour_succeeds() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let asked = (0..50).map(|_| client.ask("POST", RESERVATIONS, booking(&space, 8, 9)));
    let (won, lost): (Vec<Answer>, Vec<Answer>) =
        join_all(asked).await.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((won.len(), lost.len()), (1, 49));
    for answer in lost {
        answer.problem(409, "reservation_conflict");
        assert_eq!(answer.json()["conflicts"][0]["reservation_id"], won[0].json()["id"]);
    }
    assert_eq!(client.ask("GET", RESERVATIONS, None).await.ok()["total"], 1);
}

/// The responses have equal statuses, positions and bodies, except for `is_duplicate`, which is true for all but one.
#[tokio::test]
async fn the_same_request_sent_fifty_times_books_once_with_equal_responses() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let mut body = booking(&space, 8, 9);
    body["request_id"] = json!("r-1");
    body["user_name"] = json!("Ada");
    let answers = join_all((0..50).map(|_| client.ask("POST", RESERVATIONS, body.clone()))).await;
    let mut firsts = 0;
    let equal = answers.iter().map(|answer| {
        assert_eq!(answer.status, 201, "{answer:?}");
        let mut json = answer.json();
        let about_the_request = ["is_duplicate", "idempotent", "message"];
        let [repeated, ..] = about_the_request.map(|name| json.as_object_mut().unwrap().remove(name));
        firsts += usize::from(repeated == Some(json!(false)));
        assert_eq!(json["user_name"], "Ada");
        (json, answer.header("x-position").to_owned())
    });
    let equal: Vec<(Value, String)> = equal.collect();
    assert!(equal.iter().all(|answer| *answer == equal[0]), "{equal:?}");
    assert_eq!(firsts, 1);
    assert_eq!(client.ask("GET", RESERVATIONS, None).await.ok()["total"], 1);
}

#[tokio::test]
async fn overlapping_windows_are_never_both_reserved() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let spaces = [space(client, "A-1").await, space(client, "A-2").await];
    let mut random = Random::seeded();
    let mut bodies = Vec::new();
    for _ in 0..150 {
        let from = random.below(20);
        bodies.push(booking(&spaces[random.below(2)], from, from + 1 + random.below(3)));
    }
    let answers = join_all(bodies.into_iter().map(|body| client.ask("POST", RESERVATIONS, body))).await;
    let booked: Vec<Value> = answers.iter().filter(|answer| answer.status == 201).map(Answer::json).collect();
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    // Some reservations move while others are being booked.
    let moves = booked.iter().map(|held| {
        let path = format!("{RESERVATIONS}/{}/reschedule", held["id"].as_str().unwrap());
        let from = random.below(20);
        let to = booking(&Value::Null, from, from + 1 + random.below(3));
        async move { client.ask("POST", &path, to).await }
    });
    let answers = join_all(moves.collect::<Vec<_>>()).await;
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)), "{answers:?}");

    let listed = client.ask("GET", &format!("{RESERVATIONS}?page_size=200"), None).await.ok();
    let mut held: Vec<(String, String, String)> = Vec::new();
    for one in listed["items"].as_array().unwrap() {
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        held.push((text("space_id"), text("start_time"), text("end_time")));
    }
    assert_eq!(held.len(), booked.len());
    assert!(held.len() > 4, "the test would prove nothing");
    held.sort();
    // Times of one day in one format compare as strings.
    assert!(held.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1), "{held:?}");
}
