//! Check-ins of several reservations of one space.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::reservations::{RESERVATIONS, space};
use crate::support::TestServer;

#[tokio::test]
async fn while_one_reservation_is_checked_in_another_ones_check_in_is_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let space = space(client, "A-1").await;
    let start: DateTime<Utc> = space["created_at"].as_str().unwrap().parse().unwrap();
    let window = |from, until| {
        let at = |minutes| (start + TimeDelta::minutes(minutes)).to_rfc3339_opts(SecondsFormat::Micros, true);
        json!({"space_id": space["id"], "start_time": at(from), "end_time": at(until)})
    };
    let first = client.ask("POST", RESERVATIONS, window(0, 10)).await.ok();
    let second = client.ask("POST", RESERVATIONS, window(10, 20)).await.ok();
    let command = |reservation: &Value, name: &str| {
        format!("{RESERVATIONS}/{}/{name}", reservation["id"].as_str().unwrap())
    };
    client.ask("POST", &command(&first, "check-in"), None).await.ok();
    client.ask("POST", &command(&second, "check-in"), None).await.problem(409, "another_checked_in");
    client.ask("POST", &command(&first, "check-out"), None).await.ok();
    assert_eq!(client.ask("POST", &command(&second, "check-in"), None).await.ok()["checked_in"], true);
}
