//! What processes are to do about what the fold finds: confirm a reservation whose vehicle the sensor saw, and tell a
//! display its light. Wishes only: a process makes commands of them, and may do so twice.

use super::change::Change;
use super::machine::SpaceMachine;
use crate::downlink::Light;
use crate::id::{ReservationId, SpaceId};
use crate::instant::Instant;
use crate::policy::Policy;

/// A reservation that is to be confirmed by the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The space.
    pub space_id: SpaceId,
    /// The reservation that runs there.
    pub reservation_id: ReservationId,
    /// When the vehicle came: effective time.
    pub at: Instant,
}

/// The arrival that waits to be told to the space's stream, where the policy lets the sensor confirm reservations.
///
/// It asks the space, not a [`Change`]: while a reservation runs, a vehicle that comes changes nothing that is shown. And
/// the wish stands until the reservation is confirmed or over, so that a process that was away finds it.
pub fn by_sensor(space: &SpaceMachine, policy: &Policy) -> Option<Arrival> {
    if !policy.allow_sensor_override {
        return None;
    }
    let (reservation_id, at) = space.unconfirmed_arrival()?;
    Some(Arrival { space_id: space.space_id(), reservation_id, at })
}

/// The light that the space's display should show from now on; none if it is the one it showed before, or the space is
/// no more.
pub fn light(change: &Change) -> Option<Light> {
    let (from, to) = (change.from.map(|shown| shown.display.light), change.to?.display.light);
    (from != Some(to)).then_some(to)
}
