//! The open reservations of a space: their windows, what is shown of them, and the stays that belong to them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::stay::{Departure, LATEST, Stay, earliest};
use crate::id::ReservationId;
use crate::instant::Instant;
use crate::policy::Policy;
use crate::space::{Confirmation, Window};

/// The open reservations in the order of their booking. One that is moved to another start counts as booked then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Reservations(Vec<Reservation>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts: each is recorded by an event of its own"
)]
struct Reservation {
    id: ReservationId,
    window: Window,
    /// The stay that lasted when it was booked, by its position, unless it was booked for another day.
    booked_during: Option<i64>,
    /// It has started.
    running: bool,
    /// The last moment before its start at which its approach was considered.
    considered_at: Option<Instant>,
    /// Its own stay.
    stay: Option<Stay>,
    /// The sensor confirmed it.
    sensed: bool,
    /// The guest checked in.
    checked_in: bool,
    /// A state was set by hand after that.
    outweighed: bool,
}

/// What a reservation was when it ended.
pub(super) struct Ended {
    /// Its start.
    pub(super) start: Instant,
    /// Its own stay.
    pub(super) stay: Option<Stay>,
    /// The guest had checked in.
    pub(super) checked_in: bool,
}

impl Reservations {
    /// Books it at a moment, during a stay or none.
    pub(super) fn book(&mut self, id: ReservationId, window: Window, at: Instant, during: Option<i64>) {
        let during = during.filter(|_| window.start - at <= LATEST);
        self.end(id);
        self.0.push(Reservation { booked_during: during, ..Reservation::new(id, window) });
    }

    /// Moves it to another start: its progress is reset, and it counts as booked now.
    pub(super) fn move_to(&mut self, id: ReservationId, window: Window, at: Instant, during: Option<i64>) {
        let during = during.filter(|_| window.start - at <= LATEST);
        let Some(index) = self.index(id) else { return };
        let Reservation { sensed, checked_in, outweighed, .. } = self.0.remove(index);
        let moved = Reservation::new(id, window);
        self.0.push(Reservation { booked_during: during, sensed, checked_in, outweighed, ..moved });
    }

    /// Changes its end.
    pub(super) fn prolong(&mut self, id: ReservationId, window: Window) {
        if let Some(index) = self.index(id) {
            self.0[index].window = window;
        }
    }

    /// Its approach is recorded.
    pub(super) fn approach(&mut self, id: ReservationId, due: Instant) {
        self.entry(id, due).consider(due);
    }

    /// Considers at a moment whether reservations approach, because the policy may have changed; false if there is none.
    pub(super) fn consider_all(&mut self, at: Instant) -> bool {
        self.0.iter_mut().for_each(|reservation| reservation.consider(at));
        !self.0.is_empty()
    }

    pub(super) fn start(&mut self, id: ReservationId, due: Instant) {
        let reservation = self.entry(id, due);
        reservation.window.start = due;
        reservation.running = true;
    }

    pub(super) fn confirm(&mut self, id: ReservationId, confirmation: Confirmation, at: Instant) {
        let reservation = self.entry(id, at);
        match confirmation {
            Confirmation::Sensor => reservation.sensed = true,
            Confirmation::CheckIn => {
                reservation.checked_in = true;
                reservation.outweighed = false;
            }
        }
    }

    /// Removes a reservation that ended.
    pub(super) fn end(&mut self, id: ReservationId) -> Option<Ended> {
        let Reservation { window, stay, checked_in, .. } = self.0.remove(self.index(id)?);
        Some(Ended { start: window.start, stay, checked_in })
    }

    /// Records that a presence was set by hand (`true`) or withdrawn.
    pub(super) fn set_outweighed(&mut self, outweighed: bool) {
        for reservation in &mut self.0 {
            reservation.outweighed = outweighed;
        }
    }

    /// True while a stay of the reservation may still turn out to be another's: it has not started, and its guest has not
    /// checked in.
    pub(super) fn is_awaited(&self, id: ReservationId) -> bool {
        self.index(id).map(|index| &self.0[index]).is_some_and(|own| !own.running && !own.is_confirmed())
    }

    /// Takes its stay from a reservation.
    pub(super) fn take_stay(&mut self, id: ReservationId) {
        if let Some(index) = self.index(id) {
            self.0[index].stay = None;
        }
    }

