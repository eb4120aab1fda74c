//! Reservation requests: personal data is sealed here, before the space decides.
//!
//! Check-in and check-out carry no personal data.

mod booking;
mod change;
mod guest;
mod over;

use parking_domain::asked::Asked;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::space::{CancelReservation, Details, Space, SpaceCommand, SpaceRefusal};
use uuid::Uuid;

use crate::bus::{Bus, ExecuteError};
use crate::joint::Done;
use crate::personal::{Field, Person, PersonalDataError, SealedCommandError, Sealer};
use crate::store::CommandContext;

pub use booking::{Booked, Booking};
pub use change::Change;
pub use guest::{Guest, GuestPatch};

/// Executes reservation requests on spaces. Created on demand from the platform's bus and sealer.
#[derive(Clone, Copy)]
pub struct Reservations<'a> {
    spaces: &'a Bus<Space>,
    sealer: &'a Sealer,
}

impl<'a> Reservations<'a> {
    /// Uses the spaces' bus; `sealer` seals personal data.
    pub fn new(spaces: &'a Bus<Space>, sealer: &'a Sealer) -> Self {
        Self { spaces, sealer }
    }

    /// Cancels a reservation. The reason may contain names, so it is sealed.
    pub async fn cancel(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
        reason: Option<&str>,
        asked: Asked,
        command_context: &CommandContext,
    ) -> Result<Done<Space>, SealedCommandError> {
        // Before sealing: the guest of the first request may have been forgotten since.
        if let Some(earlier) = self.spaces.earlier(command_context).await? {
            return Ok(earlier.into());
        }
        let reason = match reason {
            None => None,
            Some(reason) => {
                let details = self.details_of(space_id, reservation_id, asked).await?;
                let person = self.person(subject_of(reservation_id, &details), asked).await?;
                Some(person.seal(Field::CANCELLATION_REASON, reason).map_err(PersonalDataError::from)?)
            }
        };
        let cancel = CancelReservation { reservation_id, reason, asked };
        let command = SpaceCommand::CancelReservation(Box::new(cancel));
        Ok(self.execute(space_id, reservation_id, &[command], command_context).await?)
    }

    /// The details of the tenant's reservation.
    async fn details_of(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
        asked: Asked,
    ) -> Result<Details, SealedCommandError> {
        let (space, position) = self.space_recalling(space_id, reservation_id).await?;
        let refused = |refusal| ExecuteError::Refused { refusal, position };
        if space.owner() != Some(asked.tenant_id) {
            return Err(refused(SpaceRefusal::SpaceNotFound).into());
        }
        let reservation = space.reservation(reservation_id);
        let reservation = reservation.ok_or_else(|| refused(SpaceRefusal::ReservationNotFound))?;
        Ok(reservation.details().clone())
    }

    async fn person(&self, subject: Uuid, asked: Asked) -> Result<Person<'a>, PersonalDataError> {
        self.sealer.person(Some(asked.tenant_id), subject).await
    }
}

/// The subject whose key seals the reservation's texts: the guest with its e-mail, else the reservation itself.
fn subject_of(reservation_id: ReservationId, details: &Details) -> Uuid {
    details.user_email.as_ref().map_or(reservation_id.uuid(), |sealed| sealed.subject)
}
