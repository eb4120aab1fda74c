//! One client: sends commands and reports, and compares each response and the read models with its model.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use parking_testkit::{Role, TestDatabase};
use serde_json::{Value, json};
use uuid::Uuid;

use super::bay::{Bay, Booking, SLOTS, Slot, Stay, Verdict};
use crate::devices;
use crate::random::Random;
use crate::reservations::RESERVATIONS;
use crate::support::{Answer, Client, UPLINK, in_time};
use crate::uplinks::uplink;

const BAYS: usize = 3;
const SENSORS: usize = 2;

/// A space and what the model knows of it.
struct Space {
    id: String,
    bay: Bay,
    /// The override in force.
    set: Option<String>,
}

/// A device, and the space that it is assigned to.
struct Sensor {
    id: String,
    number: u32,
    reports: u32,
    enabled: bool,
    space: Option<usize>,
}

pub(super) struct Driver {
    client: Client,
    random: Random,
    began: DateTime<Utc>,
    spaces: Vec<Space>,
    sensors: Vec<Sensor>,
    /// The operations so far, for the message of a failure.
    done: Vec<String>,
}

impl Driver {
    /// Creates the spaces and sensors.
    pub(super) async fn start(client: Client, number: usize, random: Random) -> Self {
        let (mut spaces, mut sensors) = (Vec::new(), Vec::new());
        for n in 0..BAYS {
            let id = devices::space(&client, &format!("M-{number}-{n}")).await;
            spaces.push(Space { id, bay: Bay::default(), set: None });
        }
        for n in 0..SENSORS {
            let number = u32::try_from(number * SENSORS + n).unwrap();
            let id = devices::device(&client, number, "sensor").await;
            sensors.push(Sensor { id, number, reports: 0, enabled: true, space: None });
        }
        Self { client, random, began: now(), spaces, sensors, done: Vec::new() }
    }

    /// One operation, chosen at random.
    pub(super) async fn step(&mut self) {
        let (space, sensor) = (self.random.below(BAYS), self.random.below(SENSORS));
        match self.random.below(16) {
            0..=2 => self.book(space).await,
            3 => self.cancel(space).await,
            4 | 5 => self.check_in(space).await,
            6 => self.check_out(space).await,
            7 => self.override_or_clear(space).await,
            8..=12 => self.report(sensor).await,
            13 | 14 => self.assign_or_unassign(sensor, space).await,
            _ => self.disable_or_enable(sensor).await,
        }
        self.compare_all().await;
    }

    async fn book(&mut self, space: usize) {
        let slot = SLOTS[self.random.below(SLOTS.len())];
        let (start, end) = self.window(slot);
        let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let id = &self.spaces[space].id;
        let body = json!({"space_id": id, "start_time": text(start), "end_time": text(end)});
        let answer = self.client.ask("POST", RESERVATIONS, body).await;
        let verdict = self.spaces[space].bay.may_book(slot);
        self.agree(&format!("book {slot:?} at {space}"), &answer, verdict);
        if verdict.is_ok() {
            let id = answer.json()["id"].as_str().unwrap().to_owned();
            self.spaces[space].bay.book(id, slot);
        }
    }

    fn window(&self, slot: Slot) -> (DateTime<Utc>, DateTime<Utc>) {
        let minute = |minutes| self.began + TimeDelta::minutes(minutes);
        match slot {
            Slot::Running => (now() - TimeDelta::seconds(1), minute(10)),
            Slot::Soon => (minute(11), minute(14)),
            Slot::Later => (minute(60), minute(90)),
        }
    }

    async fn cancel(&mut self, space: usize) {
        self.command(space, "cancel", Bay::cancel).await;
    }

    async fn check_in(&mut self, space: usize) {
        self.command(space, "check-in", Bay::check_in).await;
    }

    async fn check_out(&mut self, space: usize) {
        self.command(space, "check-out", Bay::check_out).await;
    }

    /// A command to one of the space's bookings.
    async fn command(&mut self, space: usize, name: &str, expected: impl Fn(&mut Bay, usize) -> Verdict) {
        let bookings = &self.spaces[space].bay.bookings;
        if bookings.is_empty() {
            return;
        }
        // The last ones are the ones that are open.
        let booking = bookings.len() - 1 - self.random.below(bookings.len().min(3));
        let path = format!("{RESERVATIONS}/{}/{name}", bookings[booking].id);
        let answer = self.client.ask("POST", &path, None).await;
        let verdict = expected(&mut self.spaces[space].bay, booking);
        self.agree(&format!("{name} of booking {booking} at {space}"), &answer, verdict);
    }

    async fn override_or_clear(&mut self, space: usize) {
        let Space { id, bay, set } = &mut self.spaces[space];
        if let Some(present) = set.take() {
            bay.overridden = false;
            let answer = self.client.ask("DELETE", &format!("/api/v6/overrides/{present}"), None).await;
            self.agree(&format!("clear at {space}"), &answer, Ok(()));
        } else {
            let kind = ["blocked", "out_of_service"][self.random.below(2)];
            let body = json!({"space_id": id, "override_type": kind});
            let answer = self.client.ask("POST", "/api/v6/overrides", body).await;
            let json = answer.json();
            *set = Some(json["id"].as_str().unwrap().to_owned());
            bay.overridden = true;
            let mut affected = ids(&json["affected_reservations"], "reservation_id");
            let mut open: Vec<_> =
                bay.bookings.iter().filter(|one| one.open).map(|one| one.id.clone()).collect();
            affected.sort();
            open.sort();
            assert_eq!(affected, open, "{answer:?}");
            self.agree(&format!("{kind} at {space}"), &answer, Ok(()));
        }
    }

