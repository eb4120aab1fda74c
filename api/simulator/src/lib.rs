//! A car park that never was: cars come and go by the time of day, sensors report them in the form ChirpStack posts, and
//! the radio network repeats, delays and loses reports. Everything follows from a seed.
//!
//! The simulation knows the truth: which spaces are taken at the end, and how many reports of each device arrived.

mod model;
mod radio;
mod sensor;
mod traffic;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use serde_json::Value;

pub use model::Model;
pub use radio::Mischief;
use sensor::Sensor;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The same seed gives the same history.
    pub seed: u64,
    /// How many spaces there are, each with a sensor.
    pub spaces: u32,
    /// The number of every sensor's first session in the network: it makes the address that it has there.
    pub first_session: u32,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends; every sensor reports once more then, and that report arrives.
    pub end: DateTime<Utc>,
    /// What the radio network does to reports.
    pub mischief: Mischief,
}

/// Something that happens in the car park and that the platform hears of.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When the platform hears of it.
    pub at: DateTime<Utc>,
    /// What.
    pub act: Act,
}

/// What the platform hears of.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// ChirpStack posts this body with `?event=…`.
    Report {
        /// `up` or `join`.
        event: &'static str,
        /// The body.
        body: Value,
    },
    /// Somebody wants to book a space.
    Book {
        /// Its number, from 0.
        space: usize,
        /// From when.
        from: DateTime<Utc>,
        /// Until when.
        until: DateTime<Utc>,
    },
}

/// What is true of a space at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The sensor that stands there, as a number.
    pub dev_eui: u64,
    /// Whether a car is there.
    pub occupied: bool,
    /// Uplinks that arrived, repetitions of one transmission not counted.
    pub uplinks: u64,
}

/// What will happen next, somewhere.
#[derive(Clone, Debug, PartialEq)]
enum Next {
    /// A car drives in.
    Arrival(usize),
    /// The car drives out.
    Departure(usize),
    /// The sensor shows that it is alive.
    Heartbeat(usize),
    /// Somebody thinks of booking.
    Thought,
    /// The platform hears of something.
    Heard(Act),
}

/// The car park in motion: an iterator over what the platform hears, in that order.
#[derive(Debug)]
pub struct Simulation {
    plan: Plan,
    rng: Rng,
    sensors: Vec<Sensor>,
    queue: BinaryHeap<Reverse<Entry>>,
    entries: u64,
    settled: bool,
}

/// An entry of the queue. Entries of one moment come in the order they were made.
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

    /// The model of each space's sensor and its EUI.
    pub fn devices(&self) -> impl Iterator<Item = (u64, Model)> {
        self.sensors.iter().map(|sensor| (sensor.dev_eui(), sensor.model()))
    }

    /// What is true by now; final once the iterator has ended.
    pub fn truth(&self) -> Vec<Truth> {
        self.sensors.iter().map(Sensor::truth).collect()
    }

    fn push(&mut self, at: DateTime<Utc>, next: Next) {
        self.entries += 1;
        self.queue.push(Reverse(Entry { at, number: self.entries, next }));
    }

    /// A random time, shorter than this.
    fn up_to(&mut self, limit: TimeDelta) -> TimeDelta {
        TimeDelta::milliseconds(self.rng.i64(0..limit.num_milliseconds().max(1)))
    }

    fn happen(&mut self, at: DateTime<Utc>, next: &Next) {
        match next {
            Next::Arrival(space) => self.arrive(*space, at),
            Next::Departure(space) => self.depart(*space, at),
            Next::Heartbeat(space) => self.heartbeat(*space, at),
            Next::Thought => self.think_of_booking(at),
            Next::Heard(_) => {}
        }
    }

    /// After the end: what is on its way arrives, and every sensor reports once more.
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
                Some(Reverse(Entry { at, next: Next::Heard(act), .. })) => return Some(Step { at, act }),
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
