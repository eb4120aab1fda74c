//! Moves and amends a reservation in one append, all or nothing.

use chrono::TimeDelta;
use parking_domain::asked::Asked;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::space::{AmendReservation, DetailsPatch, RescheduleReservation, Space, SpaceCommand};

use super::guest::{Guest, GuestPatch};
use super::{Reservations, subject_of};
use crate::joint::Done;
use crate::personal::{PersonalDataError, SealedCommandError};
use crate::store::CommandContext;

/// A change of a reservation. Window ends that are absent are unchanged.
#[derive(Clone, Debug)]
pub struct Change {
    /// The new start.
    pub start: Option<Instant>,
    /// The new end.
    pub end: Option<Instant>,
    /// The maximum duration.
    pub max_duration: TimeDelta,
    /// The changes of the guest's data.
    pub guest: GuestPatch,
    /// The other changes. Sealed fields are filled in here.
    pub details: DetailsPatch,
}

impl Reservations<'_> {
    /// Changes a reservation's window, its details, or both, in one append.
    pub async fn change(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
        change: Change,
        asked: Asked,
        command_context: &CommandContext,
    ) -> Result<Done<Space>, SealedCommandError> {
        // Before sealing: the guest of the first request may have been forgotten since.
        if let Some(earlier) = self.spaces.earlier(command_context).await? {
            return Ok(earlier.into());
        }
        let Change { start, end, max_duration, guest, mut details } = change;
        let amends = !guest.is_empty() || details != DetailsPatch::default();
        if !guest.is_empty() {
            let known = self.details_of(space_id, reservation_id, asked).await?;
            let subject = match guest.email() {
                Some(email) => self.sealer.guest(asked.tenant_id, email),
                None => subject_of(reservation_id, &known),
            };
            // Sealed again, the same text would look like another one. What was sealed for another guest is sealed again.
            let guest = guest.without_known(&Guest::of(&known, subject, self.sealer).await?);
            if !guest.is_empty() {
                let person = self.person(subject, asked).await?;
                guest.seal(&person, &mut details).map_err(PersonalDataError::from)?;
            }
        }
        let mut commands = Vec::new();
        if amends {
            let amend = AmendReservation { reservation_id, details, asked };
            commands.push(SpaceCommand::AmendReservation(Box::new(amend)));
        }
        if start.is_some() || end.is_some() {
            let reschedule = RescheduleReservation { reservation_id, start, end, max_duration, asked };
            commands.push(SpaceCommand::RescheduleReservation(reschedule));
        }
        Ok(self.execute(space_id, reservation_id, &commands, command_context).await?)
    }
}
