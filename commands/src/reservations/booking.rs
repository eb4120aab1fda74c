//! Booking of a window: once per request, however often the request is sent.

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::space::{BookReservation, Details, Space, SpaceCommand, SpaceEvent, Window};
use serde::Serialize;

use super::Reservations;
use super::guest::Guest;
use crate::append::{AppendError, RequestKey};
use crate::bus::Executed;
use crate::personal::{PersonalDataError, SealedCommandError};
use crate::store::CommandContext;

/// A booking request.
#[derive(Clone, Debug)]
pub struct Booking {
    /// A new id.
    pub reservation_id: ReservationId,
    /// The space.
    pub space_id: SpaceId,
    /// The window.
    pub window: Window,
    /// The maximum duration.
    pub max_duration: TimeDelta,
    /// The guest.
    pub guest: Guest,
    /// The other details. Sealed fields and the request id are filled in here.
    pub details: Details,
    /// The caller's key for this request: repeated requests with the same key book once.
    pub request_id: Option<String>,
    /// The caller.
    pub asked: Asked,
}

/// A booked reservation. For a repeated request, the original booking.
#[derive(Clone, Debug, PartialEq)]
pub struct Booked {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// Its window.
    pub window: Window,
    /// Its details.
    pub details: Details,
    /// When it was booked.
    pub at: Instant,
    /// The actor that booked it.
    pub by: Actor,
    /// The position from which the read side shows it.
    pub position: i64,
    /// True when the same request was made before.
    pub repeated: bool,
}

/// The content by which requests are compared: everything except the caller and the new id.
#[derive(Serialize)]
struct Content<'a> {
    operation: &'static str,
    space_id: SpaceId,
    window: Window,
    guest: &'a Guest,
    details: &'a Details,
}

impl Reservations<'_> {
    /// Books a window, or returns what the same request booked before. The key is looked up first, because a request
    /// that is repeated after its window has started is still the same request. The key is the booking's; the context
    /// has none.
    pub async fn book(
        &self,
        booking: Booking,
        command_context: CommandContext,
    ) -> Result<Booked, SealedCommandError> {
        let command_context = CommandContext { request: self.request(&booking), ..command_context };
        // Before sealing: the guest of the first request may be forgotten, and sealing again would create another key.
        if let Some(earlier) = self.spaces.earlier(&command_context).await? {
            return booked(earlier);
        }
        let Booking { reservation_id, space_id, window, max_duration, asked, .. } = booking;
        let details = Box::new(self.sealed_details(booking).await?);
        let book = BookReservation { reservation_id, window, max_duration, details, asked };
        let command = SpaceCommand::BookReservation(Box::new(book));
        booked(self.spaces.execute_all(&space_id.to_string(), &[command], &command_context).await?)
    }

    fn request(&self, booking: &Booking) -> Option<RequestKey> {
        let key = booking.request_id.clone()?;
        let Booking { space_id, window, guest, details, .. } = booking;
        let content =
            Content { operation: "book_reservation", space_id: *space_id, window: *window, guest, details };
        let content = serde_json::to_vec(&content).expect("plain data with text keys serialises");
        Some(self.sealer.request_key(booking.asked.tenant_id, key, &content))
    }

    async fn sealed_details(&self, booking: Booking) -> Result<Details, SealedCommandError> {
        let Booking { reservation_id, guest, mut details, request_id, asked, .. } = booking;
        if !guest.is_empty() {
            let email = guest.email.as_deref();
            let subject =
                email.map_or(reservation_id.uuid(), |email| self.sealer.guest(asked.tenant_id, email));
            guest.seal(&self.person(subject, asked).await?, &mut details).map_err(PersonalDataError::from)?;
        }
        details.request_id = request_id;
        Ok(details)
    }
}

/// The booking among the events, which may follow events that were due.
fn booked(executed: Executed<Space>) -> Result<Booked, SealedCommandError> {
    let Executed { position, events, repeated, .. } = executed;
    let booked = events.into_iter().find_map(|event| match event {
        SpaceEvent::ReservationBooked { reservation_id, window, details, at, by, .. } => {
            Some(Booked { reservation_id, window, details: *details, at, by, position, repeated })
        }
        _ => None,
    });
    // A request with this fingerprint booked a window; another result means that the log was tampered with.
    booked.ok_or_else(|| AppendError::Unsettled("the request booked nothing".into()).into())
}
