//! The sensor of a space: its confirmed presence, an unconfirmed change, and whether it is silent.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::shown::Presence;
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::policy::Policy;

/// The sensor assigned to a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensor {
    /// The device.
    pub dev_eui: DevEui,
    /// The confirmed presence; `None` before the first report.
    #[serde(rename = "word")]
    pub presence: Option<Presence>,
    /// Since when it holds.
    pub since: Option<Instant>,
    /// It was silent for too long.
    pub silent: bool,
    candidate: Option<Candidate>,
}

/// A differing reading that waits for a second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Candidate {
    #[serde(rename = "word")]
    presence: Presence,
    at: Instant,
}

/// The effect of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadingOutcome {
    /// None yet: the change waits for a second reading.
    Unconfirmed,
    /// It equals the confirmed presence.
    Unchanged,
    /// The presence changed.
    Changed,
}

impl Sensor {
    /// A sensor without readings.
    pub(super) fn new(dev_eui: DevEui) -> Self {
        Self { dev_eui, presence: None, since: None, silent: false, candidate: None }
    }

    /// Applies a reading received at `at`; a change takes effect at `effective`.
    pub(super) fn apply_reading(
        &mut self,
        presence: Presence,
        at: Instant,
        effective: Instant,
        policy: &Policy,
    ) -> ReadingOutcome {
        if self.presence == Some(presence) {
            self.candidate = None;
            ReadingOutcome::Unchanged
        } else if policy.debounce_readings <= 1 || self.confirms(presence, at, policy) {
            self.set_presence(presence, effective);
            ReadingOutcome::Changed
        } else {
            self.candidate = Some(Candidate { presence, at });
            ReadingOutcome::Unconfirmed
        }
    }

    /// Sets the confirmed presence.
    pub(super) fn set_presence(&mut self, presence: Presence, effective: Instant) {
        self.candidate = None;
        if self.presence != Some(presence) {
            self.presence = Some(presence);
            self.since = Some(effective);
        }
    }

    fn confirms(&self, presence: Presence, at: Instant, policy: &Policy) -> bool {
        let window = TimeDelta::seconds(i64::from(policy.debounce_window_sec));
        self.candidate.is_some_and(|first| first.presence == presence && at - first.at <= window)
    }
}
