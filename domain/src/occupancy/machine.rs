//! One space: everything known of it that decides what is shown, and the decision.

use serde::{Deserialize, Serialize};

use super::reservations::Reservations;
use super::sensor::{Said, Sensor};
use super::shown::{Ground, Reason, Shown, Word};
use crate::id::{OverrideId, ReservationId, SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::policy::{Policy, PolicyOverrides};
use crate::space::{OverrideKind, SpaceEvent, StateByHand};

/// What is known of one space. Its decision, [`shown`](Self::shown), needs nothing else but the policy in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceMachine {
    space_id: SpaceId,
    tenant_id: TenantId,
    site_id: SiteId,
    own: PolicyOverrides,
    overrides: Vec<Override>,
    reservations: Reservations,
    told: Option<Told>,
    sensor: Option<Sensor>,
    last: Shown,
    changed_at: Instant,
}

/// An override that is set: it shows once it has started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Override {
    id: OverrideId,
    kind: OverrideKind,
    running: bool,
}

/// What a person said of the space, until something newer is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    /// By hand: something or nothing is there.
    Word(Word),
    /// By checking out: nothing is there any more.
    CheckedOut,
    /// By hand: kept for somebody.
    Reserved,
    /// By hand: not to be used.
    Maintenance,
}

impl SpaceMachine {
    /// A space of which nothing is known.
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
            told: None,
            sensor: None,
            last: Ground::Nothing.shown(policy),
            changed_at: at,
        }
    }

    /// Which space it is.
    pub fn space_id(&self) -> SpaceId {
        self.space_id
    }

    /// Whose it is.
    pub fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }

    /// Where it is.
    pub fn site_id(&self) -> SiteId {
        self.site_id
    }

    /// What it decides otherwise than its site.
    pub fn own_policy(&self) -> &PolicyOverrides {
        &self.own
    }

    /// The sensor assigned to it, with its word.
    pub fn sensor(&self) -> Option<&Sensor> {
        self.sensor.as_ref()
    }

    /// What was last shown, and since when.
    pub fn last_shown(&self) -> (Shown, Instant) {
        (self.last, self.changed_at)
    }

    /// The reservation that runs unconfirmed although the sensor saw a vehicle come, and when it came.
    pub fn unconfirmed_arrival(&self) -> Option<(ReservationId, Instant)> {
        self.reservations.unconfirmed_arrival()
    }

    /// What is to be shown of the space under this policy.
    pub fn shown(&self, policy: &Policy) -> Shown {
        self.ground(policy.allow_sensor_override).shown(policy)
    }

    /// The first level whose condition holds.
    fn ground(&self, sensor_confirms: bool) -> Ground {
        if self.overridden(OverrideKind::OutOfService) {
            Ground::OutOfService(Reason::OutOfService)
        } else if self.told == Some(Told::Maintenance) {
            Ground::OutOfService(Reason::ByHand)
        } else if self.overridden(OverrideKind::Blocked) {
            Ground::Blocked
        } else if self.reservations.is_reserved(sensor_confirms) {
            Ground::Reserved(Reason::ReservationRunning)
        } else if self.told == Some(Told::Reserved) {
            Ground::Reserved(Reason::ByHand)
        } else if self.reservations.is_reserved_soon(sensor_confirms) {
            Ground::ReservedSoon
        } else {
            self.latest_word()
        }
    }

    /// Levels 5 to 7. What a person said is kept only until the sensor's next word, so it is the later one.
    fn latest_word(&self) -> Ground {
        let word = self.sensor.and_then(|sensor| Some((sensor.word?, sensor.silent)));
        match (self.told, word) {
            _ if word.is_none() && self.reservations.is_checked_in() => {
                Ground::Latest(Word::Occupied, Reason::CheckedIn)
            }
            (Some(Told::Word(told)), _) => Ground::Latest(told, Reason::ByHand),
            (Some(Told::CheckedOut), None) => Ground::Latest(Word::Free, Reason::CheckedOut),
            (_, Some((word, false))) => Ground::Latest(word, Reason::Sensor),
            (_, Some((word, true))) => Ground::Last(word),
            (_, None) => Ground::Nothing,
        }
    }

    fn overridden(&self, kind: OverrideKind) -> bool {
        self.overrides.iter().any(|set| set.running && set.kind == kind)
    }

    /// Takes an event of its stream; false if the event decides nothing here.
    pub(super) fn evolve(&mut self, event: &SpaceEvent) -> bool {
        match event {
            SpaceEvent::SpaceUpdated { definition, .. } => self.own = definition.policy,
            SpaceEvent::StateSetByHand { state, .. } => self.set_by_hand(*state),
            SpaceEvent::OverrideSet { override_id, kind, .. } => {
                self.forget_override(*override_id);
                self.overrides.push(Override { id: *override_id, kind: *kind, running: false });
            }
            SpaceEvent::OverrideStarted { override_id, .. } => {
                let set = self.overrides.iter_mut().filter(|set| set.id == *override_id);
                set.for_each(|set| set.running = true);
            }
            SpaceEvent::OverrideEnded { override_id, .. }
            | SpaceEvent::OverrideCleared { override_id, .. } => self.forget_override(*override_id),
            SpaceEvent::ReservationRescheduled { reservation_id, from, to, .. } => {
                if from.start != to.start {
                    self.reservations.start_anew(*reservation_id);
                }
            }
            SpaceEvent::ReservationApproached { reservation_id, .. } => {
                self.reservations.approach(*reservation_id);
            }
            SpaceEvent::ReservationStarted { reservation_id, due, .. } => {
                let parked = self.sensor.filter(|sensor| sensor.word == Some(Word::Occupied));
                self.reservations.start(*reservation_id, *due, parked.and_then(|sensor| sensor.since));
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
        self.told = match state {
            StateByHand::Free => Some(Told::Word(Word::Free)),
            StateByHand::Occupied => Some(Told::Word(Word::Occupied)),
            StateByHand::Reserved => Some(Told::Reserved),
            StateByHand::Maintenance => Some(Told::Maintenance),
            StateByHand::Unknown => None,
        };
        self.reservations.outweigh(matches!(self.told, Some(Told::Word(_))));
    }

    /// Whoever checks out says that nothing is there any more. A sensor that has a word will see it by itself.
    fn check_out(&mut self, id: ReservationId) {
        let checked_in = self.reservations.end(id);
        let unwatched = self.sensor.is_none_or(|sensor| sensor.word.is_none());
        if checked_in && unwatched && matches!(self.told, None | Some(Told::Word(_))) {
            self.told = Some(Told::CheckedOut);
        }
    }

    fn forget_override(&mut self, id: OverrideId) {
        self.overrides.retain(|set| set.id != id);
    }

    /// Takes a sensor in, with the word it comes with.
    pub(super) fn assign(&mut self, dev_eui: DevEui, silent: bool, word: Option<Word>, at: Instant) {
        self.sensor = Some(Sensor::new(dev_eui));
        self.resume(dev_eui, silent, word, at);
    }

    /// Hears its sensor again, after a time in which it was not listened to.
    pub(super) fn resume(&mut self, dev_eui: DevEui, silent: bool, word: Option<Word>, at: Instant) {
        let at = self.effective(at);
        let Some(sensor) = self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui) else { return };
        sensor.silent = silent;
        if let Some(word) = word {
            sensor.say(word, at);
            self.forget_told_word();
        }
    }

    /// Lets a sensor go, and its word with it; false if it is not here.
    pub(super) fn unassign(&mut self, dev_eui: DevEui) -> bool {
        let here = self.sensor.is_some_and(|sensor| sensor.dev_eui == dev_eui);
        if here {
            self.sensor = None;
        }
        here
    }

    /// Hears a sensor, and what it says if it says something; false if nothing is otherwise now.
    pub(super) fn hear(&mut self, dev_eui: DevEui, word: Option<Word>, at: Instant, policy: &Policy) -> bool {
        let effective = self.effective(at);
        let before = (self.sensor, self.told);
        let Some(sensor) = self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui) else {
            return false;
        };
        sensor.silent = false;
        match word.map(|word| (word, sensor.read(word, at, effective, policy))) {
            None | Some((_, Said::Unconfirmed)) => {}
            Some((Word::Occupied, Said::Changed)) => {
                self.forget_told_word();
                self.reservations.vehicle_came(effective);
            }
            Some((_, Said::Again | Said::Changed)) => self.forget_told_word(),
        }
        before != (self.sensor, self.told)
    }

    /// Its sensor is silent now; false if it is not here, or was silent before.
    pub(super) fn fall_silent(&mut self, dev_eui: DevEui) -> bool {
        match self.sensor.as_mut().filter(|sensor| sensor.dev_eui == dev_eui && !sensor.silent) {
            Some(sensor) => {
                sensor.silent = true;
                true
            }
            None => false,
        }
    }

    /// The sensor has said something since.
    fn forget_told_word(&mut self) {
        self.told = self.told.filter(|told| matches!(told, Told::Reserved | Told::Maintenance));
    }

    /// Within a space time never runs backwards.
    pub(super) fn effective(&self, at: Instant) -> Instant {
        self.changed_at.max(at)
    }

    /// Notes what is shown from now on; what was shown before and the time of the change, if there is one.
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
