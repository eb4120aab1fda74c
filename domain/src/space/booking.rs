//! Booking, rescheduling, amending and cancelling reservations.

use chrono::TimeDelta;

use super::Space;
use super::commands::{AmendReservation, BookReservation, CancelReservation, RescheduleReservation};
use super::event::SpaceEvent;
use super::patch::checked_details;
use super::refusal::SpaceRefusal;
use super::reservation::Window;
use super::reservations::MAX_HOLDING;
use crate::id::ReservationId;
use crate::instant::Instant;

/// The default maximum duration of a reservation.
pub const MAX_DURATION: TimeDelta = TimeDelta::hours(24);

/// How far in the past a start may be, because a booking "from now on" takes time to arrive.
pub const START_GRACE: TimeDelta = TimeDelta::seconds(60);

impl Space {
    pub(super) fn book(&self, command: BookReservation) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let BookReservation { reservation_id, window, max_duration, details, asked } = command;
        let (at, by) = (asked.at, asked.by);
        if self.reservations.get(reservation_id).is_some() {
            return Err(SpaceRefusal::ReservationAlreadyBooked);
        }
        refuse_empty(&window)?;
        refuse_past_start(&window, at)?;
        refuse_past_end(&window, at)?;
        refuse_too_long(&window, max_duration)?;
        let details = checked_details(details)?;
        self.refuse_taken(&window, None, at)?;
        if self.reservations.holding().len() >= MAX_HOLDING {
            return Err(SpaceRefusal::TooManyReservations);
        }
        let tenant_id = asked.tenant_id;
        let booked = SpaceEvent::ReservationBooked { reservation_id, tenant_id, window, details, at, by };
        Ok(with_start(booked, reservation_id, &window, at))
    }

    /// A window within the current one needs no check for conflicts: the reservation holds it already.
    pub(super) fn reschedule(
        &self,
        command: &RescheduleReservation,
    ) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let RescheduleReservation { reservation_id, start, end, max_duration, asked } = *command;
        let (at, by) = (asked.at, asked.by);
        let reservation = self.reservations.open(reservation_id, at)?;
        let from = reservation.window;
        let to = Window { start: start.unwrap_or(from.start), end: end.unwrap_or(from.end) };
        if to == from {
            return Ok(Vec::new());
        }
        let moved = to.start != from.start;
        if moved && (reservation.has_started() || reservation.is_confirmed()) {
            return Err(SpaceRefusal::ReservationUnderWay);
        }
        refuse_empty(&to)?;
        if moved {
            refuse_past_start(&to, at)?;
        }
        refuse_past_end(&to, at)?;
        if !from.encloses(&to) {
            refuse_too_long(&to, max_duration)?;
            self.refuse_taken(&to, Some(reservation_id), at)?;
        }
        let rescheduled = SpaceEvent::ReservationRescheduled { reservation_id, from, to, at, by };
        Ok(if moved { with_start(rescheduled, reservation_id, &to, at) } else { vec![rescheduled] })
    }

    pub(super) fn amend(&self, command: AmendReservation) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let AmendReservation { reservation_id, details, asked } = command;
        let reservation = self.reservations.get(reservation_id).ok_or(SpaceRefusal::ReservationNotFound)?;
        let details = details.onto(reservation.details.clone())?;
        if details == reservation.details {
            return Ok(Vec::new());
        }
        let (at, by) = (asked.at, asked.by);
        Ok(vec![SpaceEvent::ReservationAmended { reservation_id, details, at, by }])
    }

    pub(super) fn cancel(&self, command: CancelReservation) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let CancelReservation { reservation_id, reason, asked } = command;
        self.reservations.open(reservation_id, asked.at)?;
        Ok(vec![SpaceEvent::ReservationCancelled { reservation_id, reason, at: asked.at, by: asked.by }])
    }

    /// Refuses a window in which the space is not available. A reservation whose window is over holds it no longer.
    fn refuse_taken(
        &self,
        window: &Window,
        ignoring: Option<ReservationId>,
        at: Instant,
    ) -> Result<(), SpaceRefusal> {
        if !self.is_enabled() {
            return Err(SpaceRefusal::SpaceDisabled);
        }
        let overrides = self.overrides.overlapping(window);
        if !overrides.is_empty() {
            return Err(SpaceRefusal::SpaceNotAvailable { overrides });
        }
        let mut conflicts = self.conflicts(window, ignoring);
        conflicts.retain(|conflict| at < conflict.window.end);
        if !conflicts.is_empty() {
            return Err(SpaceRefusal::SpaceAlreadyReserved { conflicts });
        }
        Ok(())
    }
}

/// The event that sets a reservation's start, followed by the start if it is due.
fn with_start(
    event: SpaceEvent,
    reservation_id: ReservationId,
    window: &Window,
    at: Instant,
) -> Vec<SpaceEvent> {
    let due = window.start;
    let started = SpaceEvent::ReservationStarted { reservation_id, due, at };
    if due <= at { vec![event, started] } else { vec![event] }
}

fn refuse_empty(window: &Window) -> Result<(), SpaceRefusal> {
    if window.end <= window.start {
        return Err(SpaceRefusal::WindowEmpty);
    }
    Ok(())
}

fn refuse_past_start(window: &Window, at: Instant) -> Result<(), SpaceRefusal> {
    if at - window.start > START_GRACE {
        return Err(SpaceRefusal::StartsInThePast);
    }
    Ok(())
}

fn refuse_past_end(window: &Window, at: Instant) -> Result<(), SpaceRefusal> {
    if window.end <= at {
        return Err(SpaceRefusal::EndsInThePast);
    }
    Ok(())
}

fn refuse_too_long(window: &Window, limit: TimeDelta) -> Result<(), SpaceRefusal> {
    if window.end - window.start > limit {
        return Err(SpaceRefusal::ReservationTooLong { limit });
    }
    Ok(())
}
