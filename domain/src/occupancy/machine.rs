//! One space: the state that determines what is shown, and the decision.

mod sensing;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::reservations::{Ended, Reservations};
use super::sensor::Sensor;
use super::shown::{Presence, Reason, Rule, Shown};
use super::stay::Stay;
use crate::id::{OverrideId, ReservationId, SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::policy::{Policy, PolicyOverrides};
use crate::space::{OverrideKind, SpaceEvent, StateByHand};

/// The state of one space. [`shown`](Self::shown) decides from it and the policy in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceMachine {
    space_id: SpaceId,
    tenant_id: TenantId,
    site_id: SiteId,
    own: PolicyOverrides,
    overrides: Vec<Override>,
    reservations: Reservations,
    #[serde(rename = "told")]
    manual: Option<ManualState>,
    sensor: Option<Sensor>,
    /// The last stay; it may be over.
    stay: Option<Stay>,
    /// Stays before it that the event that is being applied gave to another reservation.
    #[serde(skip)]
    corrected: Vec<Stay>,
    last: Shown,
    changed_at: Instant,
}

/// An override that is set; it shows once it has started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Override {
    id: OverrideId,
    kind: OverrideKind,
    running: bool,
}

/// The state set by a person, until something newer replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ManualState {
    /// By hand: a vehicle is present or not.
    Word(Presence),
    /// By checking out: no vehicle is present any more.
    CheckedOut,
    /// By hand: reserved.
    Reserved,
    /// By hand: out of use.
    Maintenance,
}

impl SpaceMachine {
    /// A new space without reports.
    pub fn new(
        space_id: SpaceId,
        tenant_id: TenantId,
        site_id: SiteId,
        own: PolicyOverrides,
        at: Instant,
        policy: &Policy,
    ) -> Self {
        Self {
            space_id,
            tenant_id,
            site_id,
            own,
            overrides: Vec::new(),
            reservations: Reservations::default(),
            manual: None,
            sensor: None,
            stay: None,
            corrected: Vec::new(),
            last: Rule::NothingKnown.shown(policy),
            changed_at: at,
        }
    }

    /// Its id.
    pub fn space_id(&self) -> SpaceId {
        self.space_id
    }

