//! `parking up --demo`: a car park that never was, lived through at the platform's own front door.
//!
//! Two sites are laid down by the same requests that people make, each under a key of its own, so that the next start
//! finds them again. Then the simulator's reports and bookings are sent when they happen, its hours pressed into less time.

mod door;
mod estate;

use std::time::Duration;

use axum::Router;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use parking_simulator::{Act, Mischief, Plan, Simulation, Step};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use door::Door;

/// How the demonstration goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demo {
    /// Simulated seconds in a second.
    pub(crate) speed: u32,
    /// The same seed gives the same arrivals and departures.
    pub(crate) seed: u64,
    /// When it is asked for.
    pub(crate) start: DateTime<Utc>,
    /// How much later its day begins.
    pub(crate) delay: TimeDelta,
}

/// When the simulated day begins, so that there is something to see at once.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(7, 30, 0).expect("a time of day");

/// How long the simulation could go on, in simulated days.
const DAYS: i64 = 3650;

impl Demo {
    /// Lays the sites down and lets time pass there until `stop`.
    pub(crate) async fn run(mut self, router: Router, token: Option<SecretString>, stop: CancellationToken) {
        let (door, asked) = (Door::new(router, token), Instant::now());
        let mut simulation = Simulation::new(self.plan());
        let spaces = estate::lay_down(&door, &simulation).await;
        info!(spaces = spaces.len(), speed = self.speed, "the demonstration runs");
        // The day begins when its place is there: on a busy machine that takes simulated hours.
        let begun = Instant::now();
        self.delay = TimeDelta::from_std(begun - asked).unwrap_or_default();
        for Step { at, act } in simulation.by_ref() {
            let due = begun + self.passed(at);
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(due) => {}
            }
            match act {
                Act::Report { event, body } => self.report(&door, event, body).await,
                // A machine that is late does not book what is over by now.
                Act::Book { until, .. } if begun + self.passed(until) <= Instant::now() => {}
                Act::Book { space, from, until } => {
                    self.book(&door, &spaces, space, self.pressed(from), self.pressed(until)).await;
                }
            }
        }
    }

    fn plan(&self) -> Plan {
        let start = self.morning();
        // Another address each time: a sensor that joined anew.
        let first_session = u32::try_from(self.start.timestamp() / 60 % 4096).unwrap_or_default();
        let (seed, spaces, mischief) = (self.seed, estate::SPACES, Mischief::USUAL);
        Plan { seed, spaces, first_session, start, end: start + TimeDelta::days(DAYS), mischief }
    }

    /// When the simulation begins, by its own clock.
    fn morning(&self) -> DateTime<Utc> {
        self.start.date_naive().and_time(MORNING).and_utc()
    }

    /// How long after the day's beginning a moment of the simulation happens.
    fn passed(&self, at: DateTime<Utc>) -> Duration {
        let passed = (at - self.morning()) / i32::try_from(self.speed.max(1)).unwrap_or(i32::MAX);
        passed.to_std().unwrap_or_default()
    }

    /// When a moment of the simulation happens.
    fn pressed(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        self.start + self.delay + self.passed(at)
    }

    async fn report(&self, door: &Door, event: &str, mut body: Value) {
        self.press(&mut body["time"]);
        for reception in body["rxInfo"].as_array_mut().into_iter().flatten() {
            self.press(&mut reception["nsTime"]);
        }
        door.post(&format!("/api/v1/uplink?event={event}"), None, &body).await;
    }

    /// A time that a report tells.
    fn press(&self, told: &mut Value) {
        if let Some(at) = told.as_str().and_then(|text| text.parse().ok()) {
            *told = json!(self.pressed(at));
        }
    }

    async fn book(
        &self,
        door: &Door,
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
        door.post("/api/v6/reservations", None, &booking).await;
    }
}

/// Says that something was not taken; the demonstration goes on.
fn not_taken(path: &str, status: u16, answer: &Value) {
    // A space that is booked already, or that somebody deleted: as in life.
    if !matches!(status, 404 | 409) {
        warn!(path, status, %answer, "the platform did not take what the demonstration sent");
    }
}
