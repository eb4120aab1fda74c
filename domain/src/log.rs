//! The log's own stream: the log's identity and events of the log as a whole.

mod event;
mod refusal;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::aggregate::{Decider, aggregate};
use crate::characters;
use crate::id::LogId;
use crate::instant::Instant;
use crate::limits;

pub use event::LogEvent;
pub use refusal::LogRefusal;

/// The log format of this build. A log of another format is refused before anything is written.
pub const FORMAT: i16 = 5;

/// The state for decisions about the log: whether it has started, its current id, its newest dictionary, and the
/// skipped events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Log {
    #[serde(rename = "log_id")]
    id: Option<LogId>,
    dictionary: i16,
    /// By projection and position: whether the event is undecodable. It grows with the number of skips by operators.
    skipped: BTreeMap<String, BTreeMap<i64, bool>>,
}

/// A command to the `log` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum LogCommand {
    /// Write the log's identity as its first event.
    StartLog { log_id: LogId, dictionary: String, at: Instant },
    /// Give a restored copy, whose last position is `position`, a new id.
    ForkLog { to: LogId, position: i64, reason: Option<String>, at: Instant, by: Actor },
    /// Announce the dictionary `number`, which is stored beside the log.
    AddDictionary { number: i16, sha256: String, at: Instant, by: Actor },
    /// Let a projection skip an event that it cannot apply.
    SkipEvent { position: i64, projection: String, reason: String, undecodable: bool, at: Instant, by: Actor },
}

impl Log {
    /// The log's id; `None` before it has started.
    pub fn log_id(&self) -> Option<LogId> {
        self.id
    }

    /// The number of the newest dictionary; 0 before the log has started.
    pub fn dictionary(&self) -> i16 {
        self.dictionary
    }

    fn check_skip(
        &self,
        projection: &str,
        position: i64,
        reason: &str,
        undecodable: bool,
    ) -> Result<(), LogRefusal> {
        if reason.trim().is_empty()
            || limits::is_longer(reason, limits::SKIP_REASON)
            || characters::fault_in_line(reason).is_some()
        {
            return Err(LogRefusal::SkipReasonInvalid);
        }
        // An event skipped before may be skipped again as undecodable, which also removes it from its stream.
        match self.skipped.get(projection).and_then(|positions| positions.get(&position)) {
            Some(is_undecodable) if *is_undecodable || !undecodable => Err(LogRefusal::EventAlreadySkipped),
            _ => Ok(()),
        }
    }
}

impl Decider for Log {
    const STATE_VERSION: i32 = 1;

    const EVENTS: &'static [(&'static str, &'static str)] = LogEvent::CATALOGUE;

    fn decide(&self, command: &LogCommand) -> Result<Vec<LogEvent>, LogRefusal> {
        match (self.id, command.clone()) {
            (Some(_), LogCommand::StartLog { .. }) => Err(LogRefusal::LogAlreadyStarted),
            (None, LogCommand::StartLog { log_id, dictionary, at }) => {
                Ok(vec![LogEvent::LogStarted { log_id, format: FORMAT, dictionary, at }])
            }
            (None, LogCommand::ForkLog { .. } | LogCommand::AddDictionary { .. }) => {
                Err(LogRefusal::LogNotStarted)
            }
            (Some(from), LogCommand::ForkLog { to, .. }) if from == to => Err(LogRefusal::LogIdTaken),
            (Some(from), LogCommand::ForkLog { to, position, reason, at, by }) => {
                limits::reason(reason.as_ref())?;
                Ok(vec![LogEvent::LogForked { from, to, position, reason, at, by }])
            }
            (Some(_), LogCommand::AddDictionary { number, .. }) if number != self.dictionary + 1 => {
                Err(LogRefusal::DictionaryNotNext { number, newest: self.dictionary })
            }
            (Some(_), LogCommand::AddDictionary { number, sha256, at, by }) => {
                Ok(vec![LogEvent::DictionaryAdded { number, sha256, at, by }])
            }
            (None, LogCommand::SkipEvent { .. }) => Err(LogRefusal::LogNotStarted),
            (Some(_), LogCommand::SkipEvent { position, projection, reason, undecodable, at, by }) => {
                self.check_skip(&projection, position, &reason, undecodable)?;
                Ok(vec![LogEvent::EventSkipped { position, projection, reason, undecodable, at, by }])
            }
        }
    }

    fn evolve(&mut self, event: &LogEvent) {
        match event {
            LogEvent::LogStarted { log_id, .. } => (self.id, self.dictionary) = (Some(*log_id), 1),
            LogEvent::LogForked { to, .. } => self.id = Some(*to),
            LogEvent::DictionaryAdded { number, .. } => self.dictionary = *number,
            LogEvent::EventSkipped { position, projection, undecodable, .. } => {
                let skipped = self.skipped.entry(projection.clone()).or_default();
                *skipped.entry(*position).or_default() |= undecodable;
            }
        }
    }
}

aggregate!(Log, "log", LogCommand, LogEvent, LogRefusal);
