//! Events of a space: its definition, its overrides and its reservations, version 1.

use serde::{Deserialize, Serialize};

use super::definition::{Definition, StateByHand};
use super::overrides::OverrideKind;
use super::reservation::{Confirmation, Details, Window};
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::{OverrideId, ReservationId, SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::sealed::Sealed;

/// An event of a `space` stream. `at` is the time of the decision and `by` the caller; `due` is the time at which the
/// change should have happened, recorded at `at`, and is the event's effective time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum SpaceEvent {
    /// The space is created, with a code unique in its site.
    SpaceCreated {
        tenant_id: TenantId,
        site_id: SiteId,
        code: String,
        definition: Box<Definition>,
        at: Instant,
        by: Actor,
    },
    /// Its definition is replaced.
    SpaceUpdated { definition: Box<Definition>, at: Instant, by: Actor },
    /// Its code changed.
    SpaceCodeChanged { site_id: SiteId, from: String, to: String, at: Instant, by: Actor },
    /// It is deleted. Its code can be used again; its claims for a sensor and a display are held permanently.
    SpaceDeleted {
        space_id: SpaceId,
        site_id: SiteId,
        code: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// Its state is set by hand.
    StateSetByHand {
        state: StateByHand,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },

    /// It will be blocked or out of service for a time.
    OverrideSet {
        override_id: OverrideId,
        kind: OverrideKind,
        from: Instant,
        /// `None` means until it is cleared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notes: Option<Sealed>,
        at: Instant,
        by: Actor,
    },
    /// The override is active.
    OverrideStarted { override_id: OverrideId, due: Instant, at: Instant },
    /// The override ended.
    OverrideEnded { override_id: OverrideId, due: Instant, at: Instant },
    /// The override was cleared.
    OverrideCleared { override_id: OverrideId, at: Instant, by: Actor },

    /// The window is reserved.
    ReservationBooked {
        reservation_id: ReservationId,
        tenant_id: TenantId,
        window: Window,
        details: Box<Details>,
        at: Instant,
        by: Actor,
    },
    /// It is moved to another window. With another start it has not approached yet, even if it had before.
    ReservationRescheduled { reservation_id: ReservationId, from: Window, to: Window, at: Instant, by: Actor },
    /// Its details are replaced.
    ReservationAmended { reservation_id: ReservationId, details: Box<Details>, at: Instant, by: Actor },
    /// It is cancelled.
    ReservationCancelled {
        reservation_id: ReservationId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sealed>,
        at: Instant,
        by: Actor,
    },
    /// It starts within the policy's time.
    ReservationApproached { reservation_id: ReservationId, due: Instant, at: Instant },
    /// Its window started.
    ReservationStarted { reservation_id: ReservationId, due: Instant, at: Instant },
    /// The vehicle is present: the guest checked in, or the sensor saw it.
    ReservationConfirmed { reservation_id: ReservationId, confirmation: Confirmation, at: Instant, by: Actor },
    /// The vehicle left: the reservation is completed before its end.
    ReservationCheckedOut { reservation_id: ReservationId, at: Instant, by: Actor },
    /// It was confirmed, and its window ended.
    ReservationCompleted { reservation_id: ReservationId, due: Instant, at: Instant },
    /// Its window ended without a confirmation.
    ReservationExpired { reservation_id: ReservationId, due: Instant, at: Instant },
    /// It was not confirmed within the space's auto-release time, and is released.
    ReservationNotTakenUp { reservation_id: ReservationId, due: Instant, at: Instant },
}

events!(SpaceEvent {
    SpaceCreated: "1",
    SpaceUpdated: "1",
    SpaceCodeChanged: "1",
    SpaceDeleted: "1",
    StateSetByHand: "1",
    OverrideSet: "1",
    OverrideStarted: "1",
    OverrideEnded: "1",
    OverrideCleared: "1",
    ReservationBooked: "1",
    ReservationRescheduled: "1",
    ReservationAmended: "1",
    ReservationCancelled: "1",
    ReservationApproached: "1",
    ReservationStarted: "1",
    ReservationConfirmed: "1",
    ReservationCheckedOut: "1",
    ReservationCompleted: "1",
    ReservationExpired: "1",
    ReservationNotTakenUp: "1",
});

impl SpaceEvent {
    /// When it should have happened, if that differs from the time of the decision.
    pub fn due(&self) -> Option<Instant> {
        match self {
            Self::OverrideStarted { due, .. }
            | Self::OverrideEnded { due, .. }
            | Self::ReservationApproached { due, .. }
            | Self::ReservationStarted { due, .. }
            | Self::ReservationCompleted { due, .. }
            | Self::ReservationExpired { due, .. }
            | Self::ReservationNotTakenUp { due, .. } => Some(*due),
            _ => None,
        }
    }

    /// The reservation it concerns, if any.
    pub fn reservation_id(&self) -> Option<ReservationId> {
        match self {
            Self::ReservationBooked { reservation_id, .. }
            | Self::ReservationRescheduled { reservation_id, .. }
            | Self::ReservationAmended { reservation_id, .. }
            | Self::ReservationCancelled { reservation_id, .. }
            | Self::ReservationApproached { reservation_id, .. }
            | Self::ReservationStarted { reservation_id, .. }
            | Self::ReservationConfirmed { reservation_id, .. }
            | Self::ReservationCheckedOut { reservation_id, .. }
            | Self::ReservationCompleted { reservation_id, .. }
            | Self::ReservationExpired { reservation_id, .. }
            | Self::ReservationNotTakenUp { reservation_id, .. } => Some(*reservation_id),
            _ => None,
        }
    }
}
