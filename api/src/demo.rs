//! `parking up --demo`: a car park that never was, lived through at the platform's own front door.
//!
//! Two sites are laid down by the same requests that people make, each under a key of its own, so that the next start
//! finds them again. Then the simulator's reports and bookings are sent when they happen, its hours pressed into less time.

mod door;
mod estate;

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
    /// When it begins.
    pub(crate) start: DateTime<Utc>,
}

/// When the simulated day begins, so that there is something to see at once.
const MORNING: NaiveTime = NaiveTime::from_hms_opt(7, 30, 0).expect("a time of day");

/// How long the simulation could go on, in simulated days.
const DAYS: i64 = 3650;

impl Demo {
    /// Lays the sites down and lets time pass there until `stop`.
    pub(crate) async fn run(self, router: Router, token: Option<SecretString>, stop: CancellationToken) {
        let door = Door::new(router, token);
        let mut simulation = Simulation::new(self.plan());
        let spaces = estate::lay_down(&door, &simulation).await;
        info!(spaces = spaces.len(), speed = self.speed, "the demonstration runs");
        let begun = Instant::now();
        for Step { at, act } in simulation.by_ref() {
            let at = self.pressed(at);
            let due = begun + (at - self.start).to_std().unwrap_or_default();
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep_until(due) => {}
            }
            match act {
                Act::Report { event, body } => self.report(&door, event, body).await,
                Act::Book { space, from, until } => {
                    self.book(&door, &spaces, space, self.pressed(from), self.pressed(until)).await;
                }
            }
        }
    }

    fn plan(&self) -> Plan {
        let start = self.start.date_naive().and_time(MORNING).and_utc();
        // Another address each time: a sensor that joined anew.
        let first_session = u32::try_from(self.start.timestamp() / 60 % 4096).unwrap_or_default();
        let (seed, spaces, mischief) = (self.seed, estate::SPACES, Mischief::USUAL);
        Plan { seed, spaces, first_session, start, end: start + TimeDelta::days(DAYS), mischief }
    }

    /// When a moment of the simulation happens.
    fn pressed(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let passed = at - self.start.date_naive().and_time(MORNING).and_utc();
        self.start + passed / i32::try_from(self.speed.max(1)).unwrap_or(i32::MAX)
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
