//! Moves and amends a reservation in one append, all or nothing.

use chrono::TimeDelta;
use parking_domain::asked::Asked;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::space::{
    AmendReservation, DetailsPatch, RescheduleReservation, Reservation, Space, SpaceCommand, SpaceEvent,
    SpaceRefusal, Window,
};

use super::guest::GuestPatch;
use crate::bus::ExecuteError;
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;

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

/// The command, with personal data sealed.
pub(super) struct ChangeReservation {
    pub(super) space_id: SpaceId,
    pub(super) reservation_id: ReservationId,
    pub(super) start: Option<Instant>,
    pub(super) end: Option<Instant>,
    pub(super) max_duration: TimeDelta,
    pub(super) details: DetailsPatch,
    pub(super) asked: Asked,
}

impl MultiStreamCommand for ChangeReservation {
    type Lead = Space;
    type Error = ExecuteError<SpaceRefusal>;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id)]
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<SpaceEvent>, Self::Error> {
        let space = work.load::<Space>(&self.space_id.to_string()).await?;
        let window = space.aggregate.reservation(self.reservation_id).map(Reservation::window);
        let commands: Vec<_> = [self.amend(), self.reschedule(window)].into_iter().flatten().collect();
        let refused = |refusal| ExecuteError::Refused { refusal, position: space.position };
        work.decide_all(&space, &commands).map_err(refused)
    }
}

impl ChangeReservation {
    fn reschedule(&self, window: Option<Window>) -> Option<SpaceCommand> {
        // Without a reservation any window will do, because the space refuses it.
        let window = window.unwrap_or(Window { start: self.asked.at, end: self.asked.at });
        let to = Window { start: self.start.unwrap_or(window.start), end: self.end.unwrap_or(window.end) };
        let Self { reservation_id, max_duration, asked, .. } = *self;
        let reschedule = RescheduleReservation { reservation_id, to, max_duration, asked };
        (self.start.is_some() || self.end.is_some())
            .then_some(SpaceCommand::RescheduleReservation(reschedule))
    }

    fn amend(&self) -> Option<SpaceCommand> {
        let Self { reservation_id, asked, .. } = *self;
        let amend = AmendReservation { reservation_id, details: self.details.clone(), asked };
        (self.details != DetailsPatch::default()).then(|| SpaceCommand::AmendReservation(Box::new(amend)))
    }
}
