//! Changes of what is shown of a space, and their causes.

use serde::{Deserialize, Serialize};

use super::shown::Shown;
use crate::actor::Actor;
use crate::id::{OverrideId, ReservationId, SpaceId};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::space::SpaceEvent;

/// A change of what is shown of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The space.
    pub space_id: SpaceId,
    /// The log position of the event that caused it.
    pub position: i64,
    /// Its number among the changes of the same event, from 0.
    pub ordinal: u32,
    /// Effective time: never earlier than that of the space's previous change.
    pub at: Instant,
    /// What was shown before; `None` when the space is created.
    pub from: Option<Shown>,
    /// What is shown now; `None` when the space is deleted.
    pub to: Option<Shown>,
    /// The cause.
    pub cause: Cause,
}

/// The cause of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The space was created.
    Created(Actor),
    /// The space was deleted.
    Deleted(Actor),
    /// The sensor reported.
    Sensor(DevEui),
    /// The sensor was silent for too long.
    Silence(DevEui),
    /// The sensor was assigned, unassigned, enabled, or disabled.
    Assignment(DevEui),
    /// The state was set by hand.
    ByHand(Actor),
    /// An override started, ended or was cleared.
    Override(OverrideId),
    /// A reservation changed.
    Reservation(ReservationId),
    /// The policy of the tenant, the site or the space changed.
    Policy,
}

impl Cause {
    /// The kind of cause.
    pub fn source(&self) -> ChangeSource {
        match self {
            Self::Sensor(_) | Self::Silence(_) => ChangeSource::Sensor,
            Self::ByHand(_) | Self::Override(_) => ChangeSource::Manual,
            Self::Reservation(_) => ChangeSource::Reservation,
            Self::Created(_) | Self::Deleted(_) | Self::Assignment(_) | Self::Policy => ChangeSource::System,
        }
    }
}

/// The kind of cause of a change, in V6's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSource {
    /// A sensor, or its silence.
    Sensor,
    /// A reservation.
    Reservation,
    /// A person: by hand, or by an override.
    Manual,
    /// The platform, its configuration included.
    System,
}

/// The effective time of a space event, and the cause it represents.
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

/// The changes of one event, numbered.
#[derive(Debug)]
pub(super) struct Changes {
    position: i64,
    list: Vec<Change>,
}

impl Changes {
    pub(super) fn new(position: i64) -> Self {
        Self { position, list: Vec::new() }
    }

    /// The log position of the event.
    pub(super) fn position(&self) -> i64 {
        self.position
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
