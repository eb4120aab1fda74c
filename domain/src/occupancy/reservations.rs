//! The reservations of a space as far as they show: approached, running, and whether their vehicle came.

use serde::{Deserialize, Serialize};

use crate::id::ReservationId;
use crate::instant::Instant;
use crate::space::Confirmation;

/// The reservations that are not over and of which something happened since they were booked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Reservations(Vec<Reservation>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reservation {
    id: ReservationId,
    phase: Phase,
    /// The sensor confirmed it.
    sensed: bool,
    /// Somebody checked in.
    checked_in: bool,
    /// Somebody set a state by hand after that.
    outweighed: bool,
    /// When the sensor's word became that a vehicle is there, while it ran and nobody had come.
    seen_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    /// Its time has not come.
    Booked,
    /// It begins soon.
    Approached,
    /// It has begun.
    Running,
}

impl Reservations {
    pub(super) fn approach(&mut self, id: ReservationId) {
        let reservation = self.enter(id);
        if reservation.phase == Phase::Booked {
            reservation.phase = Phase::Approached;
        }
    }

    /// It begins. A vehicle that is there by then, or was seen to come before this start reached the log, has taken it up:
    /// whoever parks a little early is nobody who did not come.
    pub(super) fn start(&mut self, id: ReservationId, due: Instant, came_at: Option<Instant>) {
        let reservation = self.enter(id);
        reservation.phase = Phase::Running;
        if reservation.is_awaited() {
            reservation.seen_at = reservation.seen_at.or(came_at.map(|came_at| came_at.max(due)));
        }
    }

    pub(super) fn confirm(&mut self, id: ReservationId, confirmation: Confirmation) {
        let reservation = self.enter(id);
        match confirmation {
            Confirmation::Sensor => reservation.sensed = true,
            Confirmation::CheckIn => {
                reservation.checked_in = true;
                reservation.outweighed = false;
            }
        }
    }

    /// It is over; true if somebody had checked in.
    pub(super) fn end(&mut self, id: ReservationId) -> bool {
        match self.0.iter().position(|reservation| reservation.id == id) {
            Some(index) => self.0.swap_remove(index).checked_in,
            None => false,
        }
    }

    /// It begins at another time: how far it had come counts no more.
    pub(super) fn start_anew(&mut self, id: ReservationId) {
        self.0.retain(|reservation| reservation.id != id);
    }

    /// Somebody said by hand what is there (`true`), or took it back.
    pub(super) fn outweigh(&mut self, outweighed: bool) {
        for reservation in &mut self.0 {
            reservation.outweighed = outweighed;
        }
    }

    /// The sensor's word is now that a vehicle is there.
    pub(super) fn vehicle_came(&mut self, at: Instant) {
        for reservation in self.0.iter_mut().filter(|reservation| reservation.is_awaited()) {
            reservation.seen_at = reservation.seen_at.or(Some(at));
        }
    }

    /// True while one runs whose vehicle has not come. Whether a sensor may tell that it came is the policy's affair.
    pub(super) fn is_reserved(&self, sensor_counts: bool) -> bool {
        self.0.iter().any(|r| r.phase == Phase::Running && !r.has_come(sensor_counts))
    }

    /// True while one is to begin soon whose vehicle has not come.
    pub(super) fn is_reserved_soon(&self, sensor_counts: bool) -> bool {
        self.0.iter().any(|r| r.phase == Phase::Approached && !r.has_come(sensor_counts))
    }

    /// True while somebody is checked in, and nobody set another state by hand since.
    pub(super) fn is_checked_in(&self) -> bool {
        self.0.iter().any(|reservation| reservation.checked_in && !reservation.outweighed)
    }

    /// The reservation whose vehicle the sensor saw come and that nothing confirms yet.
    pub(super) fn unconfirmed_arrival(&self) -> Option<(ReservationId, Instant)> {
        let awaited = self.0.iter().filter(|reservation| reservation.is_awaited());
        awaited
            .filter_map(|reservation| Some((reservation.id, reservation.seen_at?)))
            .min_by_key(|(_, at)| *at)
    }

    fn enter(&mut self, id: ReservationId) -> &mut Reservation {
        let index = self.0.iter().position(|reservation| reservation.id == id).unwrap_or_else(|| {
            self.0.push(Reservation {
                id,
                phase: Phase::Booked,
                sensed: false,
                checked_in: false,
                outweighed: false,
                seen_at: None,
            });
            self.0.len() - 1
        });
        &mut self.0[index]
    }
}

impl Reservation {
    fn is_awaited(&self) -> bool {
        self.phase == Phase::Running && !self.has_come(true)
    }

    fn has_come(&self, sensor_counts: bool) -> bool {
        self.checked_in || (sensor_counts && self.sensed)
    }
}
