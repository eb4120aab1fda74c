//! One parking space with its overrides and reservations: one consistency boundary, so that its reservations cannot
//! overlap.
//!
//! A command sees the space with all due changes applied, whether or not the scheduler has run: events due by the
//! command's time come first, in the same decision. Two changes are left to the scheduler: a reservation's approach,
//! because it knows the policy, and the end of an unconfirmed reservation, because it knows whether its vehicle has
//! arrived. Until its release is recorded, such a reservation is open; when its window is over, it is refused as over.

pub mod claims;

mod booking;
mod commands;
mod defining;
mod definition;
mod due;
mod event;
mod overrides;
mod patch;
mod refusal;
mod reservation;
mod reservations;
mod running;

use serde::{Deserialize, Serialize};

use crate::aggregate::{ClaimChange, Decider, aggregate};
use crate::asked::Asked;
use crate::id::{ReservationId, SiteId, TenantId};
use crate::instant::Instant;
use due::Passing;
use overrides::Overrides;
use reservations::Reservations;

pub use booking::{MAX_DURATION, START_GRACE};
pub use commands::{
    AmendReservation, BookReservation, CancelReservation, CheckIn, CheckOut, ClearOverride, ConfirmBySensor,
    CreateSpace, DeleteSpace, PassTime, RescheduleReservation, SetOverride, SetStateByHand, SpaceCommand,
    UpdateSpace,
};
pub use definition::{Definition, StateByHand};
pub use due::{Due, DueTime};
pub use event::SpaceEvent;
pub use overrides::{MAX_OVERRIDES, OverrideKind};
pub use patch::{DefinitionPatch, DetailsPatch};
pub use refusal::{Conflict, SpaceRefusal};
pub use reservation::{Confirmation, Details, PaymentStatus, Reservation, Status, Window};
pub use reservations::{MAX_HOLDING, REMEMBERED};
pub use running::CHECK_IN_GRACE;

/// The state for decisions about a space. After its deletion, only that it is deleted, and whose it was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Space {
    description: Option<Description>,
    deleted: bool,
    /// Of a deleted space, the tenant that owned it: its reservations remain, and can still be amended.
    former_owner: Option<TenantId>,
    by_hand: Option<StateByHand>,
    overrides: Overrides,
    reservations: Reservations,
}

/// The identity and definition of a space, from its creation to its deletion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The tenant that owns it.
    pub tenant_id: TenantId,
    /// The site it belongs to.
    pub site_id: SiteId,
    /// Its code, unique in its site.
    pub code: String,
    /// The remaining fields.
    pub definition: Definition,
    /// Since when the definition has its current auto-release time.
    auto_release_since: Instant,
}

impl Space {
    /// Its description; `None` before its creation and after its deletion.
    pub fn description(&self) -> Option<&Description> {
        self.description.as_ref()
    }

    /// The tenant that owns it, or that owned it until its deletion.
    pub fn owner(&self) -> Option<TenantId> {
        self.description.as_ref().map(|description| description.tenant_id).or(self.former_owner)
    }

    /// True after its deletion.
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// The state last set by hand, if it was not withdrawn. A sensor may have reported since.
    pub fn state_by_hand(&self) -> Option<StateByHand> {
        self.by_hand
    }

    /// A reservation, if it is open or one of the last that are over.
    pub fn reservation(&self, id: ReservationId) -> Option<&Reservation> {
        self.reservations.get(id)
    }

