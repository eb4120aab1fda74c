//! Check-in, check-out and confirmation by the sensor.

use chrono::TimeDelta;

use super::Space;
use super::commands::{CheckIn, CheckOut, ConfirmBySensor};
use super::event::SpaceEvent;
use super::refusal::SpaceRefusal;
use super::reservation::Confirmation;

/// How long before its start a reservation can be checked in.
pub const CHECK_IN_GRACE: TimeDelta = TimeDelta::minutes(15);

impl Space {
    /// A check-in is recorded even if the sensor confirmed the reservation first, because it identifies the guest. One
    /// guest at a time is checked in.
    pub(super) fn check_in(&self, command: &CheckIn) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let CheckIn { reservation_id, asked } = *command;
        let reservation = self.reservations.open(reservation_id, asked.at)?;
        let start = reservation.window.start;
        if reservation.checked_in {
            return Ok(Vec::new());
        }
        if start - asked.at > CHECK_IN_GRACE {
            return Err(SpaceRefusal::CheckInTooEarly { opens: start - CHECK_IN_GRACE });
        }
        if let Some((other, _)) = self.reservations.holding().find(|(_, held)| held.checked_in) {
            return Err(SpaceRefusal::AnotherCheckedIn { reservation_id: other });
        }
        let confirmation = Confirmation::CheckIn;
        let (at, by) = (asked.at, asked.by);
        Ok(vec![SpaceEvent::ReservationConfirmed { reservation_id, confirmation, at, by }])
    }

    pub(super) fn check_out(&self, command: &CheckOut) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let CheckOut { reservation_id, asked } = *command;
        if !self.reservations.open(reservation_id, asked.at)?.is_confirmed() {
            return Err(SpaceRefusal::NotCheckedIn);
        }
        Ok(vec![SpaceEvent::ReservationCheckedOut { reservation_id, at: asked.at, by: asked.by }])
    }

    /// Confirms the reservation if it was running when its vehicle was there, unless it is confirmed already. A vehicle
    /// that came when the release was due came too late, even if the release is not recorded yet.
    pub(super) fn confirm_by_sensor(&self, command: &ConfirmBySensor) -> Vec<SpaceEvent> {
        let ConfirmBySensor { reservation_id, at, by } = *command;
        let in_time = |held| self.released_at(held).is_none_or(|released_at| at < released_at);
        match self.reservations.open(reservation_id, at) {
            Ok(held) if held.window.contains(at) && !held.is_confirmed() && in_time(held) => {
                let confirmation = Confirmation::Sensor;
                vec![SpaceEvent::ReservationConfirmed { reservation_id, confirmation, at, by }]
            }
            _ => Vec::new(),
        }
    }
}
