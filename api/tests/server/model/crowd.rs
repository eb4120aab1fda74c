//! Several clients at one space: each does what comes to mind, and nobody predicts the responses.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::driver::now;
use crate::random::Random;
use crate::reservations::RESERVATIONS;
use crate::support::{Answer, Client, UPLINK};
use crate::uplinks::uplink;

/// What the clients share: a space, and the sensors that one after the other is assigned to it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) space: String,
    pub(super) sensors: Vec<(String, u32)>,
    /// Two policies: one asks for one reading, the other for two.
    pub(super) policies: [String; 2],
}

/// A client of the crowd.
pub(super) struct Guest {
    client: Client,
    random: Random,
    number: usize,
    place: Place,
    /// The frames so far of the client's own sensor.
    reports: u32,
}

impl Guest {
    pub(super) fn new(client: Client, random: Random, number: usize, place: Place) -> Self {
        Self { client, random, number, place, reports: 0 }
    }

    /// One operation, chosen at random. It succeeds, or is refused for what others did.
    pub(super) async fn step(&mut self) {
        let answer = match self.random.below(20) {
            0..=3 => self.book().await,
            4 | 5 => self.of_some_reservation("POST", "reschedule").await,
            6 => self.of_some_reservation("POST", "cancel").await,
            7 | 8 => self.of_some_reservation("POST", "check-in").await,
            9 => self.of_some_reservation("POST", "check-out").await,
            10..=14 => self.report().await,
            15 => self.override_for_seconds().await,
            16 => self.assign().await,
            17 => self.set_by_hand().await,
            18 => self.change_policy().await,
            _ => Some(self.client.ask("POST", "/api/v6/reservations/expire-old", None).await),
        };
        let Some(answer) = answer else { return };
        assert!(matches!(answer.status, 200..300 | 404 | 409 | 422), "client {}: {answer:?}", self.number);
    }

    /// A window of some seconds, which begins now or soon: releases and ends come while others do something.
    fn window(&mut self) -> (String, String) {
        let start = now() + TimeDelta::milliseconds(i64::try_from(self.random.below(6_000)).unwrap() - 500);
        let end = start + TimeDelta::milliseconds(i64::try_from(500 + self.random.below(3_000)).unwrap());
        (text(start), text(end))
    }

    async fn book(&mut self) -> Option<Answer> {
        let (start, end) = self.window();
        let body = json!({"space_id": self.place.space, "start_time": start, "end_time": end});
        Some(self.client.ask("POST", RESERVATIONS, body).await)
    }

    /// One of the last reservations, whoever booked it.
    async fn of_some_reservation(&mut self, method: &str, act: &str) -> Option<Answer> {
        let list = format!("{RESERVATIONS}?space_id={}&page_size=5", self.place.space);
        let items = self.client.get(&list).await.ok()["items"].clone();
        let items = items.as_array().unwrap();
        if items.is_empty() {
            return None;
        }
        let id = items[self.random.below(items.len())]["id"].as_str().unwrap().to_owned();
        let body: Option<Value> = (act == "reschedule").then(|| {
            let (start, end) = self.window();
            json!({"start_time": start, "end_time": end})
        });
        Some(self.client.ask(method, &format!("{RESERVATIONS}/{id}/{act}"), body).await)
    }

    /// A reading of the client's own sensor, which may be assigned at the moment.
    async fn report(&mut self) -> Option<Answer> {
        self.reports += 1;
        let mut report = uplink(self.place.sensors[self.number].1, self.reports);
        report["time"] = json!(text(now()));
        report["rxInfo"][0]["nsTime"] = report["time"].clone();
        report["data"] = json!(["Afs4AAAxEQA=", "APs4AAAxEQA="][self.random.below(2)]);
        self.client.post(UPLINK, report.to_string()).await.accepted();
        None
    }

    async fn override_for_seconds(&mut self) -> Option<Answer> {
        let until = text(now() + TimeDelta::seconds(1));
        let body = json!({"space_id": self.place.space, "override_type": "blocked", "end_time": until});
        Some(self.client.ask("POST", "/api/v6/overrides", body).await)
    }

