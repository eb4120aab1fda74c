//! What the fold tells the world: that something else is shown of a space from some time on, and what brought it about.

use serde::{Deserialize, Serialize};

use super::shown::Shown;
use crate::actor::Actor;
use crate::id::{OverrideId, ReservationId, SpaceId};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::space::SpaceEvent;

/// Something else is shown of a space than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The space.
    pub space_id: SpaceId,
    /// The place in the log of the event that brought it.
    pub position: i64,
    /// Its number among the changes that the event brought, from 0.
    pub ordinal: u32,
    /// Effective time: never earlier than that of the space's change before.
    pub at: Instant,
    /// What was shown before; none when the space begins.
    pub from: Option<Shown>,
    /// What is shown now; none when the space ends.
    pub to: Option<Shown>,
    /// What brought it.
    pub cause: Cause,
}

/// What brought a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody made the space.
    Created(Actor),
    /// Somebody deleted the space.
    Deleted(Actor),
    /// The sensor was heard.
    Sensor(DevEui),
    /// The sensor was not heard for too long.
    Silence(DevEui),
    /// The sensor came, went, or was enabled.
    Assignment(DevEui),
    /// Somebody said so.
    ByHand(Actor),
    /// An override started, ended or was cleared.
    Override(OverrideId),
    /// Something happened to a reservation.
    Reservation(ReservationId),
    /// The tenant, the site or the space has another policy.
    Policy,
}

impl Cause {
    /// What kind of thing it was, in the words that V6 had: `sensor`, `manual`, `reservation` or `system`.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Sensor(_) | Self::Silence(_) => "sensor",
            Self::ByHand(_) | Self::Override(_) => "manual",
            Self::Reservation(_) => "reservation",
            Self::Created(_) | Self::Deleted(_) | Self::Assignment(_) | Self::Policy => "system",
        }
    }
}

/// When an event of a space took effect, and what it is the cause of.
pub(super) fn effect(event: &SpaceEvent) -> (Instant, Cause) {
    match event {
        SpaceEvent::SpaceCreated { at, by, .. } => (*at, Cause::Created(*by)),
        SpaceEvent::SpaceDeleted { at, by, .. } => (*at, Cause::Deleted(*by)),
        SpaceEvent::SpaceUpdated { at, .. } | SpaceEvent::SpaceCodeChanged { at, .. } => (*at, Cause::Policy),
        SpaceEvent::StateSetByHand { at, by, .. } => (*at, Cause::ByHand(*by)),
        SpaceEvent::OverrideSet { override_id, at, .. }
        | SpaceEvent::OverrideStarted { override_id, due: at, .. }
        | SpaceEvent::OverrideEnded { override_id, due: at, .. }
        | SpaceEvent::OverrideCleared { override_id, at, .. } => (*at, Cause::Override(*override_id)),
        SpaceEvent::ReservationBooked { reservation_id, at, .. }
        | SpaceEvent::ReservationRescheduled { reservation_id, at, .. }
        | SpaceEvent::ReservationAmended { reservation_id, at, .. }
        | SpaceEvent::ReservationCancelled { reservation_id, at, .. }
        | SpaceEvent::ReservationApproached { reservation_id, due: at, .. }
        | SpaceEvent::ReservationStarted { reservation_id, due: at, .. }
        | SpaceEvent::ReservationConfirmed { reservation_id, at, .. }
        | SpaceEvent::ReservationCheckedOut { reservation_id, at, .. }
        | SpaceEvent::ReservationCompleted { reservation_id, due: at, .. }
        | SpaceEvent::ReservationExpired { reservation_id, due: at, .. }
        | SpaceEvent::ReservationNotTakenUp { reservation_id, due: at, .. } => {
            (*at, Cause::Reservation(*reservation_id))
        }
    }
}

/// The changes that one event brings, numbered.
#[derive(Debug)]
pub(super) struct Changes {
    position: i64,
    list: Vec<Change>,
}

impl Changes {
    pub(super) fn at(position: i64) -> Self {
        Self { position, list: Vec::new() }
    }

    pub(super) fn push(
        &mut self,
        space_id: SpaceId,
        at: Instant,
        from: Option<Shown>,
        to: Option<Shown>,
        cause: Cause,
    ) {
        let ordinal = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(Change { space_id, position: self.position, ordinal, at, from, to, cause });
    }

    pub(super) fn into_list(self) -> Vec<Change> {
        self.list
    }
}
