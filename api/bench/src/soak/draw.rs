//! Draws random appends from a seed: right and wrong expectations, one stream or several, claims, request keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use parking_commands::append::{AppendError, Appended};
use uuid::Uuid;

use super::plan::{Expectation, Part, Plan, Request};

/// Few enough that writers conflict, many enough that most appends do not wait for each other.
const STREAMS: u32 = 1000;

/// Few enough that claims are contested.
const CLAIMS: u32 = 60;

/// The task that draws. Each has its own random sequence and ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TaskId {
    pub(crate) seed: u64,
    pub(crate) writer: u32,
    pub(crate) life: u32,
    pub(crate) task: u32,
}

impl TaskId {
    fn chance(self) -> Rng {
        let bits = [self.writer, self.life, self.task].into_iter().fold(self.seed, |bits, part| {
            (bits ^ u64::from(part)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        });
        Rng::with_seed(bits)
    }

    /// The id of its append number `n`: unique within the run, with room for the events' own ids.
    fn append_id(self, n: u32) -> Uuid {
        let fields = [(u128::from(self.seed), 32), (self.writer.into(), 8), (self.life.into(), 24)];
        let fields = fields.into_iter().chain([(self.task.into(), 16), (n.into(), 32), (0, 16)]);
        Uuid::from_u128(fields.fold(0, |id, (value, bits)| (id << bits) | (value & ((1 << bits) - 1))))
    }
}

/// A drawn append.
pub(crate) struct Draft {
    pub(crate) plan: Plan,
    /// True when the database must refuse its last event.
    pub(crate) spoiled: bool,
}

/// Versions and claims known to the tasks of a process.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The last known versions: outdated once another process appends, or while a task awaits its answer.
    versions: HashMap<String, i64>,
    /// Claims seen as held, with their streams.
    held: HashMap<String, String>,
}

/// Draws for one task.
pub(crate) struct Drawer {
    task_id: TaskId,
    chance: Rng,
    drawn: u32,
    /// The number of request keys that all writers share.
    request_keys: u32,
    memory: Arc<Mutex<Memory>>,
}

impl Drawer {
    pub(crate) fn new(task_id: TaskId, request_keys: u32, memory: Arc<Mutex<Memory>>) -> Self {
        Self { task_id, chance: task_id.chance(), drawn: 0, request_keys, memory }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.chance.u32(0..n) == 0
    }

    pub(crate) fn draw(&mut self) -> Draft {
        self.drawn += 1;
        let append_id = self.task_id.append_id(self.drawn);
        let count = if self.one_in(6) { self.chance.u32(2..=4) } else { 1 };
        let mut parts: Vec<Part> = Vec::new();
        for n in 0..count {
            let stream = self.stream();
            if parts.iter().all(|part| part.stream != stream) {
                // The first stream always gets events; the others may be conditions only.
                let events = if n > 0 && self.one_in(4) { 0 } else { self.events() };
                let expected = self.expectation(&stream);
                parts.push(Part { stream, expected, events, takes: Vec::new(), releases: Vec::new() });
            }
        }
        if self.one_in(7) {
            self.claim(&mut parts);
        }
        let request = if self.one_in(6) { Some(self.request()) } else { None };
        let spoiled = self.one_in(400);
        Draft { plan: Plan { append_id, request, parts }, spoiled }
    }

    /// Some streams are busier than others.
    fn stream(&mut self) -> String {
        let (one, other) = (self.chance.u32(0..STREAMS), self.chance.u32(0..STREAMS));
        format!("s{:04}", one.min(other))
    }

    fn events(&mut self) -> u32 {
        match self.chance.u32(0..100) {
            0..60 => 1,
            60..95 => self.chance.u32(2..=6),
            _ => self.chance.u32(7..=60),
        }
    }

    /// Mostly the known version; else any, `Exists` or a wrong one.
    fn expectation(&mut self, stream: &str) -> Expectation {
        let known = self.memory().versions.get(stream).copied().unwrap_or_default();
        match self.chance.u32(0..100) {
            0..60 => Expectation::Version(known),
            60..80 => Expectation::Any,
            80..90 => Expectation::Exists,
            90..95 => Expectation::Version(known + self.chance.i64(1..4)),
            _ => Expectation::Version((known - 1).max(0)),
        }
    }

    /// Takes or releases a claim, or moves it from one stream to another.
    fn claim(&mut self, parts: &mut Vec<Part>) {
        let key = format!("c{:02}", self.chance.u32(0..CLAIMS));
        let holder = self.memory().held.get(&key).cloned();
        match (self.chance.u32(0..3), holder) {
            (0, Some(holder)) if parts.iter().all(|part| part.stream != holder) => {
                parts[0].takes.push(key.clone());
                let (expected, takes) = (Expectation::Any, Vec::new());
                parts.push(Part { stream: holder, expected, events: 1, takes, releases: vec![key] });
            }
            (1, _) => parts[0].releases.push(key),
            _ => parts[0].takes.push(key),
        }
    }

    /// Keys repeat, mostly with the same fingerprint.
    fn request(&mut self) -> Request {
        let number = self.chance.u32(0..self.request_keys);
        let meaning = u64::from(self.one_in(6));
        Request { key: format!("r{number}"), fingerprint: Uuid::from_u64_pair(u64::from(number), meaning) }
    }

    /// Learns streams' versions and claims from an answer.
    pub(crate) fn learn(&self, plan: &Plan, result: &Result<Appended, AppendError>) {
        let mut memory = self.memory();
        match result {
            Ok(done) if !done.repeated => {
                let written = plan.parts.iter().filter(|part| part.events > 0);
                for (part, version) in written.zip(&done.versions) {
                    memory.versions.insert(part.stream.clone(), *version);
                }
                memory.held.retain(|key, _| !plan.parts.iter().any(|part| part.releases.contains(key)));
                let takes =
                    plan.parts.iter().flat_map(|part| part.takes.iter().map(|key| (key, &part.stream)));
                memory.held.extend(takes.map(|(key, stream)| (key.clone(), stream.clone())));
            }
            Err(AppendError::Conflict { aggregate_id, actual, .. }) => {
                memory.versions.insert(aggregate_id.clone(), *actual);
            }
            _ => {}
        }
    }
}
