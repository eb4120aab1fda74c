//! One reservation of a space: its window, its details, and its status.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::id::UserId;
use crate::instant::Instant;
use crate::sealed::Sealed;

/// A time span from its start, inclusive, to its end, exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first moment.
    pub start: Instant,
    /// The first moment after the window.
    pub end: Instant,
}

impl Window {
    /// True when the windows have a moment in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// True when the moment is within the window.
    pub fn contains(&self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// True when the other window lies within this one.
    pub fn encloses(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// Data stored with a reservation that affect no decision. Amounts are stored and shown, never computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The user it is for, if registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The guest's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<Sealed>,
    /// The guest's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<Sealed>,
    /// The guest's phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_phone: Option<Sealed>,
    /// Notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<Sealed>,
    /// The id of the booking request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Its id in an external booking system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_booking_id: Option<String>,
    /// The external booking system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_system: Option<String>,
    /// The caller's type of reservation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_type: Option<String>,
    /// The price per unit, as a decimal number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// The total price, as a decimal number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_cost: Option<String>,
    /// The payment status.
    pub payment_status: PaymentStatus,
    /// The caller's data.
    #[serde(skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}

/// Whether a reservation is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Not paid yet.
    #[default]
    Pending,
    /// Paid.
    Paid,
    /// Paid and refunded.
    Refunded,
}

/// How the vehicle's presence was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// The guest checked in.
    CheckIn,
    /// The space's sensor saw it.
    Sensor,
}

/// The status of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds its window: booked, running, or confirmed.
    Active,
    /// Confirmed, and over.
    Completed,
    /// Cancelled.
    Cancelled,
    /// Over without a confirmation.
    Expired,
    /// Released because it was not confirmed in time.
    NoShow,
}

impl Status {
    /// The written form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::NoShow => "no_show",
        }
    }
}

/// The state of a reservation for decisions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    pub(super) window: Window,
    pub(super) details: Box<Details>,
    pub(super) status: Status,
    started: bool,
    /// When its last approach was due; `None` if its start is not near.
    approached_at: Option<Instant>,
    /// When the current start was requested: it cannot have approached earlier.
    asked_at: Instant,
    pub(super) checked_in: bool,
    seen: bool,
}

impl Reservation {
    pub(super) fn booked(window: Window, details: Box<Details>, asked_at: Instant) -> Self {
        Self {
            window,
            details,
            status: Status::Active,
            started: false,
            approached_at: None,
            asked_at,
            checked_in: false,
            seen: false,
        }
    }

    /// Moves it to another window. With another start it has not approached yet.
    pub(super) fn reschedule(&mut self, to: Window, at: Instant) {
        if to.start != self.window.start {
            (self.started, self.approached_at, self.asked_at) = (false, None, at);
        }
        self.window = to;
    }

    pub(super) fn approach(&mut self, due: Instant) {
        self.approached_at = self.approached_at.max(Some(due));
    }

    pub(super) fn start(&mut self) {
        self.started = true;
    }

    pub(super) fn confirm(&mut self, confirmation: Confirmation) {
        match confirmation {
            Confirmation::CheckIn => self.checked_in = true,
            Confirmation::Sensor => self.seen = true,
        }
    }

    /// Its window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Its details.
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// Its status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// True when its window has started.
    pub fn has_started(&self) -> bool {
        self.started
    }

    /// True when the guest has checked in.
    pub fn is_checked_in(&self) -> bool {
        self.checked_in
    }

    /// True when the vehicle's presence is confirmed: the guest checked in, or the sensor saw it.
    pub fn is_confirmed(&self) -> bool {
        self.checked_in || self.seen
    }

    /// True when nobody has ended it and its window is over.
    pub(super) fn is_over_at(&self, at: Instant) -> bool {
        self.status == Status::Active && self.window.end <= at
    }

    /// When it approaches, if it has not yet: `reserved_soon` before its start, or when its start was requested. An
    /// approach by a longer `reserved_soon`, which was in force before, does not count.
    pub(super) fn approaches_at(&self, reserved_soon: TimeDelta) -> Option<Instant> {
        let shows_at = (self.window.start - reserved_soon).max(self.asked_at);
        let approached = self.started || self.approached_at.is_some_and(|at| shows_at <= at);
        (!approached && shows_at < self.window.start).then_some(shows_at)
    }

    /// Its start, if it has not started.
    pub(super) fn starts_at(&self) -> Option<Instant> {
        (!self.started).then_some(self.window.start)
    }

    /// When it is released unless it is confirmed; `None` if it is kept until its end. An auto-release time that was
    /// set while it was running releases nothing before it was set.
    pub(super) fn released_at(&self, minutes: Option<u16>, since: Instant) -> Option<Instant> {
        let patience = TimeDelta::minutes(minutes?.into());
        let released_at = (self.window.start + patience).max(since);
        (!self.is_confirmed() && released_at < self.window.end).then_some(released_at)
    }
}
