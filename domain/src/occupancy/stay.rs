//! Stays: one vehicle's time in a space, as the space's sensor reports it.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::id::ReservationId;
use crate::instant::Instant;
use crate::policy::Policy;

/// How long before its start a reservation's vehicle may arrive, unless the policy shows reservations earlier.
const EARLIEST: TimeDelta = TimeDelta::minutes(15);

/// How long after its booking a reservation may start that is for the vehicle that stands there.
pub(super) const LATEST: TimeDelta = TimeDelta::hours(24);

/// A stay. It begins with a reading and ends with one, or when its sensor no longer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// The log position of the reading that began it; it identifies the stay.
    pub position: i64,
    /// When it began: when the reading was received, but not before the end of the stay before.
    pub arrived_at: Instant,
    /// Its end; `None` while it lasts.
    pub departure: Option<Departure>,
    /// The reservation that it belongs to.
    pub reservation_id: Option<ReservationId>,
}

/// The end of a stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// The log position of the event that ended it.
    pub position: i64,
    /// When, but not before the stay's beginning.
    pub at: Instant,
}

impl Stay {
    /// True while it lasts.
    pub fn is_open(&self) -> bool {
        self.departure.is_none()
    }

    /// True when it lasts beyond a moment, as far as is known.
    pub(super) fn lasts_beyond(&self, at: Instant) -> bool {
        self.departure.is_none_or(|departure| at < departure.at)
    }
}

/// How long before its start a reservation's vehicle may arrive.
pub(super) fn earliest(policy: &Policy) -> TimeDelta {
    policy.reserved_soon().max(EARLIEST)
}
