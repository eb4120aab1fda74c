//! `check`: is the log complete, in order and decodable?

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use parking_domain::aggregate::Decider;
use parking_domain::id::LogId;
use parking_domain::log::{Log as LogState, LogEvent};
use parking_domain::stored::Event;
use parking_projections::engine::dictionaries;
use parking_projections::engine::feed::RecordedEvent;
use sqlx::PgConnection;

use crate::ToolError;
use crate::log::{Log, StreamVersion};
use crate::progress;
use parking_domain::instant::Instant;

/// The most problems that are listed; further ones are only counted.
const NAMED: usize = 100;

/// What the next event must continue.
#[derive(Default)]
struct Examination {
    position: i64,
    recorded_at: Option<Instant>,
    /// The version of each stream.
    versions: HashMap<(String, String), i64>,
    /// The log's own stream, folded.
    log: LogState,
    events: u64,
    problems: Vec<String>,
    unnamed: usize,
}

/// Exit code 0 when the log is clean, 1 when it is not.
pub(crate) async fn check(mut log: Log) -> Result<ExitCode, ToolError> {
    let bar = progress::bar(log.head);
    let mut examination = Examination::default();
    loop {
        let page = log.next_page().await?;
        let Some(last) = page.last() else { break };
        for event in &page {
            examination.take(event);
        }
        progress::show(&bar, last.position);
    }
    bar.finish_and_clear();
    examination.compare_head(log.head);
    examination.compare_identity(log.id);
    examination.look_at_bodies(log.connection()).await?;
    examination.compare_streams(log.streams().await?);
    Ok(examination.report(&mut io::stdout().lock())?)
}

impl Examination {
    fn take(&mut self, event: &RecordedEvent) {
        self.events += 1;
        let position = event.position;
        match (self.position + 1, position - 1) {
            (first, last) if first > last => {}
            (first, last) if first == last => self.note(format!("position {first} is missing")),
            (first, last) => self.note(format!("positions {first} to {last} are missing")),
        }
        self.position = position;
        if Some(event.recorded_at) <= self.recorded_at {
            self.note(format!("position {position} was not recorded after the one that precedes it"));
        }
        self.recorded_at = self.recorded_at.max(Some(event.recorded_at));
        let stream = (event.aggregate_type.clone(), event.aggregate_id.clone());
        let before = self.versions.insert(stream, event.sequence).unwrap_or_default();
        if event.sequence != before + 1 {
            let stream = format!("{} {}", event.aggregate_type, event.aggregate_id);
            self.note(format!(
                "position {position} is event {} of {stream}, after event {before}",
                event.sequence
            ));
        }
        let decoded = event.decode();
        if position == 1 && !matches!(decoded, Ok(Event::Log(LogEvent::LogStarted { .. }))) {
            self.note("position 1 is not LogStarted: the beginning of the log was replaced");
        }
        match decoded {
            Ok(Event::Log(event)) => self.log.evolve(&event),
            Ok(_) => {}
            Err(error) => self.note(format!("position {position} does not decode: {error}")),
        }
    }

    fn compare_head(&mut self, head: i64) {
        if head != self.position {
            self.note(format!("the log ends at position {}, its head says {head}", self.position));
        }
    }

    fn compare_identity(&mut self, log_id: LogId) {
        match self.log.log_id() {
            Some(found) if found != log_id => {
                self.note(format!("the log's events name it {found}, its head {log_id}"));
            }
            _ => {}
        }
    }

    /// Bodies need dictionaries: each must be the one that was announced.
    async fn look_at_bodies(&mut self, connection: &mut PgConnection) -> Result<(), ToolError> {
        if let Some(number) = dictionaries::missing(connection).await? {
            self.note(format!(
                "dictionary {number} is missing or altered: bodies that were compressed with it cannot be read"
            ));
        }
        if let Some(position) = dictionaries::unexplained(connection, self.log.dictionary()).await? {
            self.note(format!("the body at position {position} has an encoding that no event announced"));
        }
        Ok(())
    }

    fn compare_streams(&mut self, streams: Vec<StreamVersion>) {
        for StreamVersion { aggregate_type, aggregate_id, version, last_position } in streams {
            let stream = (aggregate_type, aggregate_id);
            let found = self.versions.remove(&stream).unwrap_or_default();
            // A stream that grew since the tool was started has more events than were read.
            let went_on = last_position > self.position && found < version;
            if found != version && !went_on {
                let (aggregate_type, id) = stream;
                self.note(format!("{aggregate_type} {id} has {found} events, its version says {version}"));
            }
        }
        let mut unknown: Vec<_> = std::mem::take(&mut self.versions).into_keys().collect();
        unknown.sort();
        for (aggregate_type, id) in unknown {
            self.note(format!("{aggregate_type} {id} has events, but no version"));
        }
    }

    fn note(&mut self, problem: impl Display) {
        if self.problems.len() < NAMED {
            self.problems.push(problem.to_string());
        } else {
            self.unnamed += 1;
        }
    }

    fn report(&self, out: &mut impl Write) -> io::Result<ExitCode> {
        for problem in &self.problems {
            writeln!(out, "{problem}")?;
        }
        if self.unnamed > 0 {
            writeln!(out, "and {} more", self.unnamed)?;
        }
        let found = self.problems.len() + self.unnamed;
        let verdict = match found {
            0 => "clean".to_owned(),
            1 => "1 problem".to_owned(),
            _ => format!("{found} problems"),
        };
        let events = if self.events == 1 { "1 event".to_owned() } else { format!("{} events", self.events) };
        writeln!(out, "{events} up to position {}: {verdict}", self.position)?;
        Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
