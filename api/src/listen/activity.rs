//! A connection's phase and the phase's deadline.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::connections::{Rank, Slot};
use super::counts::Reason;
use super::limits::{ANSWER, HEAD, IDLE, LAST_HEAD};

/// A connection's phase. Its stream, its service and its response bodies update it.
pub(super) struct Activity {
    slot: Slot,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    reports: bool,
}

#[derive(Clone, Copy)]
enum Phase {
    /// A request's head is expected or arriving.
    Head { until: Instant },
    /// A request is being handled: the handler has its own time limit.
    Request,
    /// The answer is being sent; `is_made` when all of it was handed to the stream.
    Answer { until: Instant, is_made: bool },
    /// The next request is awaited.
    Idle { until: Instant },
}

impl Activity {
    /// A new connection.
    pub(super) fn new(slot: Slot) -> Self {
        let phase = Phase::Head { until: Instant::now() + HEAD };
        Self { slot, state: Mutex::new(State { phase, reports: false }) }
    }

    /// Its slot.
    pub(super) fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Bytes arrived from the client.
    pub(super) fn received(&self) {
        let mut state = self.state();
        if let Phase::Idle { .. } = state.phase {
            state.phase = Phase::Head { until: Instant::now() + HEAD };
        }
    }

    /// A request's head is complete.
    pub(super) fn request_begun(&self) {
        self.state().phase = Phase::Request;
        self.slot.must_stay();
    }

    /// The request has its answer, which is not sent yet; `took_report` if it accepted a report.
    pub(super) fn answered(&self, took_report: bool) {
        let mut state = self.state();
        state.reports |= took_report;
        state.phase = Phase::Answer { until: Instant::now() + ANSWER, is_made: false };
    }

    /// All of the answer was handed to the stream.
    pub(super) fn answer_made(&self) {
        if let Phase::Answer { is_made, .. } = &mut self.state().phase {
            *is_made = true;
        }
    }

    /// All bytes handed to the stream are sent.
    pub(super) fn sent(&self) {
        let mut state = self.state();
        if let Phase::Answer { is_made: true, .. } = state.phase {
            state.phase = Phase::Idle { until: Instant::now() + IDLE };
            self.slot.may_be_closed(if state.reports { Rank::Reporting } else { Rank::Idle });
        }
    }

    /// The server stops: a head that is arriving must be complete soon.
    pub(super) fn hurry(&self) {
        if let Phase::Head { until } = &mut self.state().phase {
            *until = (*until).min(Instant::now() + LAST_HEAD);
        }
    }

    /// True while a request is in flight.
    pub(super) fn is_serving(&self) -> bool {
        matches!(self.state().phase, Phase::Request | Phase::Answer { .. })
    }

    /// The deadline of the current phase, and the reason that is counted when the connection misses it.
    pub(super) fn deadline(&self) -> Option<(Instant, Reason)> {
        match self.state().phase {
            Phase::Head { until } => Some((until, Reason::Head)),
            Phase::Request => None,
            Phase::Answer { until, .. } => Some((until, Reason::Answer)),
            Phase::Idle { until } => Some((until, Reason::Idle)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::connections::Connections;
    use super::super::counts::ConnectionCounts;
    use super::super::limits::Limits;
    use super::*;

    /// Asserts that the current phase may last this long and no longer.
    fn assert_may_take(activity: &Activity, time: Duration, done: impl FnOnce(&Activity)) {
        let before = Instant::now();
        done(activity);
        let (deadline, _) = activity.deadline().expect("the phase has a deadline");
        assert!(before + time <= deadline && deadline <= Instant::now() + time);
    }

    #[test]
    fn an_idle_connection_has_long_and_a_head_short_from_its_first_byte() {
        let connections = Connections::new(Limits::of_files(1024), ConnectionCounts::default());
        let activity = Activity::new(connections.admit());
        let first = activity.deadline();
        activity.received();
        assert_eq!(activity.deadline(), first, "more bytes of the first head do not extend the deadline");
        activity.request_begun();
        activity.received();
        assert!(activity.deadline().is_none() && activity.is_serving());
        assert_may_take(&activity, ANSWER, |activity| activity.answered(true));
        activity.sent();
        assert!(activity.is_serving(), "the answer is not complete");
        activity.answer_made();
        assert_may_take(&activity, IDLE, Activity::sent);
        assert!(!activity.is_serving());
        assert_may_take(&activity, HEAD, Activity::received);
        assert_may_take(&activity, LAST_HEAD, Activity::hurry);
    }
}