    /// A reading. Most differ from a reading before, some repeat it.
    async fn report(&mut self, sensor: usize) {
        let occupied = self.random.below(2) == 0;
        let Sensor { number, reports, space, enabled, .. } = &mut self.sensors[sensor];
        *reports += 1;
        let mut report = uplink(*number, *reports);
        let time = now().to_rfc3339_opts(SecondsFormat::Micros, true);
        report["time"] = json!(time);
        report["rxInfo"][0]["nsTime"] = json!(time);
        report["data"] = json!(if occupied { "Afs4AAAxEQA=" } else { "APs4AAAxEQA=" });
        let (space, enabled) = (*space, *enabled);
        self.client.post(UPLINK, report.to_string()).await.accepted();
        if let Some(space) = space.filter(|_| enabled) {
            self.spaces[space].bay.read(occupied);
        }
        self.done.push(format!("sensor {sensor} at {space:?} reports {occupied}"));
    }

    async fn assign_or_unassign(&mut self, sensor: usize, space: usize) {
        let Sensor { id, space: at, enabled, .. } = &mut self.sensors[sensor];
        let path = format!("/api/v6/devices/{id}");
        if let Some(here) = at.take() {
            let answer = self.client.ask("POST", &format!("{path}/unassign"), None).await;
            self.spaces[here].bay.unwatch();
            self.agree(&format!("unassign {sensor} from {here}"), &answer, Ok(()));
        } else if !self.spaces[space].bay.is_watched() {
            let body = json!({"space_id": self.spaces[space].id});
            *at = Some(space);
            self.spaces[space].bay.watch(*enabled);
            let answer = self.client.ask("POST", &format!("{path}/assign"), body).await;
            self.agree(&format!("assign {sensor} to {space}"), &answer, Ok(()));
        }
    }

    async fn disable_or_enable(&mut self, sensor: usize) {
        let Sensor { id, space, enabled, .. } = &mut self.sensors[sensor];
        *enabled = !*enabled;
        let (path, enabled) = (format!("/api/v6/devices/{id}"), *enabled);
        if let Some(space) = *space {
            let bay = &mut self.spaces[space].bay;
            if enabled { bay.watch(true) } else { bay.disable() }
        }
        let answer = self.client.ask("PATCH", &path, json!({"enabled": enabled})).await;
        self.agree(&format!("sensor {sensor} enabled: {enabled}"), &answer, Ok(()));
    }

    fn agree(&mut self, operation: &str, answer: &Answer, expected: Verdict) {
        self.done.push(format!("{operation}: {expected:?}"));
        match expected {
            Ok(()) => assert!((200..300).contains(&answer.status), "{:#?}\n{answer:?}", self.done),
            Err(code) => assert_eq!(answer.code().as_deref(), Some(code), "{:#?}\n{answer:?}", self.done),
        }
    }

    /// The read models show what the model says, as soon as the processes have done what is due.
    async fn compare_all(&self) {
        for Space { id, bay, .. } in &self.spaces {
            let list = format!("{RESERVATIONS}?space_id={id}&page_size=200");
            let state = format!("/api/v6/display-policies/spaces/{id}/computed-state");
            let expected = summaries(bay);
            let mut seen = (Vec::new(), Value::Null);
            let agreed = in_time(async || {
                let items = self.client.get(&list).await.ok()["items"].clone();
                let state = self.client.get(&state).await.ok()["current_state"].clone();
                seen = (items.as_array().unwrap().iter().map(summary).collect(), state);
                seen.0.sort();
                (seen.0 == expected && bay.shown().is_none_or(|shown| seen.1 == shown)).then_some(())
            })
            .await;
            assert!(agreed.is_some(), "{:#?}\nmodel: {bay:#?}\nshown: {seen:?}", self.done);
        }
    }

    /// The stays are those of the model, and each belongs to the same booking.
    pub(super) async fn compare(&self, database: &TestDatabase) {
        for Space { id, bay, .. } in &self.spaces {
            let id: Uuid = id.parse().unwrap();
            let booking = |booking: usize| bay.bookings[booking].id.parse::<Uuid>().unwrap();
            let expected: Vec<(Option<Uuid>, bool)> =
                bay.stays.iter().map(|Stay { booking: of, lasts }| (of.map(booking), *lasts)).collect();
            let mut seen = Vec::<(Option<Uuid>, bool)>::new();
            let agreed = in_time(async || {
                let query = "select reservation_id, departed_at is null from projections.stays \
                              where space_id = $1 order by position";
                let rows = sqlx::query_as(query).bind(id).fetch_all(&database.pool(Role::Auditor)).await;
                seen = rows.unwrap();
                (seen == expected).then_some(())
            })
            .await;
            assert!(agreed.is_some(), "{:#?}\nmodel: {expected:#?}\nrows: {seen:#?}", self.done);
        }
    }
}

/// The server's clock is this machine's.
#[expect(clippy::disallowed_methods, reason = "the windows must run while the test does")]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A booking: its id; whether it is open; of an open one, whether its guest is checked in and whether it is confirmed.
type Summary = (String, bool, bool, bool);

fn summary(reservation: &Value) -> Summary {
    let open = reservation["status"] == "active";
    let (checked_in, confirmed) = (reservation["checked_in"] == true, !reservation["confirmed_at"].is_null());
    (reservation["id"].as_str().unwrap().to_owned(), open, open && checked_in, open && confirmed)
}

fn summaries(bay: &Bay) -> Vec<Summary> {
    let summary =
        |one: &Booking| (one.id.clone(), one.open, one.open && one.checked_in, one.open && one.confirmed);
    let mut all: Vec<_> = bay.bookings.iter().map(summary).collect();
    all.sort();
    all
}

fn ids(list: &Value, name: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}