    /// Gives a stay to the reservation that it belongs to, by the rule of decision 0042: the one running when the stay
    /// began, if that has none; else the next, if it starts soon enough; else the first to start of those that were booked
    /// during the stay.
    pub(super) fn give(&mut self, stay: &Stay, policy: &Policy) -> Option<ReservationId> {
        let began = stay.arrived_at;
        let takes = |reservation: &Reservation| {
            reservation.stay.is_none() && stay.lasts_beyond(reservation.window.start)
        };
        let running = || self.0.iter().position(|r| r.window.contains(began) && takes(r));
        let next = || {
            let later = self.0.iter().enumerate().filter(|(_, r)| began < r.window.start);
            let (index, next) = later.min_by_key(|(_, r)| r.window.start)?;
            (next.window.start - began <= earliest(policy) && takes(next)).then_some(index)
        };
        let booked_during = || {
            let during = |(_, r): &(usize, &Reservation)| r.booked_during == Some(stay.position) && takes(r);
            let first = self.0.iter().enumerate().filter(during).min_by_key(|(_, r)| r.window.start);
            first.map(|(index, _)| index)
        };
        let index = running().or_else(next).or_else(booked_during)?;
        let reservation = &mut self.0[index];
        reservation.stay = Some(Stay { reservation_id: Some(reservation.id), ..*stay });
        Some(reservation.id)
    }

    /// Ends a reservation's stay. Takes it from a reservation that starts when the vehicle is gone; returns whether it did.
    pub(super) fn depart(&mut self, id: ReservationId, departure: Departure) -> bool {
        let Some(index) = self.index(id) else { return false };
        let reservation = &mut self.0[index];
        let gone = departure.at <= reservation.window.start;
        reservation.stay =
            reservation.stay.filter(|_| !gone).map(|stay| Stay { departure: Some(departure), ..stay });
        gone
    }

    /// True while a reservation is running whose vehicle has not arrived.
    pub(super) fn is_reserved(&self) -> bool {
        self.0.iter().any(|reservation| reservation.running && !reservation.is_confirmed())
    }

    /// True while a reservation starts soon whose vehicle has not arrived.
    pub(super) fn is_reserved_soon(&self, reserved_soon: TimeDelta) -> bool {
        self.0.iter().any(|reservation| reservation.is_near(reserved_soon) && !reservation.is_confirmed())
    }

    /// True while a guest is checked in and no state was set by hand since.
    pub(super) fn is_checked_in(&self) -> bool {
        self.0.iter().any(|reservation| reservation.checked_in && !reservation.outweighed)
    }

    /// The running, unconfirmed reservation whose own stay has begun, and since when the vehicle has been there for it.
    pub(super) fn unconfirmed_arrival(&self) -> Option<(ReservationId, Instant)> {
        let awaited = self.0.iter().filter(|reservation| reservation.running && !reservation.is_confirmed());
        awaited.filter_map(|r| Some((r.id, r.stay?.arrived_at.max(r.window.start)))).min_by_key(|(_, at)| *at)
    }

    fn index(&self, id: ReservationId) -> Option<usize> {
        self.0.iter().position(|reservation| reservation.id == id)
    }

    /// A reservation. One whose booking was passed over lasts from the given time until an event ends it.
    fn entry(&mut self, id: ReservationId, start: Instant) -> &mut Reservation {
        let index = self.index(id).unwrap_or_else(|| {
            self.0.push(Reservation::new(id, Window { start, end: Instant::MAX }));
            self.0.len() - 1
        });
        &mut self.0[index]
    }
}

impl Reservation {
    fn new(id: ReservationId, window: Window) -> Self {
        Self {
            id,
            window,
            booked_during: None,
            running: false,
            considered_at: None,
            stay: None,
            sensed: false,
            checked_in: false,
            outweighed: false,
        }
    }

    fn consider(&mut self, at: Instant) {
        self.considered_at = self.considered_at.max(Some(at));
    }

    /// True from `reserved_soon` before its start until it starts, as far as that was considered.
    fn is_near(&self, reserved_soon: TimeDelta) -> bool {
        !self.running && self.considered_at.is_some_and(|at| self.window.start - at <= reserved_soon)
    }

    fn is_confirmed(&self) -> bool {
        self.checked_in || self.sensed
    }
}
