//! One reservation of a space: its window, what is kept with it, and how far it has come.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::UserId;
use crate::sealed::Sealed;

/// A time from its start up to, but not including, its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// The first moment after it.
    pub end: DateTime<Utc>,
}

impl Window {
    /// True when some moment is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// True when the moment is in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.start <= at && at < self.end
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
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
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
