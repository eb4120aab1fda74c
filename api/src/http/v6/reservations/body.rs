//! What is said of a reservation in a request, by all the names that clients have for it.

use parking_commands::reservations::{Booking, Change, Guest, GuestPatch};
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::patch::Patch;
use parking_domain::space::{Details, DetailsPatch, MAX_DURATION, PaymentStatus};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::caller::Identity;
use crate::http::kit::lenient;
use crate::http::kit::own_data::{OwnData, document};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid;
use crate::http::v6::shared::window::window;

/// A reservation to be, or a change of one: then what is absent or null stays, and an empty text clears.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ReservationBody {
    /// The space. Needed for a new reservation, which stays there. `spaceId` is taken too.
    #[serde(alias = "spaceId")]
    space_id: Option<Uuid>,
    /// From when; without an offset in UTC. Needed for a new reservation. `startTime` and `reserved_from` are taken too.
    #[serde(alias = "startTime", alias = "reserved_from", deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_time: Option<Instant>,
    /// Until when, this moment not included. Needed for a new reservation. `endTime` and `reserved_until` are taken too.
    #[serde(alias = "endTime", alias = "reserved_until", deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    end_time: Option<Instant>,
    /// The user it is for, if the platform knows them.
    user_id: Option<Uuid>,
    #[schema(max_length = 320)]
    user_email: Option<String>,
    #[schema(max_length = 255)]
    user_name: Option<String>,
    #[schema(max_length = 64)]
    user_phone: Option<String>,
    #[schema(max_length = 2000)]
    notes: Option<String>,
    /// The price of a unit: a decimal number, as a number or a text. Stored and shown, never computed.
    #[serde(deserialize_with = "lenient::text")]
    rate: Option<String>,
    /// The price: a decimal number, as a number or a text.
    #[serde(deserialize_with = "lenient::text")]
    total_cost: Option<String>,
    /// `pending`, `paid` or `refunded`.
    #[schema(value_type = Option<String>)]
    payment_status: Option<PaymentStatus>,
    /// A key of the caller's own for a new reservation, 1 to 255 characters: sent again with the same content, it books
    /// once. The header `Idempotency-Key` says the same, where this does not.
    #[schema(max_length = 255)]
    request_id: Option<String>,
    /// Its name in another booking system.
    #[schema(max_length = 255)]
    external_booking_id: Option<String>,
    /// That system.
    #[schema(max_length = 255)]
    external_system: Option<String>,
    /// The caller's own sort of reservation.
    #[schema(max_length = 255)]
    reservation_type: Option<String>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
}

impl ReservationBody {
    /// The space that it names.
    pub(crate) fn space_id(&self) -> Option<SpaceId> {
        self.space_id.map(SpaceId::from)
    }

    /// What is asked for, under this id unless it was asked for before.
    pub(crate) fn booking(
        self,
        reservation_id: ReservationId,
        caller: &Identity,
    ) -> Result<Booking, Problem> {
        let space_id = self.space_id().ok_or_else(|| invalid("space_id must say which space"))?;
        let window = window(self.start_time, self.end_time)?;
        let of_header = || caller.idempotency.as_ref().map(|request| request.key.clone());
        let request_id = said(self.request_id).or_else(of_header);
        let guest = Guest {
            email: said(self.user_email),
            name: said(self.user_name),
            phone: said(self.user_phone),
            notes: said(self.notes),
        };
        let details = Details {
            user_id: self.user_id.map(Into::into),
            external_booking_id: said(self.external_booking_id),
            external_system: said(self.external_system),
            reservation_type: said(self.reservation_type),
            rate: self.rate,
            total_cost: self.total_cost,
            payment_status: self.payment_status.unwrap_or_default(),
            metadata: document("metadata", self.metadata)?.unwrap_or_default(),
            ..Details::default()
        };
        let (max_duration, asked) = (MAX_DURATION, caller.asked());
        Ok(Booking { reservation_id, space_id, window, max_duration, guest, details, request_id, asked })
    }

    /// What it changes.
    pub(crate) fn change(self) -> Result<Change, Problem> {
        let guest = GuestPatch {
            email: patch(self.user_email),
            name: patch(self.user_name),
            phone: patch(self.user_phone),
            notes: patch(self.notes),
        };
        let details = DetailsPatch {
            user_id: self.user_id.map_or(Patch::Keep, |user| Patch::Set(user.into())),
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

/// A text that says something.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

fn patch(text: Option<String>) -> Patch<String> {
    match text {
        None => Patch::Keep,
        Some(text) if text.trim().is_empty() => Patch::Clear,
        Some(text) => Patch::Set(text),
    }
}

/// Why a reservation is given up.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ReasonBody {
    /// In words. `reason` is taken too.
    #[serde(alias = "reason")]
    #[schema(max_length = 1000)]
    cancellation_reason: Option<String>,
}

impl ReasonBody {
    pub(crate) fn said(self) -> Option<String> {
        said(self.cancellation_reason)
    }
}
