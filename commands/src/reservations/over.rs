//! Commands on a reservation that was over too long ago for its space to remember it. The log remembers it.

use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::space::{Space, SpaceCommand, SpaceEvent, SpaceRefusal};

use super::Reservations;
use crate::bus::ExecuteError;
use crate::joint::{Done, MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;
use crate::store::{CommandContext, LoadError};

impl Reservations<'_> {
    /// Executes commands on one reservation, as one.
    pub async fn execute(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
        commands: &[SpaceCommand],
        command_context: &CommandContext,
    ) -> Result<Done<Space>, ExecuteError<SpaceRefusal>> {
        match self.spaces.execute_all(&space_id.to_string(), commands, command_context).await {
            Err(ExecuteError::Refused { refusal: SpaceRefusal::ReservationNotFound, .. }) => {
                let recalling = OnRecalled { space_id, reservation_id, commands };
                self.spaces.store().execute(&recalling, command_context).await
            }
            executed => executed.map(Done::from),
        }
    }

    /// The space, with the reservation even if it was over long ago.
    pub(super) async fn space_recalling(
        &self,
        space_id: SpaceId,
        reservation_id: ReservationId,
    ) -> Result<(Space, i64), LoadError> {
        let store = self.spaces.store();
        let space = store.load::<Space>(&space_id.to_string()).await?;
        if space.aggregate.reservation(reservation_id).is_some() {
            return Ok((space.aggregate, space.position));
        }
        let events = store.events_of_part(space_id, reservation_id.uuid()).await?;
        Ok((space.aggregate.recalling(reservation_id, &events), space.position))
    }
}

/// Commands on a reservation that its space may have forgotten.
struct OnRecalled<'a> {
    space_id: SpaceId,
    reservation_id: ReservationId,
    commands: &'a [SpaceCommand],
}

impl MultiStreamCommand for OnRecalled<'_> {
    type Lead = Space;
    type Error = ExecuteError<SpaceRefusal>;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id)]
    }

    /// The space's version is a precondition of the append, so the reservation's events are read after the space.
    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<SpaceEvent>, Self::Error> {
        let mut space = work.load::<Space>(&self.space_id.to_string()).await?;
        let events = work.store().events_of_part(self.space_id, self.reservation_id.uuid()).await?;
        space.aggregate = space.aggregate.recalling(self.reservation_id, &events);
        let position = space.position;
        let decided = work.decide_all(&space, self.commands);
        decided.map_err(|refusal| ExecuteError::Refused { refusal, position })
    }
}
