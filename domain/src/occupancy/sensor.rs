//! The sensor at a space: its confirmed word, the change it is about to confirm, and whether it is silent.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::shown::Word;
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::policy::Policy;

/// The sensor assigned to a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensor {
    /// Which.
    pub dev_eui: DevEui,
    /// What it says, confirmed; none until it has said something.
    pub word: Option<Word>,
    /// Since when it says so.
    pub since: Option<Instant>,
    /// Nothing was heard of it for too long.
    pub silent: bool,
    candidate: Option<Candidate>,
}

/// A reading that differs from the word and waits for a second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Candidate {
    word: Word,
    at: Instant,
}

/// What a reading amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing yet: the change waits for a second reading.
    Unconfirmed,
    /// What was its word already.
    Again,
    /// Its word is another one now.
    Changed,
}

impl Sensor {
    /// A sensor of which nothing is known yet.
    pub(super) fn new(dev_eui: DevEui) -> Self {
        Self { dev_eui, word: None, since: None, silent: false, candidate: None }
    }

    /// Takes a reading, received at `at`; where it changes the word, the change's time is `effective`.
    pub(super) fn read(&mut self, word: Word, at: Instant, effective: Instant, policy: &Policy) -> Said {
        if self.word == Some(word) {
            self.candidate = None;
            Said::Again
        } else if policy.debounce_readings <= 1 || self.confirms(word, at, policy) {
            self.say(word, effective);
            Said::Changed
        } else {
            self.candidate = Some(Candidate { word, at });
            Said::Unconfirmed
        }
    }

    /// Takes a word as confirmed.
    pub(super) fn say(&mut self, word: Word, effective: Instant) {
        self.candidate = None;
        if self.word != Some(word) {
            self.word = Some(word);
            self.since = Some(effective);
        }
    }

    fn confirms(&self, word: Word, at: Instant, policy: &Policy) -> bool {
        let window = TimeDelta::seconds(i64::from(policy.debounce_window_sec));
        self.candidate.is_some_and(|first| first.word == word && at - first.at <= window)
    }
}
