//! The view of a reservation, with its personal data opened.

use chrono::{DateTime, Utc};
use parking_domain::actor::Actor;
use parking_domain::document::Document;
use parking_domain::id::Id;
use parking_domain::instant::Instant;
use parking_domain::space::{PaymentStatus, Status};
use parking_projections::registry::reservations::read::Listed;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::opened::opened;
use crate::http::kit::page::Item;
use crate::http::kit::problem::Problem;
use crate::http::v6::shared::words;

/// A reservation. Personal fields are null if they were never set or if the person has been forgotten.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct ReservationView {
    id: Uuid,
    tenant_id: Uuid,
    space_id: Uuid,
    space_code: Option<String>,
    space_name: Option<String>,
    site_id: Option<Uuid>,
    #[schema(value_type = words::ReservationStatus)]
    status: Status,
    start_time: DateTime<Utc>,
    /// The end of the window, exclusive.
    end_time: DateTime<Utc>,
    user_id: Option<Uuid>,
    user_email: Option<String>,
    user_name: Option<String>,
    user_phone: Option<String>,
    notes: Option<String>,
    /// When the reservation's window began.
    started_at: Option<DateTime<Utc>>,
    /// When the vehicle's arrival was first confirmed, by a check-in or by the sensor.
    confirmed_at: Option<DateTime<Utc>>,
    checked_in: bool,
    checked_in_at: Option<DateTime<Utc>>,
    checked_out_at: Option<DateTime<Utc>>,
    /// When the reservation reached its final status.
    ended_at: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<String>)]
    cancelled_by: Option<Actor>,
    cancellation_reason: Option<String>,
    /// The unit price, a decimal number.
    rate: Option<String>,
    /// The total price, a decimal number.
    total_cost: Option<String>,
    #[schema(value_type = words::PaymentStatus)]
    payment_status: PaymentStatus,
    /// The idempotency key of the booking request.
    request_id: Option<String>,
    external_booking_id: Option<String>,
    external_system: Option<String>,
    reservation_type: Option<String>,
    #[schema(value_type = Object)]
    metadata: Document,
    #[schema(value_type = String)]
    created_by: Actor,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Item for ReservationView {
    const PLURAL: &'static str = "reservations";
}

impl ReservationView {
    /// The views of all rows. Their personal data is opened in one query.
    pub(crate) async fn all(connection: &mut PgConnection, rows: Vec<Listed>) -> Result<Vec<Self>, Problem> {
        let sealed: Vec<_> = rows
            .iter()
            .map(|Listed { reservation: row, .. }| {
                let details = &row.details;
                let reason = row.cancellation_reason.as_ref();
                let [email, name] = [details.user_email.as_ref(), details.user_name.as_ref()];
                [email, name, details.user_phone.as_ref(), details.notes.as_ref(), reason]
            })
            .collect();
        let texts = opened(connection, &sealed).await?;
        Ok(rows.into_iter().zip(texts).map(|(row, texts)| Self::of(row, texts)).collect())
    }

    /// The guest's name, else the e-mail address.
    pub(crate) fn guest(&self) -> Option<&str> {
        self.user_name.as_deref().or(self.user_email.as_deref())
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    fn of(listed: Listed, texts: [Option<String>; 5]) -> Self {
        let Listed { reservation: row, space_code, space_name, site_id } = listed;
        let [user_email, user_name, user_phone, notes, cancellation_reason] = texts;
        let details = row.details;
        Self {
            id: row.reservation_id,
            tenant_id: row.tenant_id,
            space_id: row.space_id,
            space_code,
            space_name,
            site_id,
            status: row.status,
            start_time: row.start_time.utc(),
            end_time: row.end_time.utc(),
            user_id: details.user_id.map(Id::uuid),
            user_email,
            user_name,
            user_phone,
            notes,
            started_at: row.started_at.map(Instant::utc),
            confirmed_at: row.confirmed_at.map(Instant::utc),
            checked_in: row.checked_in_at.is_some(),
            checked_in_at: row.checked_in_at.map(Instant::utc),
            checked_out_at: row.checked_out_at.map(Instant::utc),
            ended_at: row.ended_at.map(Instant::utc),
            cancelled_at: row.ended_at.filter(|_| row.status == Status::Cancelled).map(Instant::utc),
            cancelled_by: row.cancelled_by,
            cancellation_reason,
            rate: details.rate,
            total_cost: details.total_cost,
            payment_status: details.payment_status,
            request_id: details.request_id,
            external_booking_id: details.external_booking_id,
            external_system: details.external_system,
            reservation_type: details.reservation_type,
            metadata: details.metadata,
            created_by: row.created_by,
            created_at: row.created_at.utc(),
            updated_at: row.updated_at.utc(),
        }
    }
}
