//! One space: the state that determines what is shown, and the decision.

use serde::{Deserialize, Serialize};

use super::reservations::Reservations;
use super::sensor::{ReadingOutcome, Sensor};
use super::shown::{Presence, Reason, Rule, Shown};
use crate::id::{OverrideId, ReservationId, SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::lorawan::DevEui;
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

    /// What was last shown, and since when.
    pub fn last_shown(&self) -> (Shown, Instant) {
        (self.last, self.changed_at)
    }

    /// The running, unconfirmed reservation for which the sensor saw a vehicle arrive, and when.
    pub fn unconfirmed_arrival(&self) -> Option<(ReservationId, Instant)> {
        self.reservations.unconfirmed_arrival()
    }

    /// What is shown of the space under this policy.
    pub fn shown(&self, policy: &Policy) -> Shown {
        self.rule(policy.allow_sensor_override).shown(policy)
    }

    /// The first rule whose condition holds.
    fn rule(&self, sensor_confirms: bool) -> Rule {
        if self.has_override(OverrideKind::OutOfService) {
            Rule::OutOfService(Reason::OutOfService)
        } else if self.manual == Some(ManualState::Maintenance) {
            Rule::OutOfService(Reason::ByHand)
        } else if self.has_override(OverrideKind::Blocked) {
            Rule::Blocked
        } else if self.reservations.is_reserved(sensor_confirms) {
            Rule::Reserved(Reason::ReservationRunning)
        } else if self.manual == Some(ManualState::Reserved) {
            Rule::Reserved(Reason::ByHand)
        } else if self.reservations.is_reserved_soon(sensor_confirms) {
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

    /// Applies an event of its stream; false if the event does not affect what is shown.
    pub(super) fn evolve(&mut self, event: &SpaceEvent) -> bool {
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
            SpaceEvent::ReservationRescheduled { reservation_id, from, to, .. } => {
                if from.start != to.start {
                    self.reservations.reset(*reservation_id);
                }
            }
            SpaceEvent::ReservationApproached { reservation_id, .. } => {
                self.reservations.approach(*reservation_id);
            }
            SpaceEvent::ReservationStarted { reservation_id, due, .. } => {
                let occupied_sensor =
                    self.sensor.filter(|sensor| sensor.presence == Some(Presence::Occupied));
                self.reservations.start(
                    *reservation_id,
                    *due,
                    occupied_sensor.and_then(|sensor| sensor.since),
                );
            }
            SpaceEvent::ReservationConfirmed { reservation_id, confirmation, .. } => {
                self.reservations.confirm(*reservation_id, *confirmation);
            }
            SpaceEvent::ReservationCheckedOut { reservation_id, .. } => self.check_out(*reservation_id),
            SpaceEvent::ReservationCancelled { reservation_id, .. }
            | SpaceEvent::ReservationCompleted { reservation_id, .. }
            | SpaceEvent::ReservationExpired { reservation_id, .. }
            | SpaceEvent::ReservationNotTakenUp { reservation_id, .. } => {
                self.reservations.end(*reservation_id);
            }
            SpaceEvent::SpaceCreated { .. }
            | SpaceEvent::SpaceCodeChanged { .. }
            | SpaceEvent::SpaceDeleted { .. }
            | SpaceEvent::ReservationBooked { .. }
            | SpaceEvent::ReservationAmended { .. } => return false,
        }
        true
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
    fn check_out(&mut self, id: ReservationId) {
        let checked_in = self.reservations.end(id);
        let unwatched = self.sensor.is_none_or(|sensor| sensor.presence.is_none());
        if checked_in && unwatched && matches!(self.manual, None | Some(ManualState::Word(_))) {
            self.manual = Some(ManualState::CheckedOut);
        }
    }

    fn remove_override(&mut self, id: OverrideId) {
        self.overrides.retain(|set| set.id != id);
    }

    /// Assigns a sensor, with its last presence.
    pub(super) fn assign(&mut self, dev_eui: DevEui, silent: bool, presence: Option<Presence>, at: Instant) {
        self.sensor = Some(Sensor::new(dev_eui));
        self.resume(dev_eui, silent, presence, at);
    }

    /// Resumes an assigned sensor after a time in which it was disabled.
    pub(super) fn resume(&mut self, dev_eui: DevEui, silent: bool, presence: Option<Presence>, at: Instant) {
        let at = self.effective(at);
        let Some(sensor) = self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui) else { return };
        sensor.silent = silent;
        if let Some(presence) = presence {
            sensor.set_presence(presence, at);
            self.clear_manual_presence();
        }
    }

    /// Unassigns a sensor and drops its presence; false if it is not assigned here.
    pub(super) fn unassign(&mut self, dev_eui: DevEui) -> bool {
        let here = self.sensor.is_some_and(|sensor| sensor.dev_eui == dev_eui);
        if here {
            self.sensor = None;
        }
        here
    }

    /// Applies a sensor report; returns whether the state changed.
    pub(super) fn apply_report(
        &mut self,
        dev_eui: DevEui,
        presence: Option<Presence>,
        at: Instant,
        policy: &Policy,
    ) -> bool {
        let effective = self.effective(at);
        let before = (self.sensor, self.manual);
        let Some(sensor) = self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui) else {
            return false;
        };
        sensor.silent = false;
        match presence.map(|presence| (presence, sensor.apply_reading(presence, at, effective, policy))) {
            None | Some((_, ReadingOutcome::Unconfirmed)) => {}
            Some((Presence::Occupied, ReadingOutcome::Changed)) => {
                self.clear_manual_presence();
                self.reservations.record_arrival(effective);
            }
            Some((_, ReadingOutcome::Unchanged | ReadingOutcome::Changed)) => self.clear_manual_presence(),
        }
        before != (self.sensor, self.manual)
    }

    /// Marks its sensor silent; false if it is not assigned here, or was silent before.
    pub(super) fn fall_silent(&mut self, dev_eui: DevEui) -> bool {
        match self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui && !sensor.silent) {
            Some(sensor) => {
                sensor.silent = true;
                true
            }
            None => false,
        }
    }

    /// Clears a manual presence, which a newer sensor report replaces.
    fn clear_manual_presence(&mut self) {
        self.manual =
            self.manual.filter(|state| matches!(state, ManualState::Reserved | ManualState::Maintenance));
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