    /// The tenant that owns it.
    pub fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }

    /// The site it belongs to.
    pub fn site_id(&self) -> SiteId {
        self.site_id
    }

    /// Its overrides of its site's policy.
    pub fn own_policy(&self) -> &PolicyOverrides {
        &self.own
    }

    /// The assigned sensor, with its presence.
    pub fn sensor(&self) -> Option<&Sensor> {
        self.sensor.as_ref()
    }

    /// The last stay; it may be over.
    pub fn stay(&self) -> Option<&Stay> {
        self.stay.as_ref()
    }

    /// What was last shown, and since when.
    pub fn last_shown(&self) -> (Shown, Instant) {
        (self.last, self.changed_at)
    }

    /// The running, unconfirmed reservation whose own stay has begun, and since when its vehicle has been there for it.
    pub fn unconfirmed_arrival(&self) -> Option<(ReservationId, Instant)> {
        self.reservations.unconfirmed_arrival()
    }

    /// What is shown of the space under this policy.
    pub fn shown(&self, policy: &Policy) -> Shown {
        self.rule(policy.reserved_soon()).shown(policy)
    }

    /// The first rule whose condition holds.
    fn rule(&self, reserved_soon: TimeDelta) -> Rule {
        if self.has_override(OverrideKind::OutOfService) {
            Rule::OutOfService(Reason::OutOfService)
        } else if self.manual == Some(ManualState::Maintenance) {
            Rule::OutOfService(Reason::ByHand)
        } else if self.has_override(OverrideKind::Blocked) {
            Rule::Blocked
        } else if self.reservations.is_reserved() {
            Rule::Reserved(Reason::ReservationRunning)
        } else if self.manual == Some(ManualState::Reserved) {
            Rule::Reserved(Reason::ByHand)
        } else if self.reservations.is_reserved_soon(reserved_soon) {
            Rule::ReservedSoon
        } else {
            self.latest_presence()
        }
    }

    /// Levels 5 to 7. A manual presence is kept only until the sensor's next report, so it is newer than the sensor's.
    fn latest_presence(&self) -> Rule {
        let sensed = self.sensor.and_then(|sensor| Some((sensor.presence?, sensor.silent)));
        match (self.manual, sensed) {
            _ if sensed.is_none() && self.reservations.is_checked_in() => {
                Rule::Latest(Presence::Occupied, Reason::CheckedIn)
            }
            (Some(ManualState::Word(presence)), _) => Rule::Latest(presence, Reason::ByHand),
            (Some(ManualState::CheckedOut), None) => Rule::Latest(Presence::Free, Reason::CheckedOut),
            (_, Some((presence, false))) => Rule::Latest(presence, Reason::Sensor),
            (_, Some((presence, true))) => Rule::LastKnown(presence),
            (_, None) => Rule::NothingKnown,
        }
    }

    fn has_override(&self, kind: OverrideKind) -> bool {
        self.overrides.iter().any(|set| set.running && set.kind == kind)
    }

    /// Applies an event of its stream; false if the event does not affect the state.
    pub(super) fn evolve(&mut self, event: &SpaceEvent, policy: &Policy) -> bool {
        match event {
            SpaceEvent::SpaceUpdated { definition, .. } => self.own = definition.policy,
            SpaceEvent::StateSetByHand { state, .. } => self.set_by_hand(*state),
            SpaceEvent::OverrideSet { override_id, kind, .. } => {
                self.remove_override(*override_id);
                self.overrides.push(Override { id: *override_id, kind: *kind, running: false });
            }
            SpaceEvent::OverrideStarted { override_id, .. } => {
                let set = self.overrides.iter_mut().filter(|set| set.id == *override_id);
                set.for_each(|set| set.running = true);
            }
            SpaceEvent::OverrideEnded { override_id, .. }
            | SpaceEvent::OverrideCleared { override_id, .. } => self.remove_override(*override_id),
            SpaceEvent::ReservationBooked { reservation_id, window, at, .. } => {
                self.reservations.book(*reservation_id, *window, *at, self.current_stay());
                self.give_current_stay(policy);
            }
            SpaceEvent::ReservationRescheduled { reservation_id, from, to, .. } if from.start == to.start => {
                self.reservations.prolong(*reservation_id, *to);
            }
            SpaceEvent::ReservationRescheduled { reservation_id, to, at, .. } => {
                self.reservations.move_to(*reservation_id, *to, *at, self.current_stay());
                self.take_stay_from(*reservation_id);
                self.give_current_stay(policy);
            }
            SpaceEvent::ReservationApproached { reservation_id, due, .. } => {
                self.reservations.approach(*reservation_id, *due);
            }
            SpaceEvent::ReservationStarted { reservation_id, due, .. } => {
                self.reservations.start(*reservation_id, *due);
            }
            SpaceEvent::ReservationConfirmed { reservation_id, confirmation, at, .. } => {
                self.reservations.confirm(*reservation_id, *confirmation, *at);
            }
            SpaceEvent::ReservationCheckedOut { reservation_id, at, .. } => {
                self.check_out(*reservation_id, *at, policy);
            }
            SpaceEvent::ReservationCancelled { reservation_id, at, .. } => {
                self.cancel(*reservation_id, *at, policy);
            }
            SpaceEvent::ReservationCompleted { reservation_id, due, .. }
            | SpaceEvent::ReservationExpired { reservation_id, due, .. }
            | SpaceEvent::ReservationNotTakenUp { reservation_id, due, .. } => {
                let stay = self.reservations.end(*reservation_id).and_then(|ended| ended.stay);
                self.reconsider_stay(stay, *due, policy);
            }
            SpaceEvent::SpaceCreated { .. }
            | SpaceEvent::SpaceCodeChanged { .. }
            | SpaceEvent::SpaceDeleted { .. }
            | SpaceEvent::ReservationAmended { .. } => return false,
        }
        true
    }

    /// Considers at a moment which reservations approach, because the policy may have changed; false if there are none.
    pub(super) fn consider_approaches(&mut self, at: Instant) -> bool {
        self.reservations.consider_all(at)
    }

    fn set_by_hand(&mut self, state: StateByHand) {
        self.manual = match state {
            StateByHand::Free => Some(ManualState::Word(Presence::Free)),
            StateByHand::Occupied => Some(ManualState::Word(Presence::Occupied)),
            StateByHand::Reserved => Some(ManualState::Reserved),
            StateByHand::Maintenance => Some(ManualState::Maintenance),
            StateByHand::Unknown => None,
        };
        self.reservations.set_outweighed(matches!(self.manual, Some(ManualState::Word(_))));
    }

    /// A check-out means that the space is free. A sensor that reports needs no such hint.
    fn check_out(&mut self, id: ReservationId, at: Instant, policy: &Policy) {
        let ended = self.reservations.end(id);
        let checked_in = ended.as_ref().is_some_and(|ended| ended.checked_in);
        let unwatched = self.sensor.is_none_or(|sensor| sensor.presence.is_none());
        if checked_in && unwatched && matches!(self.manual, None | Some(ManualState::Word(_))) {
            self.manual = Some(ManualState::CheckedOut);
        }
        self.reconsider_stay(ended.and_then(|ended| ended.stay), at, policy);
    }

    /// A reservation that is cancelled before its start leaves the vehicle to others.
    fn cancel(&mut self, id: ReservationId, at: Instant, policy: &Policy) {
        let Some(Ended { start, stay, .. }) = self.reservations.end(id) else { return };
        if at < start && self.take_stay_from(id) {
            self.give_stay(policy);
        } else {
            self.reconsider_stay(stay, at, policy);
        }
    }

    fn remove_override(&mut self, id: OverrideId) {
        self.overrides.retain(|set| set.id != id);
    }

    /// Time never runs backwards within a space.
    pub(super) fn effective(&self, at: Instant) -> Instant {
        self.changed_at.max(at)
    }

    /// Updates what is shown; returns what was shown before, what is shown now, and the time of the change, if it
    /// changed.
    pub(super) fn show(&mut self, policy: &Policy, at: Instant) -> Option<(Shown, Shown, Instant)> {
        let (from, to) = (self.last, self.shown(policy));
        if from == to {
            return None;
        }
        self.changed_at = self.effective(at);
        self.last = to;
        Some((from, to, self.changed_at))
    }
}