    /// Puts the client's sensor in the place of the one that is there, or takes it away.
    async fn assign(&mut self) -> Option<Answer> {
        let path = format!("/api/v6/devices/{}", self.place.sensors[self.number].0);
        if self.random.below(3) == 0 {
            return Some(self.client.ask("POST", &format!("{path}/unassign"), None).await);
        }
        let body = json!({"space_id": self.place.space, "replace": true});
        Some(self.client.ask("POST", &format!("{path}/assign"), body).await)
    }

    async fn set_by_hand(&mut self) -> Option<Answer> {
        let state = ["free", "occupied", "reserved", "unknown"][self.random.below(4)];
        let path = format!("/api/v6/spaces/{}/state?new_state={state}", self.place.space);
        Some(self.client.ask("PUT", &path, None).await)
    }

    /// The space releases reservations after a minute or never, or the policy in force asks for one reading or two.
    async fn change_policy(&mut self) -> Option<Answer> {
        let choice = self.random.below(4);
        if let Some(policy) = self.place.policies.get(choice) {
            let path = format!("/api/v6/display-policies/{policy}/activate");
            return Some(self.client.ask("POST", &path, None).await);
        }
        let body = json!({"auto_release_minutes": choice - 2});
        Some(self.client.ask("PATCH", &format!("/api/v6/spaces/{}", self.place.space), body).await)
    }
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What is never so, whoever was faster: each query finds nothing.
pub(super) const NEVER: [(&str, &str); 8] = [
    ("a reservation ends twice", "select ended.id::text from ended group by ended.id having count(*) > 1"),
    (
        "a confirmed reservation ends as if nobody had come",
        "select ended.id::text from ended join confirmed using (id) \
          where ended.event_type in ('ReservationExpired', 'ReservationNotTakenUp')",
    ),
    (
        "an unconfirmed reservation is completed",
        "select ended.id::text from ended where ended.event_type = 'ReservationCompleted' \
            and not exists (select from confirmed where confirmed.id = ended.id and confirmed.position < ended.position)",
    ),
    (
        "a reservation has two stays",
        "select reservation_id::text from projections.stays where reservation_id is not null \
          group by reservation_id having count(*) > 1",
    ),
    (
        "two stays of a space overlap",
        "select one.position::text from projections.stays one join projections.stays later \
             on later.space_id = one.space_id and later.position > one.position \
          where one.departed_at is null or later.arrived_at < one.departed_at",
    ),
    (
        "a sensor confirms a reservation without its own stay",
        "select confirmed.id::text from confirmed where confirmed.by_sensor \
            and not exists (select from projections.stays s where s.reservation_id = confirmed.id) \
            and not exists (select from ended where ended.id = confirmed.id \
                               and ended.event_type in ('ReservationCancelled', 'ReservationCheckedOut'))",
    ),
    (
        "a reservation whose own stay lasted beyond its start ends as if nobody had come",
        "select ended.id::text from ended join projections.stays s on s.reservation_id = ended.id \
           join projections.reservations r on r.reservation_id = ended.id join events e on e.position = s.position \
          where ended.event_type in ('ReservationExpired', 'ReservationNotTakenUp') \
            and greatest(s.arrived_at, r.start_time) < r.ended_at and e.recorded_at < r.ended_at - interval '1 second'",
    ),
    (
        "two guests are checked in at once",
        "select one.id::text from confirmed one join confirmed other on other.position > one.position \
          where other.id <> one.id and not one.by_sensor and not other.by_sensor \
            and not exists (select from ended where ended.id = one.id and ended.position < other.position)",
    ),
];

/// The events that the queries ask for.
pub(super) const EVENTS: &str = "with reservation as ( \
      select position, event_type, payload -> event_type as data from events where event_type like 'Reservation%'), \
    ended as ( \
      select (data ->> 'reservation_id')::uuid as id, event_type, position from reservation \
       where event_type in ('ReservationCancelled', 'ReservationCheckedOut', 'ReservationCompleted', \
                            'ReservationExpired', 'ReservationNotTakenUp')), \
    confirmed as ( \
      select (data ->> 'reservation_id')::uuid as id, data ->> 'confirmation' = 'sensor' as by_sensor, position \
        from reservation where event_type = 'ReservationConfirmed') ";
