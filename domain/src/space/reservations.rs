//! The reservations of a space: all open ones, and the last ones that are over.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::refusal::{Conflict, SpaceRefusal};
use super::reservation::{Reservation, Status, Window};
use crate::id::ReservationId;
use crate::instant::Instant;

/// The maximum number of open reservations of a space.
pub const MAX_HOLDING: usize = 10_000;

/// The number of past reservations that a space remembers, so that repeated requests get their outcome.
pub const REMEMBERED: usize = 32;

/// The state of a space's reservations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reservations {
    holding: BTreeMap<ReservationId, Reservation>,
    over: VecDeque<(ReservationId, Reservation)>,
}

impl Reservations {
    pub(super) fn book(&mut self, id: ReservationId, reservation: Reservation) {
        self.holding.insert(id, reservation);
    }

    /// Ends a reservation; drops the oldest past one beyond the limit.
    pub(super) fn end(&mut self, id: ReservationId, status: Status) {
        let Some(mut reservation) = self.holding.remove(&id) else { return };
        reservation.status = status;
        self.over.push_back((id, reservation));
        if self.over.len() > REMEMBERED {
            self.over.pop_front();
        }
    }

    /// Remembers a reservation again that is over.
    pub(super) fn recall(&mut self, id: ReservationId, reservation: Reservation) {
        self.over.push_back((id, reservation));
    }

    pub(super) fn forget_over(&mut self) {
        self.over.clear();
    }

    pub(super) fn holding(&self) -> impl ExactSizeIterator<Item = (ReservationId, &Reservation)> {
        self.holding.iter().map(|(id, reservation)| (*id, reservation))
    }

    pub(super) fn holding_mut(&mut self, id: ReservationId) -> Option<&mut Reservation> {
        self.holding.get_mut(&id)
    }

    /// The reservation, if it is open or remembered.
    pub(super) fn get(&self, id: ReservationId) -> Option<&Reservation> {
        let over =
            || self.over.iter().rev().find(|(over, _)| *over == id).map(|(_, reservation)| reservation);
        self.holding.get(&id).or_else(over)
    }

    pub(super) fn get_mut(&mut self, id: ReservationId) -> Option<&mut Reservation> {
        let over =
            self.over.iter_mut().rev().find(|(over, _)| *over == id).map(|(_, reservation)| reservation);
        self.holding.get_mut(&id).or(over)
    }

    /// The reservation, if it is open at a moment. One whose window is over is not, even if its end is not recorded yet.
    pub(super) fn open(&self, id: ReservationId, at: Instant) -> Result<&Reservation, SpaceRefusal> {
        match self.get(id) {
            Some(reservation) if reservation.is_over_at(at) => {
                Err(SpaceRefusal::ReservationOver { status: Status::Expired })
            }
            Some(reservation) if reservation.status == Status::Active => Ok(reservation),
            Some(reservation) => Err(SpaceRefusal::ReservationOver { status: reservation.status }),
            None => Err(SpaceRefusal::ReservationNotFound),
        }
    }

    /// The open reservations that overlap the window, except `ignoring`, in order of their start.
    pub(super) fn conflicts(&self, window: &Window, ignoring: Option<ReservationId>) -> Vec<Conflict> {
        let mut conflicts: Vec<_> = self
            .holding()
            .filter(|(id, other)| Some(*id) != ignoring && other.window.overlaps(window))
            .map(|(reservation_id, other)| Conflict { reservation_id, window: other.window })
            .collect();
        conflicts.sort_by_key(|conflict| conflict.window.start);
        conflicts
    }
}
