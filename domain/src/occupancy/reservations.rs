//! The reservations of a space that affect what is shown: approached, running, and whether their vehicle arrived.

use serde::{Deserialize, Serialize};

use crate::id::ReservationId;
use crate::instant::Instant;
use crate::space::Confirmation;

/// The open reservations that have had an event since they were booked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Reservations(Vec<Reservation>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reservation {
    id: ReservationId,
    phase: Phase,
    /// The sensor confirmed it.
    sensed: bool,
    /// The guest checked in.
    checked_in: bool,
    /// A state was set by hand after that.
    outweighed: bool,
    /// When the sensor's presence became occupied, while it was running and unconfirmed.
    seen_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    /// Its start is not near.
    Booked,
    /// It starts soon.
    Approached,
    /// It has started.
    Running,
}

impl Reservations {
    pub(super) fn approach(&mut self, id: ReservationId) {
        let reservation = self.entry(id);
        if reservation.phase == Phase::Booked {
            reservation.phase = Phase::Approached;
        }
    }

    /// Starts it. A vehicle that is present by then, or whose arrival precedes this start in effective time, counts as
    /// arrived: a guest who parks a little early is not a no-show.
    pub(super) fn start(&mut self, id: ReservationId, due: Instant, arrived_at: Option<Instant>) {
        let reservation = self.entry(id);
        reservation.phase = Phase::Running;
        if reservation.is_awaited() {
            reservation.seen_at = reservation.seen_at.or(arrived_at.map(|arrived_at| arrived_at.max(due)));
        }
    }

    pub(super) fn confirm(&mut self, id: ReservationId, confirmation: Confirmation) {
        let reservation = self.entry(id);
        match confirmation {
            Confirmation::Sensor => reservation.sensed = true,
            Confirmation::CheckIn => {
                reservation.checked_in = true;
                reservation.outweighed = false;
            }
        }
    }

    /// Ends it; true if the guest had checked in.
    pub(super) fn end(&mut self, id: ReservationId) -> bool {
        match self.0.iter().position(|reservation| reservation.id == id) {
            Some(index) => self.0.swap_remove(index).checked_in,
            None => false,
        }
    }

    /// Its start changed: its progress is reset.
    pub(super) fn reset(&mut self, id: ReservationId) {
        self.0.retain(|reservation| reservation.id != id);
    }

    /// Records that a presence was set by hand (`true`) or withdrawn.
    pub(super) fn set_outweighed(&mut self, outweighed: bool) {
        for reservation in &mut self.0 {
            reservation.outweighed = outweighed;
        }
    }

    /// The sensor's presence became occupied.
    pub(super) fn record_arrival(&mut self, at: Instant) {
        for reservation in self.0.iter_mut().filter(|reservation| reservation.is_awaited()) {
            reservation.seen_at = reservation.seen_at.or(Some(at));
        }
    }

    /// True while a reservation is running whose vehicle has not arrived. The policy decides whether the sensor counts.
    pub(super) fn is_reserved(&self, sensor_counts: bool) -> bool {
        self.0.iter().any(|r| r.phase == Phase::Running && !r.has_arrived(sensor_counts))
    }

    /// True while a reservation starts soon whose vehicle has not arrived.
    pub(super) fn is_reserved_soon(&self, sensor_counts: bool) -> bool {
        self.0.iter().any(|r| r.phase == Phase::Approached && !r.has_arrived(sensor_counts))
    }

    /// True while a guest is checked in and no state was set by hand since.
    pub(super) fn is_checked_in(&self) -> bool {
        self.0.iter().any(|reservation| reservation.checked_in && !reservation.outweighed)
    }

    /// The running, unconfirmed reservation whose vehicle the sensor saw arrive.
    pub(super) fn unconfirmed_arrival(&self) -> Option<(ReservationId, Instant)> {
        let awaited = self.0.iter().filter(|reservation| reservation.is_awaited());
        awaited
            .filter_map(|reservation| Some((reservation.id, reservation.seen_at?)))
            .min_by_key(|(_, at)| *at)
    }

    fn entry(&mut self, id: ReservationId) -> &mut Reservation {
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
        self.phase == Phase::Running && !self.has_arrived(true)
    }

    fn has_arrived(&self, sensor_counts: bool) -> bool {
        self.checked_in || (sensor_counts && self.sensed)
    }
}
