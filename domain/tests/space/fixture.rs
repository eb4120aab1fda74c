//! Given, when, then, and short constructors for events of a space on one day.

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::document::Document;
use parking_domain::id::{OverrideId, ReservationId, SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::policy::PolicyOverrides;
use parking_domain::sealed::{KeyedHash, Sealed};
use parking_domain::space::{
    BookReservation, CancelReservation, CheckIn, CheckOut, ConfirmBySensor, Confirmation, Conflict,
    Definition, Details, MAX_DURATION, OverrideKind, PassTime, RescheduleReservation, SetOverride, Space,
    SpaceCommand, SpaceEvent, SpaceRefusal, Window,
};
use uuid::Uuid;

/// How long before its start a reservation is shown.
pub(crate) const SOON: TimeDelta = TimeDelta::minutes(15);

/// The time of given events that have no time argument.
pub(crate) const BEFORE: &str = "08:00";

pub(crate) struct Given(Space);

pub(crate) struct Outcome(Result<Vec<SpaceEvent>, SpaceRefusal>);

pub(crate) fn given(events: impl IntoIterator<Item = SpaceEvent>) -> Given {
    Given(space(events))
}

pub(crate) fn space(events: impl IntoIterator<Item = SpaceEvent>) -> Space {
    let mut space = Space::default();
    events.into_iter().for_each(|event| space.evolve(&event));
    space
}

impl Given {
    pub(crate) fn when(self, command: impl Into<SpaceCommand>) -> Outcome {
        Outcome(self.0.decide(&command.into()))
    }
}

impl Outcome {
    #[track_caller]
    pub(crate) fn then(self, events: impl IntoIterator<Item = SpaceEvent>) {
        assert_eq!(self.0, Ok(events.into_iter().collect()));
    }

    #[track_caller]
    pub(crate) fn then_nothing(self) {
        assert_eq!(self.0, Ok(Vec::new()));
    }

    #[track_caller]
    pub(crate) fn then_refused(self, refusal: SpaceRefusal) {
        assert_eq!(self.0, Err(refusal));
    }
}

/// A time of the day, `10:15` or `10:15:30`; of the next day as `+10:15`.
pub(crate) fn t(text: &str) -> Instant {
    let (day, text) = text.strip_prefix('+').map_or((23, text), |rest| (24, rest));
    let seconds = if text.len() == 5 { ":00" } else { "" };
    format!("2026-11-{day}T{text}{seconds}Z").parse().expect("a time")
}

pub(crate) fn window(start: &str, end: &str) -> Window {
    Window { start: t(start), end: t(end) }
}

pub(crate) fn number<Id: From<Uuid>>(number: u128) -> Id {
    Uuid::from_u128(number).into()
}

pub(crate) fn user() -> Actor {
    Actor::User(number(7))
}

pub(crate) fn sensor() -> Actor {
    Actor::Sensor("58a0cb0000100001".parse().expect("an EUI"))
}

pub(crate) fn asked(at: &str) -> Asked {
    Asked { tenant_id: TenantId::DEFAULT, by: user(), at: t(at) }
}

/// A sealed text with its own hash. Sealing it again gives other bytes.
pub(crate) fn sealed(text: &str, time: u8) -> Sealed {
    let hash = Some(KeyedHash(text.to_owned()));
    Sealed { subject: Uuid::nil(), sealed: vec![time].into(), hash }
}

pub(crate) fn definition() -> Definition {
    Definition {
        name: "A-001".to_owned(),
        display_name: "A-001".to_owned(),
        enabled: true,
        auto_release_minutes: None,
        building: None,
        floor: None,
        zone: None,
        position: None,
        policy: PolicyOverrides::default(),
        config: Document::default(),
        metadata: Document::default(),
    }
}

pub(crate) fn created() -> SpaceEvent {
    created_as(definition())
}

pub(crate) fn created_as(definition: Definition) -> SpaceEvent {
    SpaceEvent::SpaceCreated {
        tenant_id: TenantId::DEFAULT,
        site_id: SiteId::DEFAULT,
        code: "A-001".to_owned(),
        definition: Box::new(definition),
        at: t(BEFORE),
        by: user(),
    }
}

/// A space with this auto-release time in minutes.
pub(crate) fn created_waiting(minutes: u16) -> SpaceEvent {
    created_as(Definition { auto_release_minutes: Some(minutes), ..definition() })
}

pub(crate) fn updated(definition: Definition, at: &str) -> SpaceEvent {
    SpaceEvent::SpaceUpdated { definition: Box::new(definition), at: t(at), by: user() }
}

pub(crate) fn disabled() -> SpaceEvent {
    updated(Definition { enabled: false, ..definition() }, BEFORE)
}

pub(crate) fn space_id() -> SpaceId {
    number(1)
}

pub(crate) fn deleted() -> SpaceEvent {
    SpaceEvent::SpaceDeleted {
        space_id: space_id(),
        site_id: SiteId::DEFAULT,
        code: "A-001".to_owned(),
        reason: None,
        at: t(BEFORE),
        by: user(),
    }
}

pub(crate) fn reservation(id: u128) -> ReservationId {
    number(id)
}

pub(crate) fn conflict(id: u128, start: &str, end: &str) -> Conflict {
    Conflict { reservation_id: reservation(id), window: window(start, end) }
}

pub(crate) fn booked(id: u128, start: &str, end: &str) -> SpaceEvent {
    booked_at(id, start, end, BEFORE)
}

pub(crate) fn booked_at(id: u128, start: &str, end: &str, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationBooked {
        reservation_id: reservation(id),
        tenant_id: TenantId::DEFAULT,
        window: window(start, end),
        details: Box::default(),
        at: t(at),
        by: user(),
    }
}

pub(crate) fn rescheduled(id: u128, from: Window, to: Window, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationRescheduled { reservation_id: reservation(id), from, to, at: t(at), by: user() }
}

pub(crate) fn cancelled(id: u128, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationCancelled { reservation_id: reservation(id), reason: None, at: t(at), by: user() }
}

pub(crate) fn approached(id: u128, due: &str, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationApproached { reservation_id: reservation(id), due: t(due), at: t(at) }
}

pub(crate) fn started(id: u128, due: &str, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationStarted { reservation_id: reservation(id), due: t(due), at: t(at) }
}

pub(crate) fn checked_in(id: u128, at: &str) -> SpaceEvent {
    let confirmation = Confirmation::CheckIn;
    SpaceEvent::ReservationConfirmed { reservation_id: reservation(id), confirmation, at: t(at), by: user() }
}

pub(crate) fn seen(id: u128, at: &str) -> SpaceEvent {
    let confirmation = Confirmation::Sensor;
    SpaceEvent::ReservationConfirmed {
        reservation_id: reservation(id),
        confirmation,
        at: t(at),
        by: sensor(),
    }
}

pub(crate) fn checked_out(id: u128, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationCheckedOut { reservation_id: reservation(id), at: t(at), by: user() }
}

pub(crate) fn completed(id: u128, due: &str, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationCompleted { reservation_id: reservation(id), due: t(due), at: t(at) }
}

pub(crate) fn expired(id: u128, due: &str, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationExpired { reservation_id: reservation(id), due: t(due), at: t(at) }
}

pub(crate) fn not_taken_up(id: u128, due: &str, at: &str) -> SpaceEvent {
    SpaceEvent::ReservationNotTakenUp { reservation_id: reservation(id), due: t(due), at: t(at) }
}

pub(crate) fn override_id(id: u128) -> OverrideId {
    number(id)
}

pub(crate) fn override_set(id: u128, from: &str, until: Option<&str>, at: &str) -> SpaceEvent {
    SpaceEvent::OverrideSet {
        override_id: override_id(id),
        kind: OverrideKind::Blocked,
        from: t(from),
        until: until.map(t),
        reason: Some("parade".to_owned()),
        notes: None,
        at: t(at),
        by: user(),
    }
}

pub(crate) fn override_started(id: u128, due: &str, at: &str) -> SpaceEvent {
    SpaceEvent::OverrideStarted { override_id: override_id(id), due: t(due), at: t(at) }
}

pub(crate) fn override_ended(id: u128, due: &str, at: &str) -> SpaceEvent {
    SpaceEvent::OverrideEnded { override_id: override_id(id), due: t(due), at: t(at) }
}

pub(crate) fn override_cleared(id: u128, at: &str) -> SpaceEvent {
    SpaceEvent::OverrideCleared { override_id: override_id(id), at: t(at), by: user() }
}

pub(crate) fn set_override(id: u128, from: &str, until: Option<&str>, at: &str) -> SpaceCommand {
    SpaceCommand::SetOverride(Box::new(SetOverride {
        override_id: override_id(id),
        kind: OverrideKind::Blocked,
        from: t(from),
        until: until.map(t),
        reason: Some("parade".to_owned()),
        notes: None,
        asked: asked(at),
    }))
}

pub(crate) fn booking(id: u128, start: &str, end: &str, at: &str) -> BookReservation {
    BookReservation {
        reservation_id: reservation(id),
        window: window(start, end),
        max_duration: MAX_DURATION,
        details: Box::new(Details::default()),
        asked: asked(at),
    }
}

pub(crate) fn book(id: u128, start: &str, end: &str, at: &str) -> SpaceCommand {
    SpaceCommand::BookReservation(Box::new(booking(id, start, end, at)))
}

pub(crate) fn reschedule(id: u128, start: &str, end: &str, at: &str) -> SpaceCommand {
    SpaceCommand::RescheduleReservation(RescheduleReservation {
        reservation_id: reservation(id),
        start: Some(t(start)),
        end: Some(t(end)),
        max_duration: MAX_DURATION,
        asked: asked(at),
    })
}

pub(crate) fn cancel(id: u128, at: &str) -> SpaceCommand {
    let cancel = CancelReservation { reservation_id: reservation(id), reason: None, asked: asked(at) };
    SpaceCommand::CancelReservation(Box::new(cancel))
}

pub(crate) fn check_in(id: u128, at: &str) -> SpaceCommand {
    SpaceCommand::CheckIn(CheckIn { reservation_id: reservation(id), asked: asked(at) })
}

pub(crate) fn check_out(id: u128, at: &str) -> SpaceCommand {
    SpaceCommand::CheckOut(CheckOut { reservation_id: reservation(id), asked: asked(at) })
}

/// The sensor saw the vehicle of reservation 1.
pub(crate) fn see(at: &str) -> SpaceCommand {
    let reservation_id = reservation(1);
    SpaceCommand::ConfirmBySensor(ConfirmBySensor { reservation_id, at: t(at), by: sensor() })
}

pub(crate) fn pass(at: &str) -> SpaceCommand {
    SpaceCommand::PassTime(PassTime { at: t(at), reserved_soon: SOON, arrivals_known: true })
}

pub(crate) fn book_with(command: BookReservation) -> SpaceCommand {
    SpaceCommand::BookReservation(Box::new(command))
}

pub(crate) fn booked_with(id: u128, details: Details) -> SpaceEvent {
    match booked(id, "10:00", "11:00") {
        SpaceEvent::ReservationBooked { reservation_id, tenant_id, window, at, by, .. } => {
            let details = Box::new(details);
            SpaceEvent::ReservationBooked { reservation_id, tenant_id, window, details, at, by }
        }
        other => other,
    }
}
