//! Why a space refuses what is asked of it.

use chrono::TimeDelta;

use super::reservation::{Status, Window};
use super::{MAX_HOLDING, MAX_OVERRIDES};
use crate::geo::NotAPosition;
use crate::id::{OverrideId, ReservationId};
use crate::instant::Instant;
use crate::limits::LimitExceeded;
use crate::naming::LONGEST_NAME;
use crate::policy::PolicyOutOfBounds;

/// A reservation in another one's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which.
    pub reservation_id: ReservationId,
    /// The window it holds.
    pub window: Window,
}

/// Why a command to a space is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpaceRefusal {
    /// No such space, or another tenant's, or one that was deleted.
    #[error("there is no such space: it was never created or is deleted")]
    SpaceNotFound,
    /// The id is used.
    #[error("a space with this id exists or existed: give a new id")]
    SpaceAlreadyCreated,
    /// The code is no code.
    #[error("a code is 1 to 50 letters, digits, '-', '_' or '.'")]
    CodeInvalid,
    /// A name is no name.
    #[error("{field} must be 1 to {LONGEST_NAME} characters, not all of them blank")]
    NameInvalid {
        /// The field.
        field: &'static str,
    },
    /// A text is too long to be kept.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The time after which a space is released is out of bounds.
    #[error("auto_release_minutes is {minutes}: it must be 1 to 1440, or 0 for none")]
    AutoReleaseOutOfBounds {
        /// What was asked for.
        minutes: u16,
    },
    /// The position is no place on earth.
    #[error(transparent)]
    PositionInvalid(#[from] NotAPosition),
    /// A number of the space's policy is out of its bounds.
    #[error(transparent)]
    PolicyOutOfBounds(#[from] PolicyOutOfBounds),
    /// Reservations hold the space.
    #[error("{count} reservations hold the space: cancel them first")]
    SpaceHasReservations {
        /// How many.
        count: usize,
    },

    /// The override would end before it begins.
    #[error("an override must end after it begins")]
    OverrideWindowEmpty,
    /// The override would be over already.
    #[error("the override's end has passed: give one to come, or none")]
    OverrideEndsInThePast,
    /// The id is used.
    #[error("an override with this id is set already: give a new id")]
    OverrideAlreadySet,
    /// Too many overrides are set.
    #[error("the space has {MAX_OVERRIDES} overrides that are not over: clear one first")]
    TooManyOverrides,
    /// No such override, or one that is over.
    #[error("the space has no such override: it was never set, or is over, or was cleared")]
    OverrideNotFound,

    /// The window has no moment in it.
    #[error("a reservation must end after it starts")]
    WindowEmpty,
    /// The window's start has passed.
    #[error("the start has passed: give one that is not")]
    StartsInThePast,
    /// The window's end has passed.
    #[error("the end has passed: give one to come")]
    EndsInThePast,
    /// The window is too long.
    #[error("a reservation lasts {} minutes at most: book less", .limit.num_minutes())]
    ReservationTooLong {
        /// The longest it may be.
        limit: TimeDelta,
    },
    /// An amount of money is no number.
    #[error("{field} must be a decimal number such as 12.50")]
    AmountInvalid {
        /// The field.
        field: &'static str,
    },
    /// The space cannot be booked at all.
    #[error("the space is disabled: enable it or book another one")]
    SpaceDisabled,
    /// The space is not to be used then.
    #[error("the space is blocked or out of service at that time: choose another time or another space")]
    SpaceNotAvailable {
        /// The overrides in the way.
        overrides: Vec<OverrideId>,
    },
    /// Others hold the space then.
    #[error("the space is reserved at that time: choose another time or another space")]
    SpaceAlreadyReserved {
        /// Those in the way, in order of their start.
        conflicts: Vec<Conflict>,
    },
    /// Too many reservations are to come.
    #[error("the space has {MAX_HOLDING} reservations to come: book when some of them are over")]
    TooManyReservations,
    /// The id is used.
    #[error("a reservation with this id is booked already: give a new id")]
    ReservationAlreadyBooked,

    /// No such reservation.
    #[error("the space has no such reservation, or it was over long ago")]
    ReservationNotFound,
    /// The reservation does not hold the space any more.
    #[error("the reservation is {}: nothing about it can be changed", .status.word())]
    ReservationOver {
        /// How it ended.
        status: Status,
    },
    /// The start is a fact.
    #[error("the reservation has started or its vehicle is there: only its end can be changed")]
    ReservationUnderWay,
    /// Nobody can be there yet.
    #[error("check-in opens at {opens}: come back then")]
    CheckInTooEarly {
        /// The first moment for a check-in.
        opens: Instant,
    },
    /// Nobody came, as far as is known.
    #[error("nobody has checked in: check in first, or cancel")]
    NotCheckedIn,
}
