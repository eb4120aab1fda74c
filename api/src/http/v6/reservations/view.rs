//! What is answered to commands on reservations.

use chrono::{DateTime, Utc};
use parking_domain::id::ReservationId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::reply::Shown;
use crate::http::v6::shared::reservation::ReservationView;

/// What was asked for: booked now, or known from the same request before.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookedView {
    #[serde(flatten)]
    reservation: Shown<ReservationView>,
    /// True when the same request was made before: this is what it booked, as it is now.
    is_duplicate: bool,
    /// The same.
    idempotent: bool,
    message: &'static str,
}

impl BookedView {
    pub(crate) fn of(reservation: Shown<ReservationView>, repeated: bool) -> Self {
        let message = if repeated { "this request was made before" } else { "the space is reserved" };
        Self { reservation, is_duplicate: repeated, idempotent: repeated, message }
    }
}

/// A reservation that was given up.
#[derive(Serialize, ToSchema)]
pub(crate) struct CancelledView {
    #[serde(flatten)]
    reservation: Shown<ReservationView>,
    success: bool,
    reservation_id: Uuid,
    message: &'static str,
}

impl CancelledView {
    pub(crate) fn of(reservation_id: ReservationId, reservation: Shown<ReservationView>) -> Self {
        let message = "the reservation is cancelled";
        Self { reservation, success: true, reservation_id: reservation_id.uuid(), message }
    }
}

/// What time had brought and nobody had recorded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpiredView {
    /// Reservations that ended without anybody.
    pub(crate) expired_count: usize,
    pub(crate) timestamp: DateTime<Utc>,
}
