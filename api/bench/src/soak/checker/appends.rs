//! Checks whole appends: their events are consecutive, their expectations held, their claims and requests were free.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Checker, Stored};
use crate::soak::plan::{Plan, Request};
use crate::soak::violation::Violation;

/// The append whose events are being read.
#[derive(Debug)]
pub(super) struct Open {
    plan: Plan,
    first: i64,
    /// Events read, and events expected.
    read: u32,
    expected: u32,
}

/// The complete appends.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) appends: HashMap<Uuid, Whole>,
    /// Request keys, with their fingerprint and the append that used them.
    pub(super) requests: HashMap<String, (Uuid, Uuid)>,
    pub(super) claims: HashMap<String, String>,
}

/// A complete append.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) versions: Vec<i64>,
}

impl Known {
    pub(super) fn request_positions(&self) -> HashMap<String, (i64, i64)> {
        let positions = |(key, (_, append_id)): (&String, &(Uuid, Uuid))| {
            let whole = self.appends.get(append_id)?;
            Some((key.clone(), (whole.first, whole.last)))
        };
        self.requests.iter().filter_map(positions).collect()
    }
}

impl Checker {
    /// Adds the event to the open append, or opens one with it.
    pub(super) fn take_append(&mut self, event: &Stored) {
        let Some(payload) = self.read(event) else { return };
        if let Some(plan) = payload.plan {
            self.tear();
            self.check_expectations(&plan);
            let expected = plan.parts.iter().map(|part| part.events).sum();
            self.open = Some(Open { plan, first: event.position, read: 0, expected });
        }
        let fits = self.open.as_mut().is_some_and(|open| {
            open.read += 1;
            let stream = open.plan.streams().nth(open.read as usize - 1);
            (open.plan.append_id, open.read) == (payload.append_id, payload.place)
                && stream == Some(&payload.stream)
        });
        if !fits {
            self.open = None;
            self.report(Violation::Torn { append_id: payload.append_id, position: event.position });
        }
    }

    /// Reports an append that is still open: it can no longer become complete.
    pub(super) fn tear(&mut self) {
        if let Some(open) = self.open.take() {
            self.report(Violation::Torn { append_id: open.plan.append_id, position: self.last_position });
        }
    }

    fn check_expectations(&mut self, plan: &Plan) {
        for part in &plan.parts {
            let version = self.versions.get(&part.stream).copied().unwrap_or_default();
            if !part.expected.holds(version) {
                let (append_id, stream) = (plan.append_id, part.stream.clone());
                self.report(Violation::BrokenExpectation { append_id, stream, version });
            }
        }
    }

    /// Completes the open append if this was its last event.
    pub(super) fn close_append(&mut self, last: i64) {
        let Some(Open { plan, first, .. }) = self.open.take_if(|open| open.read == open.expected) else {
            return;
        };
        let written = plan.parts.iter().filter(|part| part.events > 0);
        let versions = written.map(|part| self.versions.get(&part.stream).copied().unwrap_or_default());
        let whole = Whole { first, last, versions: versions.collect() };
        self.known.appends.insert(plan.append_id, whole);
        self.settle_claims(&plan);
        if let Some(Request { key, fingerprint }) = plan.request {
            let second = plan.append_id;
            if let Some((_, first)) = self.known.requests.insert(key.clone(), (fingerprint, second)) {
                self.report(Violation::RequestStoredTwice { key, first, second });
            }
        }
    }

    /// A claim released by one stream may be taken by another in the same append.
    fn settle_claims(&mut self, plan: &Plan) {
        for part in &plan.parts {
            for key in &part.releases {
                if self.known.claims.get(key) == Some(&part.stream) {
                    self.known.claims.remove(key);
                }
            }
        }
        for part in &plan.parts {
            for key in &part.takes {
                let holder = self.known.claims.insert(key.clone(), part.stream.clone());
                if let Some(holder) = holder.filter(|holder| *holder != part.stream) {
                    let (append_id, key) = (plan.append_id, key.clone());
                    self.report(Violation::ClaimHeldTwice { append_id, key, holder });
                }
            }
        }
    }
}
