//! A window is booked: once for each request, however often it is sent.

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::space::{Asked, BookReservation, Details, Space, SpaceCommand, SpaceEvent, Window};
use serde::Serialize;

use super::guest::Guest;
use super::{ReservationError, Reservations};
use crate::append::{AppendError, RequestKey};
use crate::personal::PersonalDataError;
use crate::store::Circumstances;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Booking {
    /// A new id.
    pub reservation_id: ReservationId,
    /// The space.
    pub space_id: SpaceId,
    /// From when until when.
    pub window: Window,
    /// The longest that it may be.
    pub max_duration: TimeDelta,
    /// Whom it is for.
    pub guest: Guest,
    /// What else is kept with it. Its sealed fields and its key are filled in here.
    pub details: Details,
    /// The caller's key for this request: asked again under it, it is booked once.
    pub request_id: Option<String>,
    /// Who asks.
    pub asked: Asked,
}

/// What was booked. Of a request that was made before: what it booked then.
#[derive(Clone, Debug, PartialEq)]
pub struct Booked {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// Its window.
    pub window: Window,
    /// What is kept with it.
    pub details: Details,
    /// When it was booked.
    pub at: Instant,
    /// Who booked it.
    pub by: Actor,
    /// The position at or after which the read side shows it.
    pub position: i64,
    /// True when the same request was made before.
    pub repeated: bool,
}

/// What makes two requests the same: all that was said, but neither who said it nor the id it was given.
#[derive(Serialize)]
struct Content<'a> {
    operation: &'static str,
    space_id: SpaceId,
    window: Window,
    guest: &'a Guest,
    details: &'a Details,
}

impl Reservations<'_> {
    /// Books a window, or answers what the same request booked before. The key is looked at first: a request that is
    /// repeated when its window has begun is still the same request.
    pub async fn book(
        &self,
        booking: Booking,
        circumstances: Circumstances,
    ) -> Result<Booked, ReservationError> {
        let request = self.request(&booking);
        if let Some(request) = &request
            && let Some(earlier) = self.spaces.store().find_request::<Space>(request).await?
        {
            return booked(earlier.events, earlier.position, true);
        }
        let Booking { reservation_id, space_id, window, max_duration, asked, .. } = booking;
        let details = Box::new(self.sealed_details(booking).await?);
        let book = BookReservation { reservation_id, window, max_duration, details, asked };
        let command = SpaceCommand::BookReservation(Box::new(book));
        let circumstances = Circumstances { request, ..circumstances };
        let executed = self.spaces.execute(&space_id.to_string(), &command, &circumstances).await?;
        booked(executed.events, executed.position, executed.repeated)
    }

    fn request(&self, booking: &Booking) -> Option<RequestKey> {
        let key = booking.request_id.clone()?;
        let Booking { space_id, window, guest, details, .. } = booking;
        let content =
            Content { operation: "book_reservation", space_id: *space_id, window: *window, guest, details };
        let content = serde_json::to_vec(&content).expect("plain data with text keys serialises");
        let fingerprint = self.sealer.fingerprint(&content);
        Some(RequestKey { tenant_id: booking.asked.tenant_id.uuid(), key, fingerprint })
    }

    async fn sealed_details(&self, booking: Booking) -> Result<Details, ReservationError> {
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

/// The booking among the events: before it may stand what time had brought to the space.
fn booked(events: Vec<SpaceEvent>, position: i64, repeated: bool) -> Result<Booked, ReservationError> {
    let booked = events.into_iter().find_map(|event| match event {
        SpaceEvent::ReservationBooked { reservation_id, window, details, at, by, .. } => {
            Some(Booked { reservation_id, window, details: *details, at, by, position, repeated })
        }
        _ => None,
    });
    // A request of this fingerprint booked something: another finding means that the log was tampered with.
    booked.ok_or_else(|| AppendError::Unsettled("the request booked nothing".into()).into())
}
