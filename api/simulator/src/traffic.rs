//! Cars and guests: when they come, how long they stay, when they book.

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use crate::{Act, Next, Simulation};

/// Cars per hour that arrive at a free space, by the hour of the day.
const ARRIVALS: [f64; 24] = [
    0.02, 0.01, 0.01, 0.01, 0.02, 0.05, 0.2, 0.5, 0.9, 0.8, 0.6, 0.5, 0.7, 0.6, 0.5, 0.5, 0.6, 0.8, 0.7, 0.5,
    0.3, 0.2, 0.1, 0.05,
];

/// The mean and the shortest stay.
const MEAN_STAY: TimeDelta = TimeDelta::minutes(95);
const SHORTEST_STAY: TimeDelta = TimeDelta::minutes(3);

/// The mean time between two bookings, for one space.
const THOUGHTS: TimeDelta = TimeDelta::hours(30);

impl Simulation {
    pub(crate) fn arrive(&mut self, space: usize, at: DateTime<Utc>) {
        let stay = SHORTEST_STAY + self.exponential(MEAN_STAY);
        self.see(space, true, at);
        self.push(at + stay, Next::Departure(space));
    }

    pub(crate) fn depart(&mut self, space: usize, at: DateTime<Utc>) {
        self.see(space, false, at);
        self.plan_arrival(space, at);
    }

    fn see(&mut self, space: usize, occupied: bool, at: DateTime<Utc>) {
        let sensor = &mut self.sensors[space];
        sensor.occupied = occupied;
        let before = sensor.changed_at.replace(at);
        let minutes = before.map_or(0, |before| (at - before).num_minutes().clamp(0, 255));
        self.report(space, at, false, u8::try_from(minutes).unwrap_or(u8::MAX));
    }

    pub(crate) fn heartbeat(&mut self, space: usize, at: DateTime<Utc>) {
        self.report(space, at, true, 0);
        let pause = self.sensors[space].model().heartbeat();
        self.push(at + pause, Next::Heartbeat(space));
    }

    /// The next arrival at a space that is free from `from` on: thinning of a Poisson process (Lewis and Shedler 1979).
    pub(crate) fn plan_arrival(&mut self, space: usize, from: DateTime<Utc>) {
        let most = ARRIVALS.iter().copied().fold(0.0, f64::max);
        let between = TimeDelta::milliseconds(milliseconds(3_600_000.0 / most));
        let mut at = from;
        while at < self.plan.end {
            at += self.exponential(between);
            if self.rng.f64() * most < ARRIVALS[at.hour() as usize] {
                return self.push(at, Next::Arrival(space));
            }
        }
    }

    /// A guest books a random space for later; schedules the next booking.
    pub(crate) fn think_of_booking(&mut self, at: DateTime<Utc>) {
        let space = self.rng.usize(0..self.sensors.len().max(1));
        let from = at + TimeDelta::minutes(self.rng.i64(5..600));
        let until = from + TimeDelta::minutes(self.rng.i64(30..240));
        self.push(at, Next::Heard(Act::Book { space, from, until }, None));
        let spaces = i32::try_from(self.sensors.len().max(1)).unwrap_or(i32::MAX);
        let pause = self.exponential(THOUGHTS / spaces);
        self.push(at + pause, Next::Thought);
    }

    fn exponential(&mut self, mean: TimeDelta) -> TimeDelta {
        let unit = -(1.0 - self.rng.f64()).ln();
        #[expect(clippy::cast_precision_loss, reason = "means are far below 2^52 ms")]
        let mean = mean.num_milliseconds() as f64;
        TimeDelta::milliseconds(milliseconds(unit * mean).max(1))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "times of a simulation are far below 2^63 ms")]
fn milliseconds(time: f64) -> i64 {
    time as i64
}
