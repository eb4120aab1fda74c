//! `parking up --demo`: a simulated car park that uses the platform's own HTTP API.
//!
//! The sites are created by ordinary requests with idempotency keys, so that the next start finds them again. Then the
//! simulator's reports and bookings are sent at their times, with the simulated hours compressed.

mod client;
mod estate;
mod refusal;

pub(crate) use refusal::refuse_other_data;

use std::time::Duration;

use axum::Router;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use parking_simulator::{Act, Faults, Plan, Simulation, Step};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use client::Client;

/// The parameters of the demonstration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demo {
    /// Simulated seconds in a second.
    pub(crate) speed: u32,
    /// The same seed gives the same arrivals and departures.
    pub(crate) seed: u64,
    /// The start of the process.
    pub(crate) start: DateTime<Utc>,
    /// The delay until its day begins.
    pub(crate) delay: TimeDelta,
}

/// When the simulated day begins, so that traffic shows at once.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(7, 30, 0).expect("a time of day");

/// The length of the simulation in simulated days.
const DAYS: i64 = 3650;

impl Demo {
    /// Creates the sites and runs the simulation until `stop`.
    pub(crate) async fn run(mut self, router: Router, token: Option<SecretString>, stop: CancellationToken) {
        let (client, asked) = (Client::new(router, token), Instant::now());
        let mut simulation = Simulation::new(self.plan());
        let spaces = estate::lay_down(&client, &simulation).await;
        info!(spaces = spaces.len(), speed = self.speed, "the demonstration runs");
        // The day begins when the sites exist: on a busy machine their creation takes simulated hours.
        let begun = Instant::now();
        self.delay = TimeDelta::from_std(begun - asked).unwrap_or_default();
        for Step { at, act } in simulation.by_ref() {
            let due = begun + self.passed(at);
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(due) => {}
            }
            match act {
                Act::Report { event, body } => self.report(&client, event, body).await,
                // A delayed run sends no booking that is over by now.
                Act::Book { until, .. } if begun + self.passed(until) <= Instant::now() => {}
                Act::Book { space, from, until } => {
                    self.book(&client, &spaces, space, self.real_time(from), self.real_time(until)).await;
                }
            }
        }
    }

    fn plan(&self) -> Plan {
        let start = self.morning();
        // Another address for each start, as after a rejoin.
        let first_session = u32::try_from(self.start.timestamp() / 60 % 4096).unwrap_or_default();
        let (seed, spaces, faults) = (self.seed, estate::SPACES, Faults::USUAL);
        Plan { seed, spaces, first_session, start, end: start + TimeDelta::days(DAYS), faults }
    }

    /// When the simulation begins, in simulated time.
    fn morning(&self) -> DateTime<Utc> {
        self.start.date_naive().and_time(MORNING).and_utc()
    }

    /// The real time between the day's beginning and a moment of the simulation.
    fn passed(&self, at: DateTime<Utc>) -> Duration {
        let passed = (at - self.morning()) / i32::try_from(self.speed.max(1)).unwrap_or(i32::MAX);
        passed.to_std().unwrap_or_default()
    }

    /// The real time of a moment of the simulation.
    fn real_time(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        self.start + self.delay + self.passed(at)
    }

    async fn report(&self, client: &Client, event: &str, mut body: Value) {
        self.convert_time(&mut body["time"]);
        for reception in body["rxInfo"].as_array_mut().into_iter().flatten() {
            self.convert_time(&mut reception["nsTime"]);
        }
        client.post(&format!("/api/v1/uplink?event={event}"), None, &body).await;
    }

    /// Converts a report's time.
    fn convert_time(&self, time: &mut Value) {
        if let Some(at) = time.as_str().and_then(|text| text.parse().ok()) {
            *time = json!(self.real_time(at));
        }
    }

    async fn book(
        &self,
        client: &Client,
        spaces: &[Option<Uuid>],
        space: usize,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) {
        let Some(Some(space_id)) = spaces.get(space) else { return };
        let booking = json!({
            "space_id": space_id, "start_time": start, "end_time": end,
            "user_name": format!("Guest {}", space + 1), "user_email": format!("guest{}@example.com", space + 1),
        });
        client.post("/api/v6/reservations", None, &booking).await;
    }
}

/// Logs a refusal; the demonstration goes on.
fn log_refusal(path: &str, status: u16, answer: &Value) {
    // A reserved or deleted space refuses, which is normal.
    if !matches!(status, 404 | 409) {
        warn!(path, status, %answer, "the platform did not take what the demonstration sent");
    }
}
