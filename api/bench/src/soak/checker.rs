//! The log checker: a correct store in memory that takes each event the real one stored, and reports every
//! difference.
//!
//! It takes the log in reading order, then the writers' answers, then the readers' records and the other tables.

mod answers;
mod appends;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::plan::{Payload, event_id};
use super::violation::Violation;
use appends::{Known, Open};

/// The most violations that are kept: the first ones show what is wrong.
const ENOUGH: usize = 20;

/// An event as the log holds it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Stored {
    pub(crate) position: i64,
    pub(crate) aggregate_id: String,
    pub(crate) sequence: i64,
    pub(crate) event_id: Uuid,
    pub(crate) append_id: Uuid,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) payload: String,
}

/// The contents of the other tables by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    /// `log_head`.
    pub(crate) head: i64,
    /// Streams and their versions.
    pub(crate) streams: HashMap<String, i64>,
    /// Claims and their holders.
    pub(crate) claims: HashMap<String, String>,
    /// Requests and their first and last position.
    pub(crate) requests: HashMap<String, (i64, i64)>,
}

/// The correct store.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    violations: Vec<Violation>,
    last_position: i64,
    last_time: DateTime<Utc>,
    /// The events' ids in order.
    ids: Vec<Uuid>,
    positions: HashMap<Uuid, i64>,
    versions: HashMap<String, i64>,
    known: Known,
    /// The append whose events are being read.
    open: Option<Open>,
}

impl Checker {
    fn report(&mut self, violation: Violation) {
        if self.violations.len() < ENOUGH {
            self.violations.push(violation);
        }
    }

    /// Takes the next event of the log.
    pub(crate) fn take(&mut self, event: &Stored) {
        let position = event.position;
        if position <= self.last_position {
            self.report(Violation::Inversion { after: self.last_position, found: position });
        } else if position > self.last_position + 1 {
            self.report(Violation::Hole { missing: self.last_position + 1, found: position });
        }
        self.last_position = position;
        if event.recorded_at <= self.last_time {
            self.report(Violation::TimeDidNotAdvance { position });
        }
        self.last_time = event.recorded_at;
        self.ids.push(event.event_id);
        if let Some(first) = self.positions.insert(event.event_id, position) {
            self.report(Violation::Duplicate { event_id: event.event_id, first, second: position });
        }
        self.take_append(event);
        let version = self.versions.entry(event.aggregate_id.clone()).or_default();
        let expected = *version + 1;
        *version = event.sequence;
        if event.sequence != expected {
            self.report(Violation::WrongSequence {
                position,
                stream: event.aggregate_id.clone(),
                version: expected - 1,
                found: event.sequence,
            });
        }
        self.close_append(position);
    }

    /// Compares the event's own data with its place in the log.
    fn read(&mut self, event: &Stored) -> Option<Payload> {
        let payload: Option<Payload> = serde_json::from_str(&event.payload).ok();
        let fault = match &payload {
            None => Some("the payload cannot be read"),
            Some(p) if p.append_id != event.append_id => Some("another append's payload"),
            Some(p) if p.stream != event.aggregate_id => Some("another stream's payload"),
            Some(p) if event_id(p.append_id, p.place) != event.event_id => Some("another event's payload"),
            Some(_) => None,
        };
        match fault {
            Some(what) => {
                self.report(Violation::NotAsSent { position: event.position, what });
                None
            }
            None => payload,
        }
    }

    /// After the last event: no append may be incomplete, and the other tables must match the events.
    pub(crate) fn compare(&mut self, tables: &Tables) {
        self.tear();
        let (head, last) = (tables.head, self.last_position);
        if head != last {
            let what = format!("it says {head}, the last event stands at {last}");
            self.report(Violation::TableDisagrees { table: "log_head", what });
        }
        let differences = [
            ("streams", difference(&self.versions, &tables.streams)),
            ("claims", difference(&self.known.claims, &tables.claims)),
            ("requests", difference(&self.known.request_positions(), &tables.requests)),
        ];
        for (table, difference) in differences {
            if let Some(what) = difference {
                self.report(Violation::TableDisagrees { table, what });
            }
        }
    }

    /// Checks what a reader saw over the whole run, in order.
    pub(crate) fn check_reader(&mut self, reader: usize, seen: &[Uuid]) {
        if seen.len() != self.ids.len() {
            self.report(Violation::ReaderMissed { reader, seen: seen.len(), stored: self.ids.len() });
        }
        if let Some((position, _)) = (1..).zip(seen.iter().zip(&self.ids)).find(|(_, (seen, id))| seen != id)
        {
            self.report(Violation::ReaderSawAnother { reader, position });
        }
    }

    /// The violations found; empty for a correct log.
    pub(crate) fn into_violations(self) -> Vec<Violation> {
        self.violations
    }
}

fn difference<V: PartialEq + std::fmt::Debug>(
    events: &HashMap<String, V>,
    table: &HashMap<String, V>,
) -> Option<String> {
    let mut keys: Vec<&String> = events.keys().chain(table.keys()).collect();
    keys.sort_unstable();
    let key = keys.into_iter().find(|key| events.get(*key) != table.get(*key))?;
    Some(format!("{key} is {:?}, by the events it is {:?}", table.get(key), events.get(key)))
}
