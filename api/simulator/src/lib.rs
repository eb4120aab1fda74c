//! A simulated car park: cars come and go by the time of day, sensors report them as ChirpStack posts them, and the
//! radio network repeats, delays and loses reports. Everything follows from a seed.
//!
//! The simulation knows the truth: which spaces are occupied at the end, how many reports of each device arrived, and
//! which stays they show.

mod model;
mod radio;
mod sensor;
mod traffic;
mod watch;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use serde_json::Value;

pub use model::Model;
pub use radio::Faults;
use sensor::Sensor;
pub use watch::Stay;
use watch::{Sent, Watch};

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The same seed gives the same history.
    pub seed: u64,
    /// The number of spaces, each with a sensor.
    pub spaces: u32,
    /// The number of every sensor's first network session; it determines the device address.
    pub first_session: u32,
    /// The start.
    pub start: DateTime<Utc>,
    /// The end; every sensor reports once more then, and that report arrives.
    pub end: DateTime<Utc>,
    /// What the radio network does to reports.
    pub faults: Faults,
}

/// An action in the car park that the platform receives.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When the platform receives it.
    pub at: DateTime<Utc>,
    /// The action.
    pub act: Act,
}

/// What the platform receives.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// ChirpStack posts this body with `?event=…`.
    Report {
        /// `up` or `join`.
        event: &'static str,
        /// The body.
        body: Value,
    },
    /// A guest wants to book a space.
    Book {
        /// Its number, from 0.
        space: usize,
        /// The start.
        from: DateTime<Utc>,
        /// The end.
        until: DateTime<Utc>,
    },
}

/// The truth about a space at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The sensor's EUI as a number.
    pub dev_eui: u64,
    /// True if a car is there.
    pub occupied: bool,
    /// Uplinks that arrived, without repetitions of one transmission.
    pub uplinks: u64,
}

/// A scheduled action.
#[derive(Clone, Debug, PartialEq)]
enum Next {
    /// A car drives in.
    Arrival(usize),
    /// The car drives out.
    Departure(usize),
    /// The sensor sends its heartbeat.
    Heartbeat(usize),
    /// A guest considers a booking.
    Thought,
    /// The platform receives an action, and for a report what the sensor sent.
    Heard(Act, Option<Sent>),
}

/// The running car park: an iterator over what the platform receives, in order.
#[derive(Debug)]
pub struct Simulation {
    plan: Plan,
    rng: Rng,
    sensors: Vec<Sensor>,
    watches: Vec<Watch>,
    queue: BinaryHeap<Reverse<Entry>>,
    entries: u64,
    settled: bool,
}

/// An entry of the queue. Entries of the same time come in the order of their creation.
#[derive(Debug)]
struct Entry {
    at: DateTime<Utc>,
    number: u64,
    next: Next,
}

impl Simulation {
    /// An empty car park before its first day.
    pub fn new(plan: Plan) -> Self {
        let mut simulation = Self {
            rng: Rng::with_seed(plan.seed),
            sensors: (0..plan.spaces).map(|number| Sensor::new(number, plan.first_session)).collect(),
            watches: (0..plan.spaces).map(|_| Watch::default()).collect(),
            queue: BinaryHeap::new(),
            entries: 0,
            settled: false,
            plan,
        };
        for space in 0..simulation.sensors.len() {
            let first = simulation.up_to(TimeDelta::minutes(5));
            simulation.push(plan.start + first, Next::Heartbeat(space));
            simulation.plan_arrival(space, plan.start);
        }
        simulation.push(plan.start, Next::Thought);
        simulation
    }

    /// The EUI and the model of each space's sensor.
    pub fn devices(&self) -> impl Iterator<Item = (u64, Model)> {
        self.sensors.iter().map(|sensor| (sensor.dev_eui(), sensor.model()))
    }

    /// The truth so far; final once the iterator has ended.
    pub fn truth(&self) -> Vec<Truth> {
        self.sensors.iter().map(Sensor::truth).collect()
    }

    fn push(&mut self, at: DateTime<Utc>, next: Next) {
        self.entries += 1;
        self.queue.push(Reverse(Entry { at, number: self.entries, next }));
    }

    /// A random duration below this limit.
    fn up_to(&mut self, limit: TimeDelta) -> TimeDelta {
        TimeDelta::milliseconds(self.rng.i64(0..limit.num_milliseconds().max(1)))
    }

    fn happen(&mut self, at: DateTime<Utc>, next: &Next) {
        match next {
            Next::Arrival(space) => self.arrive(*space, at),
            Next::Departure(space) => self.depart(*space, at),
            Next::Heartbeat(space) => self.heartbeat(*space, at),
            Next::Thought => self.think_of_booking(at),
            Next::Heard(..) => {}
        }
    }

    /// After the end: delayed reports arrive, and every sensor reports once more.
    fn settle(&mut self) {
        self.settled = true;
        for space in 0..self.sensors.len() {
            self.report_surely(space, self.plan.end);
        }
    }
}

impl Iterator for Simulation {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            match self.queue.pop() {
                Some(Reverse(Entry { at, next: Next::Heard(act, sent), .. })) => {
                    if let Some(sent) = sent {
                        self.hear(sent, at);
                    }
                    return Some(Step { at, act });
                }
                Some(Reverse(Entry { at, next, .. })) if at < self.plan.end => self.happen(at, &next),
                Some(_) => {}
                None if self.settled => return None,
                None => self.settle(),
            }
        }
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Entry {}
