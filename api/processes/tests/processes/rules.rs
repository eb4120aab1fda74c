//! The rules for a reservation, written as plainly as possible: the reference for the month.

use chrono::TimeDelta;
use parking_domain::instant::Instant;
use parking_domain::space::Window;

/// A reservation and the actions of its guest, whether they were accepted or refused.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) window: Window,
    /// The auto-release time in minutes after the start.
    pub(crate) auto_release: Option<i64>,
    /// When the guest tried to check in.
    pub(crate) check_in: Option<Instant>,
    /// When the guest tried to check out.
    pub(crate) check_out: Option<Instant>,
    /// When the guest tried to cancel.
    pub(crate) cancel: Option<Instant>,
}

/// A period in which the sensor reported a vehicle: its start and its end.
pub(crate) type Parked = (Instant, Instant);

impl Story {
    /// The reservation's final status, and when it ends.
    pub(crate) fn end(&self, parked: &[Parked]) -> (&'static str, Instant) {
        let arrival = self.arrival(parked);
        // An action counts if the reservation has not ended by then.
        if let Some(cancel) = self.cancel.filter(|at| self.holds(arrival, *at)) {
            return ("cancelled", cancel);
        }
        let has_arrived = |at| arrival.is_some_and(|arrival| arrival <= at);
        let left = self.check_out.filter(|at| self.holds(arrival, *at) && has_arrived(*at));
        if let Some(left) = left {
            return ("completed", left);
        }
        self.by_itself(arrival)
    }

    /// How it ends without cancellation and check-out: it depends on whether the guest arrived in time.
    fn by_itself(&self, arrival: Option<Instant>) -> (&'static str, Instant) {
        let released = self.auto_release.map(|minutes| self.window.start + TimeDelta::minutes(minutes));
        let released = released.filter(|released| *released < self.window.end);
        match (arrival, released) {
            (Some(arrival), None) if arrival < self.window.end => ("completed", self.window.end),
            (Some(arrival), Some(released)) if arrival < released => ("completed", self.window.end),
            (_, Some(released)) => ("no_show", released),
            (_, None) => ("expired", self.window.end),
        }
    }

    fn holds(&self, arrival: Option<Instant>, at: Instant) -> bool {
        let (_, end) = self.by_itself(arrival.filter(|arrival| *arrival <= at));
        at < end
    }

    /// The guest's arrival: a check-in, at most a quarter of an hour early, or a vehicle, whichever is first.
    fn arrival(&self, parked: &[Parked]) -> Option<Instant> {
        let Window { start, end } = self.window;
        let check_in = self.check_in.filter(|at| start - *at <= TimeDelta::minutes(15));
        let vehicle = parked.iter().filter(|(from, until)| *from < end && start < *until);
        let vehicle = vehicle.map(|(from, _)| start.max(*from)).min();
        check_in.into_iter().chain(vehicle).min()
    }
}