    /// The space with a reservation that was over too long ago to be remembered, from all its events in the log. A
    /// reservation that is over never opens again, so the space decides about it as if it had never forgotten it.
    #[must_use]
    pub fn recalling<'a>(
        mut self,
        id: ReservationId,
        events: impl IntoIterator<Item = &'a SpaceEvent>,
    ) -> Self {
        let mut alone = Self::default();
        events.into_iter().for_each(|event| alone.evolve(event));
        let over = alone.reservations.get(id).filter(|reservation| reservation.status != Status::Active);
        if let Some(reservation) = over.filter(|_| self.reservation(id).is_none()) {
            self.reservations.recall(id, reservation.clone());
        }
        self
    }

    /// The open reservations.
    pub fn holding(&self) -> impl ExactSizeIterator<Item = (ReservationId, &Reservation)> {
        self.reservations.holding()
    }

    /// The open reservations that overlap the window, in order of their start, without the one to reschedule.
    pub fn conflicts(&self, window: &Window, ignoring: Option<ReservationId>) -> Vec<Conflict> {
        self.reservations.conflicts(window, ignoring)
    }

    /// True when it can be booked for the whole window.
    pub fn is_available(&self, window: &Window, ignoring: Option<ReservationId>) -> bool {
        self.is_enabled()
            && self.overrides.overlapping(window).is_empty()
            && self.conflicts(window, ignoring).is_empty()
    }

    fn is_enabled(&self) -> bool {
        self.description.as_ref().is_some_and(|description| description.definition.enabled)
    }

    /// Applies a rule for the caller's tenant, after the events that are due by then.
    fn decide_for(
        &self,
        asked: Asked,
        rule: impl FnOnce(&Self, &Description) -> Result<Vec<SpaceEvent>, SpaceRefusal>,
    ) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let (passed, now) = self.pass_time(asked.at, Passing::UNKNOWING);
        match &now.description {
            Some(description) if description.tenant_id == asked.tenant_id => {
                rule(&now, description).map(|own| after_due(passed, own))
            }
            _ => Err(SpaceRefusal::SpaceNotFound),
        }
    }

    /// As [`Self::decide_for`], for a command on a reservation, which outlives its space.
    fn decide_on_reservation(
        &self,
        asked: Asked,
        rule: impl FnOnce(&Self) -> Result<Vec<SpaceEvent>, SpaceRefusal>,
    ) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        if self.owner() != Some(asked.tenant_id) {
            return Err(SpaceRefusal::SpaceNotFound);
        }
        let (passed, now) = self.pass_time(asked.at, Passing::UNKNOWING);
        rule(&now).map(|own| after_due(passed, own))
    }

    fn replace_definition(&mut self, definition: &Definition, at: Instant) {
        let Some(description) = &mut self.description else { return };
        if description.definition.auto_release_minutes != definition.auto_release_minutes {
            description.auto_release_since = at;
        }
        description.definition = definition.clone();
    }

    fn change(&mut self, id: ReservationId, change: impl FnOnce(&mut Reservation)) {
        if let Some(reservation) = self.reservations.holding_mut(id) {
            change(reservation);
        }
    }
}

/// Puts a command's events after the due ones. A command without effect leaves the due ones to the scheduler.
fn after_due(mut passed: Vec<SpaceEvent>, own: Vec<SpaceEvent>) -> Vec<SpaceEvent> {
    if own.is_empty() {
        return own;
    }
    passed.extend(own);
    passed
}

impl Decider for Space {
    const STATE_VERSION: i32 = 2;

    const EVENTS: &'static [(&'static str, &'static str)] = SpaceEvent::CATALOGUE;

