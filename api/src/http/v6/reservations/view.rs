//! The views of commands on reservations.

use chrono::{DateTime, Utc};
use parking_domain::id::ReservationId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::reply::Shown;
use crate::http::v6::shared::reservation::ReservationView;

/// A booked reservation, new or from an earlier request with the same key and content.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookedView {
    #[serde(flatten)]
    reservation: Shown<ReservationView>,
    /// True if an earlier request with the same key made this reservation. The reservation is shown in its current state.
    is_duplicate: bool,
    /// Same as `is_duplicate`.
    idempotent: bool,
    message: &'static str,
}

impl BookedView {
    pub(crate) fn of(reservation: Shown<ReservationView>, repeated: bool) -> Self {
        let message = if repeated { "this request was made before" } else { "the space is reserved" };
        Self { reservation, is_duplicate: repeated, idempotent: repeated, message }
    }
}

/// A cancelled reservation.
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

/// The result of recording overdue changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExpiredView {
    /// Number of reservations that expired or were not taken up.
    pub(crate) expired_count: usize,
    pub(crate) timestamp: DateTime<Utc>,
}
