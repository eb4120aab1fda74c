//! Reservation requests: personal data is sealed here, before the space decides.
//!
//! Check-in and check-out carry no personal data; they are plain commands of the bus.

mod booking;
mod change;
mod guest;

use parking_domain::asked::Asked;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::space::{CancelReservation, Space, SpaceCommand, SpaceRefusal};
use uuid::Uuid;

use crate::bus::{Bus, ExecuteError, Executed};
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
    ) -> Result<Executed<Space>, SealedCommandError> {
        // Before sealing: the guest of the first request may have been forgotten since.
        if let Some(earlier) = self.spaces.earlier(command_context).await? {
            return Ok(earlier);
        }
        let reason = match reason {
            None => None,
            Some(reason) => {
                let subject = self.subject_of(space_id, reservation_id, asked).await?;
                let person = self.person(subject, asked).await?;
                Some(person.seal(Field::CANCELLATION_REASON, reason).map_err(PersonalDataError::from)?)
            }
        };
        let cancel = CancelReservation { reservation_id, reason, asked };
        let command = SpaceCommand::CancelReservation(Box::new(cancel));
        Ok(self.spaces.execute(&space_id.to_string(), &command, command_context).await?)
    }

    /// The subject whose key seals the reservation's texts: the guest with the given e-mail, else the reservation
    /// itself.
    async fn subject_of(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
        asked: Asked,
    ) -> Result<Uuid, SealedCommandError> {
        let space = self.spaces.store().load::<Space>(&space_id.to_string()).await?;
        let refused = |refusal| ExecuteError::Refused { refusal, position: space.position };
        if space.aggregate.description().is_none_or(|space| space.tenant_id != asked.tenant_id) {
            return Err(refused(SpaceRefusal::SpaceNotFound).into());
        }
        let reservation = space.aggregate.reservation(reservation_id);
        let reservation = reservation.ok_or_else(|| refused(SpaceRefusal::ReservationNotFound))?;
        let email = reservation.details().user_email.as_ref();
        Ok(email.map_or(reservation_id.uuid(), |sealed| sealed.subject))
    }

    async fn person(&self, subject: Uuid, asked: Asked) -> Result<Person<'a>, PersonalDataError> {
        self.sealer.person(Some(asked.tenant_id), subject).await
    }
}
