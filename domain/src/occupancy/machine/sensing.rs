//! What the sensor of a space reports, and the stays that follow from it.

use super::{ManualState, SpaceMachine};
use crate::id::ReservationId;
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::occupancy::sensor::{ReadingOutcome, Sensor};
use crate::occupancy::shown::Presence;
use crate::occupancy::stay::{Departure, Stay};
use crate::policy::Policy;

impl SpaceMachine {
    /// Assigns a sensor, with its last presence. The presence shows at once, but only a reading begins a stay.
    pub(in crate::occupancy) fn assign(
        &mut self,
        dev_eui: DevEui,
        silent: bool,
        presence: Option<Presence>,
        at: Instant,
        position: i64,
    ) {
        self.end_stay(at, position);
        self.sensor = Some(Sensor::new(dev_eui));
        self.resume(dev_eui, silent, presence, at);
    }

    /// Resumes an assigned sensor after a time in which it was disabled.
    pub(in crate::occupancy) fn resume(
        &mut self,
        dev_eui: DevEui,
        silent: bool,
        presence: Option<Presence>,
        at: Instant,
    ) {
        let at = self.effective(at);
        let Some(sensor) = self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui) else { return };
        sensor.silent = silent;
        if let Some(presence) = presence {
            sensor.set_presence(presence, at);
            self.clear_manual_presence();
        }
    }

    /// Drops the presence of an assigned sensor that is disabled, and ends its stay.
    pub(in crate::occupancy) fn suspend(&mut self, dev_eui: DevEui, at: Instant, position: i64) -> bool {
        let here = self.is_sensor(dev_eui);
        if here {
            self.end_stay(at, position);
            self.sensor = Some(Sensor::new(dev_eui));
        }
        here
    }

    /// Unassigns a sensor, drops its presence and ends its stay; false if it is not assigned here.
    pub(in crate::occupancy) fn unassign(&mut self, dev_eui: DevEui, at: Instant, position: i64) -> bool {
        let here = self.is_sensor(dev_eui);
        if here {
            self.end_stay(at, position);
            self.sensor = None;
        }
        here
    }

    fn is_sensor(&self, dev_eui: DevEui) -> bool {
        self.sensor.is_some_and(|sensor| sensor.dev_eui == dev_eui)
    }

    /// Applies a sensor report; returns whether the state changed.
    pub(in crate::occupancy) fn apply_report(
        &mut self,
        dev_eui: DevEui,
        presence: Option<Presence>,
        at: Instant,
        position: i64,
        policy: &Policy,
    ) -> bool {
        let effective = self.effective(at);
        let before = (self.sensor, self.manual, self.stay);
        let Some(sensor) = self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui) else {
            return false;
        };
        sensor.silent = false;
        match presence.map(|presence| (presence, sensor.apply_reading(presence, at, effective, policy))) {
            None | Some((_, ReadingOutcome::Unconfirmed)) => {}
            Some((presence, ReadingOutcome::Unchanged | ReadingOutcome::Changed)) => {
                self.clear_manual_presence();
                match presence {
                    Presence::Occupied => self.begin_stay(at, position, policy),
                    Presence::Free => self.end_stay(at, position),
                }
            }
        }
        before != (self.sensor, self.manual, self.stay)
    }

    /// Marks its sensor silent; false if it is not assigned here, or was silent before.
    pub(in crate::occupancy) fn fall_silent(&mut self, dev_eui: DevEui) -> bool {
        match self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui && !sensor.silent) {
            Some(sensor) => {
                sensor.silent = true;
                true
            }
            None => false,
        }
    }

    /// Clears a manual presence, which a newer sensor report replaces.
    fn clear_manual_presence(&mut self) {
        self.manual =
            self.manual.filter(|state| matches!(state, ManualState::Reserved | ManualState::Maintenance));
    }

    /// The position of the stay that lasts.
    pub(super) fn current_stay(&self) -> Option<i64> {
        self.stay.filter(Stay::is_open).map(|stay| stay.position)
    }

    /// Begins a stay, unless one lasts: a repeated reading is about the same vehicle. Its time does not depend on what was
    /// shown before.
    fn begin_stay(&mut self, at: Instant, position: i64, policy: &Policy) {
        if self.current_stay().is_some() {
            return;
        }
        let departed_at = self.stay.and_then(|stay| stay.departure).map(|departure| departure.at);
        let arrived_at = departed_at.map_or(at, |departed_at| at.max(departed_at));
        self.stay = Some(Stay { position, arrived_at, departure: None, reservation_id: None });
        self.give_stay(policy);
    }

    /// Ends the stay that lasts.
    pub(in crate::occupancy) fn end_stay(&mut self, at: Instant, position: i64) {
        let Some(stay) = self.stay.as_mut().filter(|stay| stay.is_open()) else { return };
        let departure = Departure { position, at: at.max(stay.arrived_at) };
        stay.departure = Some(departure);
        stay.reservation_id = stay.reservation_id.filter(|id| !self.reservations.depart(*id, departure));
    }

    /// Gives the stay that lasts to the reservation that it belongs to now. One that has started, or whose guest has
    /// checked in, keeps it.
    pub(super) fn give_current_stay(&mut self, policy: &Policy) {
        let Some(stay) = self.stay.filter(Stay::is_open) else { return };
        if let Some(awaited) = stay.reservation_id.filter(|id| self.reservations.is_awaited(*id)) {
            self.reservations.take_stay(awaited);
            self.take_stay_from(awaited);
        }
        self.give_stay(policy);
    }

    /// Gives the last stay to the reservation that it belongs to, unless it has one.
    pub(super) fn give_stay(&mut self, policy: &Policy) {
        if let Some(stay) = self.stay.as_mut().filter(|stay| stay.reservation_id.is_none()) {
            stay.reservation_id = self.reservations.give(stay, policy);
        }
    }

    /// Takes the stay from a reservation; false if it is not its own.
    pub(super) fn take_stay_from(&mut self, id: ReservationId) -> bool {
        let own = self.stay.as_mut().filter(|stay| stay.reservation_id == Some(id));
        own.map(|stay| stay.reservation_id = None).is_some()
    }

    /// A reservation ended. If it did so before its stay began, and that is recorded only now, the stay is another's. Other
    /// stays may have begun since.
    pub(super) fn reconsider_stay(&mut self, own: Option<Stay>, ended_at: Instant, policy: &Policy) {
        let Some(own) = own.filter(|own| ended_at <= own.arrived_at) else { return };
        if let Some(last) = self.stay.as_mut().filter(|last| last.position == own.position) {
            last.reservation_id = None;
            self.give_stay(policy);
        } else {
            let reservation_id = self.reservations.give(&own, policy);
            self.corrected.push(Stay { reservation_id, ..own });
        }
    }

    /// Takes the stays before the last one that have changed their reservation.
    pub(in crate::occupancy) fn take_corrected(&mut self) -> Vec<Stay> {
        std::mem::take(&mut self.corrected)
    }
}
