//! Due times of a space: the next one, and the events of all that have passed.

use std::borrow::Cow;

use chrono::TimeDelta;

use super::Space;
use super::event::SpaceEvent;
use super::overrides::Override;
use super::reservation::Reservation;
use crate::aggregate::Decider;
use crate::id::{OverrideId, ReservationId};
use crate::instant::Instant;

/// A change that will happen to a space at a given time unless a command prevents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueTime {
    /// When.
    pub at: Instant,
    /// What.
    pub what: Due,
}

/// The kind of a due change. At equal times they apply in this order, so that an end precedes a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// A reservation's window ends.
    ReservationEnd(ReservationId),
    /// An unconfirmed reservation is released.
    ReservationRelease(ReservationId),
    /// An override ends.
    OverrideEnd(OverrideId),
    /// An override begins.
    OverrideStart(OverrideId),
    /// A reservation is shown as approaching.
    ReservationApproach(ReservationId),
    /// A reservation's window begins.
    ReservationStart(ReservationId),
}

/// What the passing of time knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passing {
    /// How long before its start a reservation is shown; zero means not at all.
    pub(super) reserved_soon: TimeDelta,
    /// Whether an unconfirmed reservation may end: no arrival that is in the log waits to be recorded at the space.
    pub(super) arrivals_known: bool,
}

impl Passing {
    /// For commands that know neither the policy nor the sensor.
    pub(super) const UNKNOWING: Self = Self { reserved_soon: TimeDelta::zero(), arrivals_known: false };
}

impl Space {
    /// The first change that [`PassTime`](super::PassTime) would apply; a scheduler only has to wait for it.
    pub fn next_due(&self, reserved_soon: TimeDelta) -> Option<DueTime> {
        self.next(Passing { reserved_soon, arrivals_known: true })
    }

    /// Drops reservations that are over, for a scheduler that tracks due times of many spaces.
    pub fn forget_what_is_over(&mut self) {
        self.reservations.forget_over();
    }

    /// The events of everything due at `at` or before, and the space after them.
    pub(super) fn pass_time(&self, at: Instant, passing: Passing) -> (Vec<SpaceEvent>, Cow<'_, Self>) {
        self.pass_through(at, at, passing)
    }

    /// The events of the first moment at which anything is due, if that is at `at` or before.
    pub(super) fn pass_moment(&self, at: Instant, passing: Passing) -> Vec<SpaceEvent> {
        match self.next(passing) {
            Some(first) if first.at <= at => self.pass_through(first.at, at, passing).0,
            _ => Vec::new(),
        }
    }

    fn next(&self, passing: Passing) -> Option<DueTime> {
        self.description.as_ref()?;
        let overrides = self.overrides.iter().flat_map(|(id, known)| of_override(id, known));
        let reservations = self.reservations.holding();
        let reservations = reservations.flat_map(|(id, held)| self.of_reservation(id, held, passing));
        overrides.chain(reservations).min()
    }

    /// The events of everything due at `through` or before, recorded at `at`.
    fn pass_through(
        &self,
        through: Instant,
        at: Instant,
        passing: Passing,
    ) -> (Vec<SpaceEvent>, Cow<'_, Self>) {
        let (mut events, mut space, mut last) = (Vec::new(), Cow::Borrowed(self), None);
        // What is due twice in a row changed nothing: it would be due for ever.
        let is_new = |due: &DueTime, last| due.at <= through && last != Some(*due);
        while let Some(due) = space.next(passing).filter(|due| is_new(due, last)) {
            let event = space.event_of(due, at);
            space.to_mut().evolve(&event);
            events.push(event);
            last = Some(due);
        }
        (events, space)
    }

    fn of_reservation(
        &self,
        id: ReservationId,
        held: &Reservation,
        passing: Passing,
    ) -> impl Iterator<Item = DueTime> + use<> {
        let may_end = passing.arrivals_known || held.is_confirmed();
        let released_at = self.released_at(held);
        [
            (held.approaches_at(passing.reserved_soon), Due::ReservationApproach(id)),
            (held.starts_at(), Due::ReservationStart(id)),
            (released_at.filter(|_| may_end), Due::ReservationRelease(id)),
            (may_end.then_some(held.window.end), Due::ReservationEnd(id)),
        ]
        .into_iter()
        .filter_map(|(at, what)| Some(DueTime { at: at?, what }))
    }

    /// When a reservation is released unless it is confirmed.
    pub(super) fn released_at(&self, held: &Reservation) -> Option<Instant> {
        let space = self.description.as_ref()?;
        held.released_at(space.definition.auto_release_minutes, space.auto_release_since)
    }

    fn event_of(&self, due: DueTime, at: Instant) -> SpaceEvent {
        let DueTime { at: due, what } = due;
        match what {
            Due::ReservationApproach(reservation_id) => {
                SpaceEvent::ReservationApproached { reservation_id, due, at }
            }
            Due::ReservationStart(reservation_id) => {
                SpaceEvent::ReservationStarted { reservation_id, due, at }
            }
            Due::ReservationRelease(reservation_id) => {
                SpaceEvent::ReservationNotTakenUp { reservation_id, due, at }
            }
            Due::ReservationEnd(reservation_id) if self.is_confirmed(reservation_id) => {
                SpaceEvent::ReservationCompleted { reservation_id, due, at }
            }
            Due::ReservationEnd(reservation_id) => SpaceEvent::ReservationExpired { reservation_id, due, at },
            Due::OverrideStart(override_id) => SpaceEvent::OverrideStarted { override_id, due, at },
            Due::OverrideEnd(override_id) => SpaceEvent::OverrideEnded { override_id, due, at },
        }
    }

    fn is_confirmed(&self, id: ReservationId) -> bool {
        self.reservations.get(id).is_some_and(Reservation::is_confirmed)
    }
}

fn of_override(id: OverrideId, known: &Override) -> impl Iterator<Item = DueTime> + use<> {
    [(known.starts_at(), Due::OverrideStart(id)), (known.ends_at(), Due::OverrideEnd(id))]
        .into_iter()
        .filter_map(|(at, what)| Some(DueTime { at: at?, what }))
}
