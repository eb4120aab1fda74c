//! Reservations as people make them: what is personal in a request is sealed here, before the space decides.
//!
//! Checking in and checking out say nothing personal: they are plain commands of the bus.

mod booking;
mod change;
mod guest;

use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::space::{Asked, CancelReservation, Space, SpaceCommand, SpaceRefusal};
use uuid::Uuid;

use crate::append::AppendError;
use crate::bus::{Bus, ExecuteError, Executed};
use crate::joint::Done;
use crate::personal::{Field, Person, PersonalDataError, Sealer};
use crate::store::{Circumstances, FindRequestError, LoadError};
use change::ChangeReservation;

pub use booking::{Booked, Booking};
pub use change::Change;
pub use guest::{Guest, GuestPatch};

/// Why a reservation was not made or not changed. Nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub enum ReservationError {
    /// The space refused, or the log could not be reached.
    #[error(transparent)]
    Execute(#[from] ExecuteError<SpaceRefusal>),
    /// What is personal could not be sealed.
    #[error(transparent)]
    PersonalData(#[from] PersonalDataError),
}

impl From<LoadError> for ReservationError {
    fn from(error: LoadError) -> Self {
        Self::Execute(error.into())
    }
}

impl From<AppendError> for ReservationError {
    fn from(error: AppendError) -> Self {
        Self::Execute(error.into())
    }
}

impl From<FindRequestError> for ReservationError {
    fn from(error: FindRequestError) -> Self {
        Self::Execute(error.into())
    }
}

/// Takes what people ask about reservations to the spaces. Made when it is needed, of what the platform has once.
#[derive(Clone, Copy)]
pub struct Reservations<'a> {
    spaces: &'a Bus<Space>,
    sealer: &'a Sealer,
}

impl<'a> Reservations<'a> {
    /// Over the spaces' bus; what is personal is sealed by `sealer`.
    pub fn new(spaces: &'a Bus<Space>, sealer: &'a Sealer) -> Self {
        Self { spaces, sealer }
    }

    /// Changes a reservation: its window, what is kept with it, or both at once.
    pub async fn change(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
        change: Change,
        asked: Asked,
        circumstances: &Circumstances,
    ) -> Result<Done<Space>, ReservationError> {
        let Change { start, end, max_duration, guest, mut details } = change;
        if !guest.is_empty() {
            let subject = match guest.email() {
                Some(email) => self.sealer.guest(asked.tenant_id, email),
                None => self.subject_of(space_id, reservation_id, asked).await?,
            };
            guest.seal(&self.person(subject, asked).await?, &mut details).map_err(PersonalDataError::from)?;
        }
        let change = ChangeReservation { space_id, reservation_id, start, end, max_duration, details, asked };
        Ok(self.spaces.store().execute(&change, circumstances).await?)
    }

    /// Gives a reservation up. The reason is for people and may name some, so it is sealed.
    pub async fn cancel(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
        reason: Option<&str>,
        asked: Asked,
        circumstances: &Circumstances,
    ) -> Result<Executed<Space>, ReservationError> {
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
        Ok(self.spaces.execute(&space_id.to_string(), &command, circumstances).await?)
    }

    /// Under whose key the reservation's texts are: the guest's who gave an e-mail, else its own.
    async fn subject_of(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
        asked: Asked,
    ) -> Result<Uuid, ReservationError> {
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
