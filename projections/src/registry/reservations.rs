//! Read model `reservations`: every reservation with its status and times.

pub mod read;

use parking_domain::actor::Actor;
use parking_domain::id::Id;
use parking_domain::instant::Instant;
use parking_domain::sealed::Sealed;
use parking_domain::space::{Confirmation, Details, SpaceEvent, Status};
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::projection::{Decoded, Tables};
use crate::engine::rows::{Row, Rows};

pub(crate) const TABLES: Tables =
    Tables { names: &["reservations"], internal: &[], schema: include_str!("reservations.sql") };

/// A reservation. Times are effective times: a timed change has the time at which it was due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its id.
    pub reservation_id: Uuid,
    /// The space's owner.
    pub tenant_id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Its status.
    pub status: Status,
    /// The start of its window.
    pub start_time: Instant,
    /// The end of its window, exclusive.
    pub end_time: Instant,
    /// When its window began.
    pub started_at: Option<Instant>,
    /// When its vehicle was first known to be there.
    pub confirmed_at: Option<Instant>,
    /// When the guest checked in.
    pub checked_in_at: Option<Instant>,
    /// When the guest checked out.
    pub checked_out_at: Option<Instant>,
    /// When it reached its final status.
    pub ended_at: Option<Instant>,
    /// The actor who cancelled it.
    pub cancelled_by: Option<Actor>,
    /// The reason of the cancellation, sealed.
    pub cancellation_reason: Option<Sealed>,
    /// Data stored with it that decides nothing.
    pub details: Details,
    /// The actor who booked it.
    pub created_by: Actor,
    /// When it was booked.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// The event that last changed it.
    pub position: i64,
}

impl Row for Reservation {
    const TABLE: &'static str = "reservations";
    const KEY: &'static str = "reservation_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.reservation_id
    }
}

/// Applies reservation events to rows.
#[derive(Default)]
pub(crate) struct Reservations(Rows<Reservation>);

impl Reservations {
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), sqlx::Error> {
        self.0.load(connection, events.iter().filter_map(reservation_of)).await?;
        for decoded in events {
            let (Some(id), Some(space_id)) = (reservation_of(decoded), decoded.stream_uuid()) else {
                continue;
            };
            if let Event::Space(event) = &decoded.event {
                self.take(space_id, id, event, decoded.recorded.position);
            }
        }
        self.0.save(connection).await
    }

    fn take(&mut self, space_id: Uuid, id: Uuid, event: &SpaceEvent, position: i64) {
        if let SpaceEvent::ReservationBooked { tenant_id, window, details, at, by, .. } = event {
            self.0.put(Reservation {
                reservation_id: id,
                tenant_id: tenant_id.uuid(),
                space_id,
                status: Status::Active,
                start_time: window.start,
                end_time: window.end,
                started_at: None,
                confirmed_at: None,
                checked_in_at: None,
                checked_out_at: None,
                ended_at: None,
                cancelled_by: None,
                cancellation_reason: None,
                details: (**details).clone(),
                created_by: *by,
                created_at: *at,
                updated_at: *at,
                position,
            });
        } else if let Some(row) = self.0.change(&id) {
            row.apply_event(event);
            row.position = position;
        }
    }
}

fn reservation_of(decoded: &Decoded<'_>) -> Option<Uuid> {
    match &decoded.event {
        Event::Space(event) => event.reservation_id().map(Id::uuid),
        _ => None,
    }
}

impl Reservation {
    fn apply_event(&mut self, event: &SpaceEvent) {
        match event {
            SpaceEvent::ReservationRescheduled { to, at, .. } => {
                (self.start_time, self.end_time, self.updated_at) = (to.start, to.end, *at);
            }
            SpaceEvent::ReservationAmended { details, at, .. } => {
                self.details.clone_from(details);
                self.updated_at = *at;
            }
            SpaceEvent::ReservationStarted { due, at, .. } => {
                (self.started_at, self.updated_at) = (Some(*due), *at);
            }
            SpaceEvent::ReservationConfirmed { confirmation, at, .. } => {
                self.confirmed_at.get_or_insert(*at);
                if *confirmation == Confirmation::CheckIn {
                    self.checked_in_at.get_or_insert(*at);
                }
                self.updated_at = *at;
            }
            SpaceEvent::ReservationCheckedOut { at, .. } => {
                self.checked_out_at = Some(*at);
                self.finish(Status::Completed, *at, *at);
            }
            SpaceEvent::ReservationCancelled { reason, at, by, .. } => {
                (self.cancelled_by, self.cancellation_reason) = (Some(*by), reason.clone());
                self.finish(Status::Cancelled, *at, *at);
            }
            SpaceEvent::ReservationCompleted { due, at, .. } => self.finish(Status::Completed, *due, *at),
            SpaceEvent::ReservationExpired { due, at, .. } => self.finish(Status::Expired, *due, *at),
            SpaceEvent::ReservationNotTakenUp { due, at, .. } => self.finish(Status::NoShow, *due, *at),
            // Approaching affects only the display; other events concern no reservation.
            _ => {}
        }
    }

    fn finish(&mut self, status: Status, ended_at: Instant, at: Instant) {
        (self.status, self.ended_at, self.updated_at) = (status, Some(ended_at), at);
    }
}
