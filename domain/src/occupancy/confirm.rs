//! Intentions for processes: confirm a reservation whose vehicle the sensor saw, and send a display its light. A
//! process turns them into commands, and may do so twice.

use super::change::Change;
use super::machine::SpaceMachine;
use crate::downlink::Light;
use crate::id::{ReservationId, SpaceId};
use crate::instant::Instant;
use crate::policy::Policy;

/// A reservation to be confirmed by the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The space.
    pub space_id: SpaceId,
    /// The running reservation.
    pub reservation_id: ReservationId,
    /// Since when the vehicle has been there for it: from its arrival, but not before the reservation's start.
    pub at: Instant,
}

/// The arrival to be reported to the space's stream, if the policy lets the sensor confirm reservations: the running
/// reservation's own [`Stay`](super::stay::Stay) has begun.
///
/// It is derived from the space, not from a [`Change`]: while a reservation runs, an arriving vehicle changes nothing
/// that is shown. It remains until the reservation is confirmed or over, so that a process finds it after a restart.
pub fn by_sensor(space: &SpaceMachine, policy: &Policy) -> Option<Arrival> {
    if !policy.allow_sensor_override {
        return None;
    }
    let (reservation_id, at) = space.unconfirmed_arrival()?;
    Some(Arrival { space_id: space.space_id(), reservation_id, at })
}

/// The light that the space's display shows from now on; `None` if it is unchanged or the space is deleted.
pub fn light(change: &Change) -> Option<Light> {
    let (from, to) = (change.from.map(|shown| shown.display.light), change.to?.display.light);
    (from != Some(to)).then_some(to)
}
