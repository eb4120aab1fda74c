//! The rules for a reservation, written as plainly as possible: the reference for the month.

use chrono::TimeDelta;
use parking_domain::instant::Instant;
use parking_domain::space::Window;

type Moment = Instant;

/// The actions on a reservation, and what the space's sensor reported meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) window: Window,
    /// The auto-release time in minutes after the start.
    pub(crate) patience: Option<i64>,
    /// When the guest tried to check in.
    pub(crate) check_in: Option<Moment>,
    /// When the guest tried to check out.
    pub(crate) check_out: Option<Moment>,
    /// When the guest tried to cancel.
    pub(crate) cancel: Option<Moment>,
}

/// From when until when the sensor reported a vehicle.
pub(crate) type Parked = (Moment, Moment);

impl Story {
    /// The final status, and when it is reached.
    pub(crate) fn end(&self, parked: &[Parked]) -> (&'static str, Moment) {
        let sign = self.first_sign(parked);
        // An action counts if the reservation has not ended by then.
        if let Some(cancel) = self.cancel.filter(|at| self.holds(sign, *at)) {
            return ("cancelled", cancel);
        }
        let left = self.check_out.filter(|at| self.holds(sign, *at) && sign.is_some_and(|sign| sign <= *at));
        if let Some(left) = left {
            return ("completed", left);
        }
        self.by_itself(sign)
    }

    /// How it ends without an action: it depends on whether a sign came in time.
    fn by_itself(&self, sign: Option<Moment>) -> (&'static str, Moment) {
        let released = self.patience.map(|minutes| self.window.start + TimeDelta::minutes(minutes));
        let released = released.filter(|released| *released < self.window.end);
        match (sign, released) {
            (Some(sign), None) if sign < self.window.end => ("completed", self.window.end),
            (Some(sign), Some(released)) if sign < released => ("completed", self.window.end),
            (_, Some(released)) => ("no_show", released),
            (_, None) => ("expired", self.window.end),
        }
    }

    fn holds(&self, sign: Option<Moment>, at: Moment) -> bool {
        let (_, end) = self.by_itself(sign.filter(|sign| *sign <= at));
        at < end
    }

    /// The first sign of the guest: a check-in, at most a quarter of an hour early, or a vehicle.
    fn first_sign(&self, parked: &[Parked]) -> Option<Moment> {
        let Window { start, end } = self.window;
        let check_in = self.check_in.filter(|at| start - *at <= TimeDelta::minutes(15));
        let vehicle = parked.iter().filter(|(from, until)| *from < end && start < *until);
        let vehicle = vehicle.map(|(from, _)| start.max(*from)).min();
        check_in.into_iter().chain(vehicle).min()
    }
}
