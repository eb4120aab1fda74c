//! One reservation of a space: its window, what is kept with it, and how far it has come.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::id::UserId;
use crate::instant::Instant;
use crate::sealed::Sealed;

/// A time from its start up to, but not including, its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first moment.
    pub start: Instant,
    /// The first moment after it.
    pub end: Instant,
}

impl Window {
    /// True when some moment is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// True when the moment is in it.
    pub fn contains(&self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// True when every moment of the other is in it.
    pub fn encloses(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// What is kept with a reservation and decides nothing. Money is stored and shown, never computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// The user it is for, if the platform knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The e-mail of whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<Sealed>,
    /// The name of whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<Sealed>,
    /// The phone of whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_phone: Option<Sealed>,
    /// Free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<Sealed>,
    /// The key of the request that booked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Its name in another booking system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_booking_id: Option<String>,
    /// That system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_system: Option<String>,
    /// The caller's own sort of reservation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_type: Option<String>,
    /// The price of a unit, as a decimal number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// The price, as a decimal number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_cost: Option<String>,
    /// Whether it is paid.
    pub payment_status: PaymentStatus,
    /// The caller's own data.
    #[serde(skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}

/// Whether a reservation is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Not yet.
    #[default]
    Pending,
    /// Yes.
    Paid,
    /// It was, and the money went back.
    Refunded,
}

/// How it became known that the vehicle is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// Somebody checked in.
    CheckIn,
    /// The space's sensor saw it.
    Sensor,
}

/// How far a reservation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It holds its window: booked, running, or with its vehicle there.
    Active,
    /// Confirmed, and over.
    Completed,
    /// Given up.
    Cancelled,
    /// Over without anybody.
    Expired,
    /// Released because nobody came in time.
    NoShow,
}

impl Status {
    /// As it is written.
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

/// A reservation as far as decisions need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    pub(super) window: Window,
    pub(super) details: Box<Details>,
    pub(super) status: Status,
    stage: Stage,
    /// Since when the window starts when it starts: nothing can have approached before.
    asked_at: Instant,
    pub(super) checked_in: bool,
    seen: bool,
}

/// How far time has brought a reservation that holds its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// It is some time away.
    Booked,
    /// It begins soon.
    Approached,
    /// It runs.
    Started,
}

impl Reservation {
    pub(super) fn booked(window: Window, details: Box<Details>, asked_at: Instant) -> Self {
        let (status, stage) = (Status::Active, Stage::Booked);
        Self { window, details, status, stage, asked_at, checked_in: false, seen: false }
    }

    /// Another window. With another start it is to come again.
    pub(super) fn reschedule(&mut self, to: Window, at: Instant) {
        if to.start != self.window.start {
            (self.stage, self.asked_at) = (Stage::Booked, at);
        }
        self.window = to;
    }

    pub(super) fn approach(&mut self) {
        if self.stage == Stage::Booked {
            self.stage = Stage::Approached;
        }
    }

    pub(super) fn start(&mut self) {
        self.stage = Stage::Started;
    }

    pub(super) fn confirm(&mut self, confirmation: Confirmation) {
        match confirmation {
            Confirmation::CheckIn => self.checked_in = true,
            Confirmation::Sensor => self.seen = true,
        }
    }

    /// The time it holds, or held.
    pub fn window(&self) -> Window {
        self.window
    }

    /// What is kept with it.
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// How far it has come.
    pub fn status(&self) -> Status {
        self.status
    }

    /// True when its window began.
    pub fn has_started(&self) -> bool {
        self.stage == Stage::Started
    }

    /// True when somebody checked in.
    pub fn is_checked_in(&self) -> bool {
        self.checked_in
    }

    /// True when the vehicle is there, as far as is known: somebody checked in, or the sensor saw it.
    pub fn is_confirmed(&self) -> bool {
        self.checked_in || self.seen
    }

    /// When it begins to show, if that is to come: `reserved_soon` before its start, or when its start was asked for.
    pub(super) fn approaches_at(&self, reserved_soon: TimeDelta) -> Option<Instant> {
        let shows_at = (self.window.start - reserved_soon).max(self.asked_at);
        (self.stage == Stage::Booked && shows_at < self.window.start).then_some(shows_at)
    }

    /// When it starts, if it has not.
    pub(super) fn starts_at(&self) -> Option<Instant> {
        (self.stage != Stage::Started).then_some(self.window.start)
    }

    /// When it is released unless somebody comes; none if it waits until its end. A time that the space got while the
    /// reservation ran releases nothing before it got it.
    pub(super) fn released_at(&self, minutes: Option<u16>, since: Instant) -> Option<Instant> {
        let patience = TimeDelta::minutes(minutes?.into());
        let released_at = (self.window.start + patience).max(since);
        (!self.is_confirmed() && released_at < self.window.end).then_some(released_at)
    }
}
