//! Users who book, block, describe and read, some of them with invalid input.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Run;
use super::estate::Estate;
use super::sensors::nested;
use crate::BenchError;
use crate::environment::now;

/// Times that are refused.
const NO_INSTANTS: [&str; 3] =
    ["2027-06-12T23:59:60.5Z", "9999-12-31T23:59:59.9999999Z", "0000-01-01T00:00:00Z"];

/// The paths to read.
const READ: [&str; 9] = [
    "/api/v6/spaces?page_size=100",
    "/api/v6/devices?page_size=100",
    "/api/v6/reservations?page_size=50",
    "/api/v6/overrides",
    "/api/v6/activity?page_size=50",
    "/api/v6/dashboard/data",
    "/api/v6/sites/occupancy/all",
    "/api/v6/orphan-devices",
    "/metrics",
];

/// Sends commands until told to stop. Input that cannot be stored must be refused with 422.
pub(super) async fn act(run: Run, estate: Arc<Estate>, mut chance: Rng) -> Result<usize, BenchError> {
    while !run.stop.is_cancelled() {
        let Some(space_id) = chance.choice(&estate.spaces) else { return Ok(0) };
        let (path, body, must_be_refused) = command(space_id, &mut chance);
        let answer = run.client.ask(Method::POST, &path, Some(&body.to_string())).await;
        if must_be_refused && !matches!(answer, Some((422 | 503, _)) | None) {
            let status = answer.map(|(status, _)| status);
            run.client.fail(format!("{path} took what cannot be stored: {status:?}"));
        }
        sleep(Duration::from_millis(chance.u64(1..30))).await;
    }
    Ok(0)
}

fn command(space_id: &str, chance: &mut Rng) -> (String, Value, bool) {
    let hours = |chance: &mut Rng| TimeDelta::minutes(chance.i64(0..60 * 24 * 30));
    let start = now() + hours(chance);
    let end = start + TimeDelta::minutes(chance.i64(1..240));
    let booking = json!({"space_id": space_id, "start_time": start, "end_time": end, "user_name": "Ada"});
    let mut odd = booking.clone();
    match chance.u8(0..8) {
        0 => odd["metadata"] = nested(chance.usize(16..120)),
        1 => odd["start_time"] = json!(chance.choice(NO_INSTANTS)),
        2 => odd["notes"] = json!("n".repeat(200_000)),
        3 => {
            let path = format!("/api/v6/spaces/{space_id}/overrides");
            return (path, json!({"override_type": "blocked", "start_time": start, "end_time": end}), false);
        }
        4 => {
            let state = if chance.bool() { "occupied" } else { "free" };
            return (format!("/api/v6/spaces/{space_id}/state"), json!({"state": state}), false);
        }
        _ => return ("/api/v6/reservations".to_owned(), booking, false),
    }
    ("/api/v6/reservations".to_owned(), odd, true)
}

/// Reads until told to stop. While a server starts it may be unreachable, or its read models may be behind.
pub(super) async fn read(run: Run, estate: Arc<Estate>, mut chance: Rng) -> Result<usize, BenchError> {
    while !run.stop.is_cancelled() {
        let space = chance.choice(&estate.spaces).map(|id| format!("/api/v6/spaces/{id}"));
        let path = if chance.bool() { space } else { chance.choice(READ).map(str::to_owned) };
        let Some(path) = path else { return Ok(0) };
        if let Some((status, answer)) = run.client.ask(Method::GET, &path, None).await
            && !matches!(status, 200 | 503)
        {
            run.client.fail(format!("{path} was answered {status}: {answer}"));
        }
        sleep(Duration::from_millis(chance.u64(1..20))).await;
    }
    Ok(0)
}
