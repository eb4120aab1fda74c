//! Commands to a space.

use chrono::TimeDelta;

use super::definition::StateByHand;
use super::due::Passing;
use super::overrides::OverrideKind;
use super::patch::{DefinitionPatch, DetailsPatch};
use super::reservation::{Details, Window};
use crate::actor::Actor;
use crate::asked::Asked;
use crate::id::{OverrideId, ReservationId, SiteId, SpaceId};
use crate::instant::Instant;
use crate::sealed::Sealed;

/// A command to a `space` stream. Commands of users and programs name the caller; the last three are the platform's
/// own, are never refused, and give no events if there is nothing to do.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each command type documents its variant")]
pub enum SpaceCommand {
    CreateSpace(Box<CreateSpace>),
    UpdateSpace(Box<UpdateSpace>),
    DeleteSpace(DeleteSpace),
    SetStateByHand(SetStateByHand),
    SetOverride(Box<SetOverride>),
    ClearOverride(ClearOverride),
    BookReservation(Box<BookReservation>),
    RescheduleReservation(RescheduleReservation),
    AmendReservation(Box<AmendReservation>),
    CancelReservation(Box<CancelReservation>),
    CheckIn(CheckIn),
    CheckOut(CheckOut),
    ConfirmBySensor(ConfirmBySensor),
    PassTime(PassTime),
    /// As `PassTime`, but only up to the first moment at which anything is due: a sensor report after that moment that
    /// has not reached the space yet may change what happens next.
    PassMoment(PassTime),
}

/// Create a space.
#[derive(Clone, Debug)]
pub struct CreateSpace {
    /// Its site; the caller has checked that it is the tenant's.
    pub site_id: SiteId,
    /// Its code, unique in its site.
    pub code: String,
    /// Its definition. The name defaults to the code, the display name to the name; it is enabled by default.
    pub definition: DefinitionPatch,
    /// The caller.
    pub asked: Asked,
}

/// Change a space's code or definition.
#[derive(Clone, Debug)]
pub struct UpdateSpace {
    /// The new code.
    pub code: Option<String>,
    /// The changes of the definition.
    pub definition: DefinitionPatch,
    /// The caller.
    pub asked: Asked,
}

/// Delete a space. It must have no open reservations; its devices are unassigned in the same append.
#[derive(Clone, Debug)]
pub struct DeleteSpace {
    /// The space's id: an aggregate does not know its own id, and the claims need it.
    pub space_id: SpaceId,
    /// The reason.
    pub reason: Option<String>,
    /// The caller.
    pub asked: Asked,
}

/// Set a space's state by hand.
#[derive(Clone, Debug)]
pub struct SetStateByHand {
    /// The state.
    pub state: StateByHand,
    /// The reason.
    pub reason: Option<String>,
    /// The caller.
    pub asked: Asked,
}

/// Take a space out of use for a time.
#[derive(Clone, Debug)]
pub struct SetOverride {
    /// A new id.
    pub override_id: OverrideId,
    /// The kind of override.
    pub kind: OverrideKind,
    /// The start; a past time means now.
    pub from: Instant,
    /// The end; `None` means until it is cleared.
    pub until: Option<Instant>,
    /// The reason, as text.
    pub reason: Option<String>,
    /// Notes.
    pub notes: Option<Sealed>,
    /// The caller.
    pub asked: Asked,
}

/// Clear an override, before it starts or while it is active.
#[derive(Clone, Copy, Debug)]
pub struct ClearOverride {
    /// The override.
    pub override_id: OverrideId,
    /// The caller.
    pub asked: Asked,
}

/// Reserve a window. The space may be occupied now.
#[derive(Clone, Debug)]
pub struct BookReservation {
    /// A new id.
    pub reservation_id: ReservationId,
    /// The window.
    pub window: Window,
    /// The maximum duration; [`MAX_DURATION`](super::MAX_DURATION) unless the tenant has its own.
    pub max_duration: TimeDelta,
    /// The details.
    pub details: Box<Details>,
    /// The caller.
    pub asked: Asked,
}

/// Move a reservation to another window; ends that are absent are unchanged. Once it has started or is confirmed, only its
/// end can change.
#[derive(Clone, Copy, Debug)]
pub struct RescheduleReservation {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The new start.
    pub start: Option<Instant>,
    /// The new end.
    pub end: Option<Instant>,
    /// The maximum duration; [`MAX_DURATION`](super::MAX_DURATION) unless the tenant has its own.
    pub max_duration: TimeDelta,
    /// The caller.
    pub asked: Asked,
}

/// Change a reservation's details, even after it is over, because a refund may come late.
#[derive(Clone, Debug)]
pub struct AmendReservation {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The changes.
    pub details: DetailsPatch,
    /// The caller.
    pub asked: Asked,
}

/// Cancel a reservation.
#[derive(Clone, Debug)]
pub struct CancelReservation {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The reason.
    pub reason: Option<Sealed>,
    /// The caller.
    pub asked: Asked,
}

/// Check in: from [`CHECK_IN_GRACE`](super::CHECK_IN_GRACE) before the start until the end. An early check-in confirms
/// the reservation; its window does not start earlier.
#[derive(Clone, Copy, Debug)]
pub struct CheckIn {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The caller.
    pub asked: Asked,
}

/// Check out: the reservation is completed, and the rest of its window is free.
#[derive(Clone, Copy, Debug)]
pub struct CheckOut {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The caller.
    pub asked: Asked,
}

/// The space's sensor saw a reservation's vehicle. The caller has checked that the stay belongs to this reservation, and
/// that the policy lets a sensor confirm reservations.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmBySensor {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// Since when the vehicle has been there for it, as effective time. It may be in the past.
    pub at: Instant,
    /// The sensor.
    pub by: Actor,
}

/// Apply everything that is due.
#[derive(Clone, Copy, Debug)]
pub struct PassTime {
    /// The time up to which, inclusive.
    pub at: Instant,
    /// How long before its start a reservation is shown; zero means not at all.
    pub reserved_soon: TimeDelta,
    /// Whether the caller knows that no arrival in the log waits to be recorded at the space. Otherwise no unconfirmed
    /// reservation ends: its vehicle may be there.
    pub arrivals_known: bool,
}

impl PassTime {
    pub(super) fn passing(self) -> Passing {
        Passing { reserved_soon: self.reserved_soon, arrivals_known: self.arrivals_known }
    }
}
