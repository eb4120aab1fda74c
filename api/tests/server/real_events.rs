//! All captured events of ChirpStack are accepted, kept byte for byte, and stored once.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use parking_testkit::TestDatabase;

use crate::fixtures::{self, Fixture, TOKEN};
use crate::log::{FOUNDATION, Log};
use crate::random::Random;
use crate::support::{Answer, Client, TestServer};

const AT_ONCE: usize = 16;

async fn post(client: &Client, fixture: &Fixture) -> Answer {
    let mut headers: Vec<_> = fixture.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let bearer = format!("Bearer {TOKEN}");
    if !headers.iter().any(|(name, _)| *name == "authorization") {
        headers.push(("authorization", &bearer));
    }
    let path = format!("/api/v1/uplink?event={}", fixture.event);
    client.post_with(&path, &headers, fixture.body.clone()).await
}

async fn post_all(client: &Client, fixtures: &[Fixture]) -> Vec<Answer> {
    stream::iter(fixtures)
        .map(async |fixture| post(client, fixture).await)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// The bodies, sorted independently of their arrival.
fn sorted<'a>(bodies: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<&'a Vec<u8>> {
    let mut bodies: Vec<_> = bodies.into_iter().collect();
    bodies.sort();
    bodies
}

/// No two fixtures are the same report by ChirpStack's identifying fields, so each must become an event.
#[test]
fn no_two_fixtures_are_the_same_report() {
    let reports = fixtures::reports();
    assert_eq!((fixtures::events().len(), reports.len()), (31, 135));
    let names = reports.iter().map(|fixture| {
        let body: serde_json::Value = serde_json::from_slice(&fixture.body).unwrap();
        let facts: &[&str] = match fixture.event.as_str() {
            "ack" => &["queueItemId", "acknowledged"],
            "txack" => &["queueItemId", "downlinkId"],
            "log" => &["time", "code", "context"],
            _ => &["deduplicationId"],
        };
        let facts: Vec<_> = facts.iter().map(|fact| body[fact].to_string()).collect();
        format!("{} {} {facts:?}", fixture.event, body["deviceInfo"]["devEui"])
    });
    assert_eq!(names.collect::<BTreeSet<_>>().len(), reports.len());
}

#[tokio::test]
async fn every_report_is_accepted_and_stored_byte_for_byte() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, TOKEN).await;
    let reports = fixtures::reports();
    for (position, fixture) in (FOUNDATION + 1..).zip(&reports) {
        let answer = post(&server.client, fixture).await;
        assert_eq!(answer.accepted(), position, "{}", fixture.name);
        let body: serde_json::Value = serde_json::from_slice(&fixture.body).unwrap();
        let dev_eui = body["deviceInfo"]["devEui"].as_str().unwrap().to_uppercase();
        assert_eq!(answer.json()["dev_eui"], dev_eui, "{}", fixture.name);
        // ChirpStack 4.0 omitted a counter of 0.
        let f_cnt = (fixture.event == "up").then(|| body["fCnt"].as_u64().unwrap_or_default());
        assert_eq!(answer.json().get("fcnt").and_then(serde_json::Value::as_u64), f_cnt, "{}", fixture.name);
    }
    let stored = Log::of(&database).whole().await;
    assert_eq!(stored.len(), reports.len());
    for (event, fixture) in stored.iter().zip(&reports) {
        assert!(event.body == fixture.body, "{} was changed", fixture.name);
        assert_eq!((event.aggregate_id.clone(), event.event_type.as_str()), fixture.place());
    }
}

#[tokio::test]
async fn a_captured_raw_request_is_accepted() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, TOKEN).await;
    for path in ["/api/v1/uplink", "/webhooks/chirpstack/uplink"] {
        let answer = server.client.raw(&fixtures::raw_request(path)).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    let request = fixtures::raw_request("");
    let stored = Log::of(&database).whole().await;
    assert_eq!(stored.len(), 1);
    assert!(request.ends_with(&[b"\r\n\r\n", stored[0].body.as_slice()].concat()));
}

#[tokio::test]
async fn a_join_has_a_path_of_its_own() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let joins = fixtures::events().into_iter().filter(|fixture| fixture.event == "join");
    for join in joins {
        server.client.post("/webhooks/chirpstack/join", join.body.clone()).await.accepted();
        post(&server.client, &join).await.duplicate();
    }
}

#[tokio::test]
async fn reports_without_a_device_or_in_protobuf_are_refused_and_not_stored() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, TOKEN).await;
    let (shapes, protobuf) = (fixtures::shapes(), fixtures::protobuf());
    assert_eq!((shapes.len(), protobuf.len()), (6, 10));
    for (fixtures, status, code) in
        [(shapes, 422, "dev_eui_missing"), (protobuf, 415, "unsupported_encoding")]
    {
        for fixture in fixtures {
            // The empty location and device info are parts of events: any event type is suitable.
            let fixture = match fixture.event.as_str() {
                "deviceinfo" => Fixture { event: "up".into(), ..fixture },
                _ => fixture,
            };
            post(&server.client, &fixture).await.problem(status, code);
        }
    }
    assert_eq!(Log::of(&database).size().await, 0);
}

#[tokio::test]
async fn reposting_all_reports_in_any_order_adds_nothing() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, TOKEN).await;
    let mut reports = fixtures::reports();
    for report in &reports {
        post(&server.client, report).await.accepted();
    }
    let log = Log::of(&database);
    let before = log.size().await;
    let mut random = Random::seeded();
    for _ in 0..20 {
        random.shuffle(&mut reports);
        for answer in post_all(&server.client, &reports).await {
            answer.duplicate();
        }
        assert_eq!(log.size().await, before);
    }
    // The same holds for a server without anything in memory.
    server.kill().await;
    let server = TestServer::with_secret(&database, TOKEN).await;
    for answer in post_all(&server.client, &reports).await {
        answer.duplicate();
    }
    assert_eq!(log.size().await, before);
}

#[tokio::test]
async fn reports_posted_twice_concurrently_in_any_order_are_stored_once() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, TOKEN).await;
    let mut reports = fixtures::reports();
    Random::seeded().shuffle(&mut reports);
    let twice: Vec<_> = reports.iter().flat_map(|report| [report.clone(), report.clone()]).collect();
    let answers = post_all(&server.client, &twice).await;
    let (accepted, others): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.json()["status"] == "accepted");
    assert_eq!(accepted.len(), reports.len());
    others.into_iter().for_each(Answer::duplicate);

    let stored = Log::of(&database).whole().await;
    assert!(
        sorted(stored.iter().map(|event| &event.body)) == sorted(reports.iter().map(|report| &report.body))
    );
}