    fn decide(&self, command: &SpaceCommand) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        use SpaceCommand as Command;
        match command.clone() {
            Command::CreateSpace(create) => self.create(*create),
            Command::UpdateSpace(update) => {
                self.decide_for(update.asked, |_, current| current.update(*update))
            }
            Command::DeleteSpace(delete) => {
                self.decide_for(delete.asked, |now, current| now.delete(current, delete))
            }
            Command::SetStateByHand(set) => self.decide_for(set.asked, |now, _| now.set_state_by_hand(set)),
            Command::SetOverride(set) => self.decide_for(set.asked, |now, _| now.set_override(*set)),
            Command::ClearOverride(clear) => {
                self.decide_for(clear.asked, |now, _| now.clear_override(&clear))
            }
            Command::BookReservation(book) => self.decide_for(book.asked, |now, _| now.book(*book)),
            Command::RescheduleReservation(to) => {
                self.decide_on_reservation(to.asked, |now| now.reschedule(&to))
            }
            Command::AmendReservation(amend) => {
                self.decide_on_reservation(amend.asked, |now| now.amend(*amend))
            }
            Command::CancelReservation(cancel) => {
                self.decide_on_reservation(cancel.asked, |now| now.cancel(*cancel))
            }
            Command::CheckIn(check_in) => {
                self.decide_on_reservation(check_in.asked, |now| now.check_in(&check_in))
            }
            Command::CheckOut(check_out) => {
                self.decide_on_reservation(check_out.asked, |now| now.check_out(&check_out))
            }
            Command::ConfirmBySensor(confirm) => {
                let (passed, then) = self.pass_time(confirm.at, Passing::UNKNOWING);
                Ok(after_due(passed, then.confirm_by_sensor(&confirm)))
            }
            Command::PassTime(pass) => Ok(self.pass_time(pass.at, pass.passing()).0),
            Command::PassMoment(pass) => Ok(self.pass_moment(pass.at, pass.passing())),
        }
    }

    fn evolve(&mut self, event: &SpaceEvent) {
        use SpaceEvent as Event;
        match event {
            Event::SpaceCreated { tenant_id, site_id, code, definition, at, .. } => {
                self.description = Some(Description {
                    tenant_id: *tenant_id,
                    site_id: *site_id,
                    code: code.clone(),
                    definition: definition.as_ref().clone(),
                    auto_release_since: *at,
                });
            }
            Event::SpaceUpdated { definition, at, .. } => self.replace_definition(definition, *at),
            Event::SpaceCodeChanged { to, .. } => {
                if let Some(description) = &mut self.description {
                    description.code.clone_from(to);
                }
            }
            Event::SpaceDeleted { .. } => {
                *self = Self { deleted: true, former_owner: self.owner(), ..Self::default() };
            }
            Event::StateSetByHand { state, .. } => {
                self.by_hand = Some(*state).filter(|state| *state != StateByHand::Unknown);
            }

            Event::OverrideSet { override_id, from, until, .. } => {
                self.overrides.set(*override_id, *from, *until);
            }
            Event::OverrideStarted { override_id, .. } => self.overrides.start(*override_id),
            Event::OverrideEnded { override_id, .. } | Event::OverrideCleared { override_id, .. } => {
                self.overrides.forget(*override_id);
            }

            Event::ReservationBooked { reservation_id, window, details, at, .. } => {
                self.reservations.book(*reservation_id, Reservation::booked(*window, details.clone(), *at));
            }
            Event::ReservationRescheduled { reservation_id, to, at, .. } => {
                self.change(*reservation_id, |held| held.reschedule(*to, *at));
            }
            Event::ReservationAmended { reservation_id, details, .. } => {
                if let Some(reservation) = self.reservations.get_mut(*reservation_id) {
                    reservation.details.clone_from(details);
                }
            }
            Event::ReservationApproached { reservation_id, due, .. } => {
                self.change(*reservation_id, |held| held.approach(*due));
            }
            Event::ReservationStarted { reservation_id, .. } => {
                self.change(*reservation_id, Reservation::start);
            }
            Event::ReservationConfirmed { reservation_id, confirmation, .. } => {
                self.change(*reservation_id, |held| held.confirm(*confirmation));
            }
            Event::ReservationCancelled { reservation_id, .. } => {
                self.reservations.end(*reservation_id, Status::Cancelled);
            }
            Event::ReservationCheckedOut { reservation_id, .. }
            | Event::ReservationCompleted { reservation_id, .. } => {
                self.reservations.end(*reservation_id, Status::Completed);
            }
            Event::ReservationExpired { reservation_id, .. } => {
                self.reservations.end(*reservation_id, Status::Expired);
            }
            Event::ReservationNotTakenUp { reservation_id, .. } => {
                self.reservations.end(*reservation_id, Status::NoShow);
            }
        }
    }

    fn claims(event: &SpaceEvent) -> Vec<ClaimChange> {
        claims::of(event)
    }
}

aggregate!(Space, "space", SpaceCommand, SpaceEvent, SpaceRefusal);
