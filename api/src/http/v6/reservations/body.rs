//! Request bodies of reservations, with the field aliases of all clients.

use parking_commands::reservations::{Booking, Change, Guest, GuestPatch};
use parking_domain::asked::Asked;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::patch::Patch;
use parking_domain::space::{Details, DetailsPatch, MAX_DURATION, PaymentStatus, Status};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;
use crate::http::kit::own_data::{OwnData, document};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{invalid, invalid_body};
use crate::http::v6::shared::window::window;
use crate::http::v6::shared::words;

/// The fields of a reservation. In an update, absent fields stay unchanged; null and an empty string clear a field that a
/// reservation need not have.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ReservationBody {
    /// The space. Required for a new reservation; it cannot change later. `spaceId` is an accepted alias.
    space_id: Option<Uuid>,
    /// The start of the window. Without an offset it is in UTC. Required for a new reservation. `startTime` and
    /// `reserved_from` are accepted aliases.
    #[serde(deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_time: Option<Instant>,
    /// The end of the window, exclusive. Required for a new reservation. `endTime` and `reserved_until` are accepted aliases.
    #[serde(deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    end_time: Option<Instant>,
    /// The user that the reservation is for, if it is a user of the platform.
    #[serde(deserialize_with = "lenient::clearable")]
    #[schema(value_type = Option<Uuid>)]
    user_id: Patch<Uuid>,
    #[schema(value_type = Option<String>, max_length = 320)]
    user_email: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 255)]
    user_name: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 64)]
    user_phone: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 2000)]
    notes: Patch<String>,
    /// The unit price: a decimal number, as a number or a string. Stored and returned, never computed.
    #[serde(deserialize_with = "lenient::text_change")]
    #[schema(value_type = Option<String>)]
    rate: Patch<String>,
    /// The total price: a decimal number, as a number or a string.
    #[serde(deserialize_with = "lenient::text_change")]
    #[schema(value_type = Option<String>)]
    total_cost: Patch<String>,
    /// Defaults to `pending`.
    #[serde(deserialize_with = "lenient::word")]
    #[schema(value_type = Option<words::PaymentStatus>)]
    payment_status: Option<PaymentStatus>,
    /// An idempotency key of a new reservation, 1 to 255 characters: a repeated request with the same key and content books
    /// once. Defaults to the header `Idempotency-Key`.
    #[serde(deserialize_with = "lenient::clearable")]
    #[schema(value_type = Option<String>, max_length = 255)]
    request_id: Patch<String>,
    /// The reservation's id in another booking system.
    #[schema(value_type = Option<String>, max_length = 255)]
    external_booking_id: Patch<String>,
    /// The name of that booking system.
    #[schema(value_type = Option<String>, max_length = 255)]
    external_system: Patch<String>,
    /// The caller's own category of the reservation.
    #[schema(value_type = Option<String>, max_length = 255)]
    reservation_type: Patch<String>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
    /// The status. It changes by `DELETE`, `check-in` and `check-out`. `pending` and `confirmed` mean `active`.
    #[serde(deserialize_with = "words::read::reservation_status")]
    #[schema(value_type = Option<words::ReservationStatus>)]
    status: Option<Status>,
}

impl Body for ReservationBody {
    const NAMES: &'static [&'static [&'static str]] = &[
        &["space_id", "spaceId"],
        &["start_time", "startTime", "reserved_from"],
        &["end_time", "endTime", "reserved_until"],
    ];
    const FIXED: &'static [(&'static str, &'static str)] = &[
        ("space_id", "cancel the reservation and book the other space"),
        ("status", CHANGE_STATUS),
        ("request_id", "it is the key of the booking"),
    ];
}

const CHANGE_STATUS: &str =
    "use DELETE /api/v6/reservations/{reservation_id}, or POST …/check-in or …/check-out";

impl ReservationBody {
    /// The space of the reservation.
    pub(crate) fn space_id(&self) -> Option<SpaceId> {
        self.space_id.map(SpaceId::from)
    }

    /// The booking. A repeated request keeps the id of the first booking instead of `reservation_id`. The body's key precedes
    /// that of the header.
    pub(crate) fn booking(
        self,
        reservation_id: ReservationId,
        header_key: Option<String>,
        asked: Asked,
    ) -> Result<Booking, Problem> {
        let space_id = self.space_id().ok_or_else(|| invalid("space_id is required"))?;
        if self.status.is_some_and(|status| status != Status::Active) {
            return Err(invalid_body(format!(
                "status cannot be set here: book the space, then {CHANGE_STATUS}"
            )));
        }
        let window = window(self.start_time, self.end_time)?;
        let request_id = non_blank(self.request_id.value()).or(header_key);
        let guest = Guest {
            email: non_blank(self.user_email.value()),
            name: non_blank(self.user_name.value()),
            phone: non_blank(self.user_phone.value()),
            notes: non_blank(self.notes.value()),
        };
        let details = Details {
            user_id: self.user_id.value().map(Into::into),
            external_booking_id: non_blank(self.external_booking_id.value()),
            external_system: non_blank(self.external_system.value()),
            reservation_type: non_blank(self.reservation_type.value()),
            rate: self.rate.value(),
            total_cost: self.total_cost.value(),
            payment_status: self.payment_status.unwrap_or_default(),
            metadata: document("metadata", self.metadata)?.unwrap_or_default(),
            ..Details::default()
        };
        let max_duration = MAX_DURATION;
        Ok(Booking { reservation_id, space_id, window, max_duration, guest, details, request_id, asked })
    }

    /// The changes of an update.
    pub(crate) fn change(self) -> Result<Change, Problem> {
        let guest = GuestPatch {
            email: patch(self.user_email),
            name: patch(self.user_name),
            phone: patch(self.user_phone),
            notes: patch(self.notes),
        };
        let details = DetailsPatch {
            user_id: match self.user_id {
                Patch::Keep => Patch::Keep,
                Patch::Clear => Patch::Clear,
                Patch::Set(user) => Patch::Set(user.into()),
            },
            external_booking_id: patch(self.external_booking_id),
            external_system: patch(self.external_system),
            reservation_type: patch(self.reservation_type),
            rate: patch(self.rate),
            total_cost: patch(self.total_cost),
            payment_status: self.payment_status,
            metadata: document("metadata", self.metadata)?,
            ..DetailsPatch::default()
        };
        let max_duration = MAX_DURATION;
        Ok(Change { start: self.start_time, end: self.end_time, max_duration, guest, details })
    }
}

/// Treats a blank string as absent.
fn non_blank(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// Treats a blank string like null.
fn patch(text: Patch<String>) -> Patch<String> {
    match text {
        Patch::Set(text) if text.trim().is_empty() => Patch::Clear,
        text => text,
    }
}

/// The reason for a cancellation.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = ReasonBody)]
pub(crate) struct CancellationBody {
    /// The reason. `reason` is an accepted alias.
    #[schema(max_length = 1000)]
    cancellation_reason: Option<String>,
}

impl Body for CancellationBody {
    const NAMES: &'static [&'static [&'static str]] = &[&["cancellation_reason", "reason"]];
    const OPTIONAL: bool = true;
}

impl CancellationBody {
    pub(crate) fn reason(self) -> Option<String> {
        non_blank(self.cancellation_reason)
    }
}
