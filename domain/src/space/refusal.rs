//! Why a space command is refused.

use chrono::TimeDelta;

use super::reservation::{Status, Window};
use super::{MAX_HOLDING, MAX_OVERRIDES};
use crate::geo::NotAPosition;
use crate::id::{OverrideId, ReservationId};
use crate::instant::Instant;
use crate::limits::LimitExceeded;
use crate::naming::LONGEST_NAME;
use crate::policy::PolicyOutOfBounds;

/// A conflicting reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// Its window.
    pub window: Window,
}

/// A refusal of a space command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpaceRefusal {
    /// It was never created, is deleted, or belongs to another tenant.
    #[error("there is no such space: it was never created or is deleted")]
    SpaceNotFound,
    /// The id is or was used by a space.
    #[error("a space with this id exists or existed: give a new id")]
    SpaceAlreadyCreated,
    /// The code is invalid.
    #[error("a code is 1 to 50 letters, digits, '-', '_' or '.'")]
    CodeInvalid,
    /// A name is blank or too long.
    #[error(
        "{field} must be 1 to {LONGEST_NAME} characters, not all of them blank, without control or invisible characters"
    )]
    NameInvalid {
        /// The field.
        field: &'static str,
    },
    /// A value exceeds its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The auto-release time is out of bounds.
    #[error("auto_release_minutes is {minutes}: it must be 1 to 1440, or 0 for none")]
    AutoReleaseOutOfBounds {
        /// The requested value.
        minutes: u16,
    },
    /// The position is out of range.
    #[error(transparent)]
    PositionInvalid(#[from] NotAPosition),
    /// A policy value is out of bounds.
    #[error(transparent)]
    PolicyOutOfBounds(#[from] PolicyOutOfBounds),
    /// The space has open reservations.
    #[error(
        "the space has {count} open reservations: cancel them first; one whose time is over ends within seconds"
    )]
    SpaceHasReservations {
        /// The number of reservations.
        count: usize,
    },

    /// The override ends before it starts.
    #[error("an override must end after it begins")]
    OverrideWindowEmpty,
    /// The override's end has passed.
    #[error("the override's end has passed: give a future end, or none")]
    OverrideEndsInThePast,
    /// The id is used.
    #[error("an override with this id is set already: give a new id")]
    OverrideAlreadySet,
    /// The space has too many overrides.
    #[error("the space has {MAX_OVERRIDES} overrides that are not over: clear one first")]
    TooManyOverrides,
    /// It was never set, or the space no longer remembers it; the log has the ones that are over.
    #[error("the space has no such override: check its id")]
    OverrideNotFound,
    /// It ended, or was cleared.
    #[error("the override is over or was cleared: there is nothing left to clear")]
    OverrideOver,

    /// The window has no moment in it.
    #[error("a reservation must end after it starts")]
    WindowEmpty,
    /// The window's start has passed.
    #[error("the start has passed: give a later one")]
    StartsInThePast,
    /// The window's end has passed.
    #[error("the end has passed: give a future end")]
    EndsInThePast,
    /// The window is too long.
    #[error("a reservation lasts {} minutes at most: book less", .limit.num_minutes())]
    ReservationTooLong {
        /// The maximum duration.
        limit: TimeDelta,
    },
    /// An amount is not a number.
    #[error("{field} must be a decimal number such as 12.50")]
    AmountInvalid {
        /// The field.
        field: &'static str,
    },
    /// The space is disabled.
    #[error("the space is disabled: enable it or book another one")]
    SpaceDisabled,
    /// An override takes the space out of use in the window.
    #[error("the space is blocked or out of service at that time: choose another time or another space")]
    SpaceNotAvailable {
        /// The overlapping overrides.
        overrides: Vec<OverrideId>,
    },
    /// Other reservations overlap the window.
    #[error("the space is reserved at that time: choose another time or another space")]
    SpaceAlreadyReserved {
        /// The overlapping reservations, in order of their start.
        conflicts: Vec<Conflict>,
    },
    /// The space has too many open reservations.
    #[error("the space has {MAX_HOLDING} open reservations: book again when some of them are over")]
    TooManyReservations,
    /// The id is used.
    #[error("a reservation with this id is booked already: give a new id")]
    ReservationAlreadyBooked,

    /// The space has no such reservation, or no longer remembers it; the log has the ones that it has forgotten.
    #[error("there is no such reservation: check its id")]
    ReservationNotFound,
    /// The reservation is over.
    #[error("the reservation is {}: only its details can be changed", .status.word())]
    ReservationOver {
        /// How it ended.
        status: Status,
    },
    /// The start can no longer change.
    #[error("the reservation has started or its vehicle is present: only its end can be changed")]
    ReservationUnderWay,
    /// Check-in is not open yet.
    #[error("check-in opens at {opens}: try again then")]
    CheckInTooEarly {
        /// When check-in opens.
        opens: Instant,
    },
    /// The guest of another reservation is checked in.
    #[error(
        "reservation {reservation_id} is checked in at the space: check it out first, or check in when it has ended"
    )]
    AnotherCheckedIn {
        /// The other reservation.
        reservation_id: ReservationId,
    },
    /// The reservation is not confirmed.
    #[error("the reservation is not checked in: check in first, or cancel")]
    NotCheckedIn,
}
