//! Refusals of which there may be any number, in the log: one line a minute for each reason.
//!
//! These are webhook requests without a valid credential, requests for what does not exist, and requests while the server is
//! overloaded. A line for each would fill the log, and of an overloaded server take the time that it lacks.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;
use parking_domain::instant::Instant;
use tracing::field::display;
use tracing::{info, warn};

use crate::http::kit::edge::Passage;
use crate::http::kit::problem::{OVERLOADED, Problem};

/// The time between two lines with the same reason.
const BETWEEN: TimeDelta = TimeDelta::minutes(1);

/// When the last line was written, if one was, and how many requests were refused since then, by reason.
#[derive(Default)]
pub(crate) struct TurnedAway(Mutex<BTreeMap<&'static str, (Option<Instant>, u64)>>);

impl TurnedAway {
    /// Counts a refused report, and logs the reason unless it was logged a moment ago.
    pub(crate) fn report(&self, problem: Problem, now: Instant) -> Problem {
        if let Some(requests) = self.due(problem.code(), now) {
            let (code, reason) = (problem.code(), problem.detail());
            warn!(code, requests, "reports to the webhooks are refused and lost: {reason}");
        }
        problem.logged()
    }

    /// Logs another refusal, in the span of its request. Its detail may repeat what the caller sent, which may be of a person.
    pub(crate) fn refusal(&self, problem: &Problem, is_matched: bool, passage: &Passage, now: Instant) {
        let (client, user) = (passage.network().map(display), passage.user().map(display));
        let (status, code) = (problem.status().as_u16(), problem.code());
        let reason = if code == OVERLOADED { OVERLOADED } else { "unmatched" };
        if is_matched && code != OVERLOADED {
            info!(status, code, client, user, "the request is refused");
        } else if let Some(requests) = self.due(reason, now) {
            info!(status, code, requests, client, user, "requests are refused, this is one of them");
        }
    }

    /// The number of refused requests for the line, if one is due.
    fn due(&self, code: &'static str, now: Instant) -> Option<u64> {
        let mut reasons = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (logged_at, requests) = reasons.entry(code).or_default();
        *requests += 1;
        // A clock that was set back must not silence the line.
        if logged_at.is_some_and(|at| at <= now && now - at < BETWEEN) {
            return None;
        }
        *logged_at = Some(now);
        Some(take(requests))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_logged_once_a_minute_with_the_number_of_requests() {
        let refused = TurnedAway::default();
        let at = |second: i64| Instant::from_micros((1_000 + second) * 1_000_000);
        let due = |code, second| refused.due(code, at(second));
        assert_eq!(
            [due("token_wrong", 0), due("token_wrong", 1), due("token_wrong", 59)],
            [Some(1), None, None]
        );
        assert_eq!(due("signature_wrong", 59), Some(1));
        assert_eq!([due("token_wrong", 60), due("token_wrong", 61)], [Some(3), None]);
        assert_eq!([due("token_wrong", -100), due("token_wrong", -50)], [Some(2), None]);
    }
}
