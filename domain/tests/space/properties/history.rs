//! Random commands to a space, and their results.

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::id::{ReservationId, SiteId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::space::{
    BookReservation, CancelReservation, CheckIn, CheckOut, ClearOverride, ConfirmBySensor, CreateSpace,
    DefinitionPatch, DeleteSpace, MAX_DURATION, OverrideKind, PassTime, RescheduleReservation, SetOverride,
    SetStateByHand, Space, SpaceCommand, SpaceEvent, SpaceRefusal, StateByHand, UpdateSpace, Window,
};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

pub(super) const SOON: TimeDelta = TimeDelta::minutes(15);

pub(super) fn time(minute: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
}

pub(super) fn id<Id: From<Uuid>>(number: u8) -> Id {
    Uuid::from_u128(number.into()).into()
}

pub(super) fn asked(at: Instant) -> Asked {
    Asked { tenant_id: TenantId::DEFAULT, by: Actor::System, at }
}

/// A command, this many minutes after the previous one. Starts and ends are relative to it, in minutes. A number,
/// except of a new booking, usually selects an open reservation.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Book {
        id: u8,
        start: i64,
        length: i64,
    },
    Reschedule {
        id: u8,
        start: i64,
        length: i64,
    },
    /// Another end with the same start.
    Extend {
        id: u8,
        end: i64,
    },
    Cancel(u8),
    CheckIn(u8),
    CheckOut(u8),
    See {
        ago: i64,
    },
    Pass,
    SetOverride {
        id: u8,
        from: i64,
        length: Option<i64>,
    },
    ClearOverride(u8),
    Update {
        enabled: bool,
        auto_release_minutes: Option<u16>,
    },
    SetState(StateByHand),
    Delete,
}

pub(super) fn any_wish() -> impl Strategy<Value = Request> {
    let ids = || 0..24_u8;
    prop_oneof![
        20 => (ids(), -2..90_i64, 0..60_i64).prop_map(|(id, start, length)| Request::Book { id, start, length }),
        6 => (ids(), -2..90_i64, 0..60_i64).prop_map(|(id, start, length)| Request::Reschedule { id, start, length }),
        6 => (ids(), -2..90_i64).prop_map(|(id, end)| Request::Extend { id, end }),
        4 => ids().prop_map(Request::Cancel),
        8 => ids().prop_map(Request::CheckIn),
        6 => ids().prop_map(Request::CheckOut),
        6 => (0..4_i64).prop_map(|ago| Request::See { ago }),
        6 => Just(Request::Pass),
        2 => (0..4_u8, -5..60_i64, proptest::option::of(0..20_i64))
            .prop_map(|(id, from, length)| Request::SetOverride { id, from, length }),
        3 => (0..4_u8).prop_map(Request::ClearOverride),
        2 => (prop::bool::weighted(0.8), proptest::option::of(0..20_u16))
            .prop_map(|(enabled, auto_release_minutes)| Request::Update { enabled, auto_release_minutes }),
        1 => prop::sample::select(vec![StateByHand::Free, StateByHand::Maintenance, StateByHand::Unknown])
            .prop_map(Request::SetState),
        1 => prop::bool::weighted(0.1).prop_map(|really| if really { Request::Delete } else { Request::Pass }),
    ]
}

pub(super) fn any_requests(most: usize) -> impl Strategy<Value = Vec<(i64, Request)>> {
    vec((0..12_i64, any_wish()), 1..most)
}

/// One of the open reservations, or an id that may be unknown.
pub(super) fn meant(space: &Space, number: u8) -> ReservationId {
    let nth = usize::from(number) % (space.holding().len() + 1);
    space.holding().nth(nth).map_or_else(|| id(number), |(id, _)| id)
}

pub(super) fn command(request: &Request, minute: i64, space: &Space) -> SpaceCommand {
    let at = time(minute);
    let asked = asked(at);
    match *request {
        Request::Book { id: number, start, length } => {
            SpaceCommand::BookReservation(Box::new(BookReservation {
                reservation_id: id(number),
                window: Window { start: time(minute + start), end: time(minute + start + length) },
                max_duration: MAX_DURATION,
                details: Box::default(),
                asked,
            }))
        }
        Request::Reschedule { id: number, start, length } => {
            SpaceCommand::RescheduleReservation(RescheduleReservation {
                reservation_id: meant(space, number),
                start: Some(time(minute + start)),
                end: Some(time(minute + start + length)),
                max_duration: MAX_DURATION,
                asked,
            })
        }
        Request::Extend { id: number, end } => SpaceCommand::RescheduleReservation(RescheduleReservation {
            reservation_id: meant(space, number),
            start: None,
            end: Some(time(minute + end)),
            max_duration: MAX_DURATION,
            asked,
        }),
        Request::Cancel(number) => SpaceCommand::CancelReservation(Box::new(CancelReservation {
            reservation_id: meant(space, number),
            reason: None,
            asked,
        })),
        Request::CheckIn(number) => {
            SpaceCommand::CheckIn(CheckIn { reservation_id: meant(space, number), asked })
        }
        Request::CheckOut(number) => {
            SpaceCommand::CheckOut(CheckOut { reservation_id: meant(space, number), asked })
        }
        Request::See { ago } => {
            let at = time(minute - ago);
            let running = space.holding().find(|(_, held)| held.window().contains(at));
            let reservation_id = running.map_or(id(0), |(reservation_id, _)| reservation_id);
            SpaceCommand::ConfirmBySensor(ConfirmBySensor { reservation_id, at, by: Actor::System })
        }
        Request::Pass => SpaceCommand::PassTime(PassTime { at, reserved_soon: SOON, arrivals_known: true }),
        Request::SetOverride { id: number, from, length } => {
            SpaceCommand::SetOverride(Box::new(SetOverride {
                override_id: id(number),
                kind: OverrideKind::Blocked,
                from: time(minute + from),
                until: length.map(|length| time(minute + from + length)),
                reason: None,
                notes: None,
                asked,
            }))
        }
        Request::ClearOverride(number) => {
            SpaceCommand::ClearOverride(ClearOverride { override_id: id(number), asked })
        }
        Request::Update { enabled, auto_release_minutes } => {
            SpaceCommand::UpdateSpace(Box::new(UpdateSpace {
                code: None,
                definition: DefinitionPatch {
                    enabled: Some(enabled),
                    auto_release_minutes,
                    ..DefinitionPatch::default()
                },
                asked,
            }))
        }
        Request::SetState(state) => {
            SpaceCommand::SetStateByHand(SetStateByHand { state, reason: None, asked })
        }
        Request::Delete => SpaceCommand::DeleteSpace(DeleteSpace { space_id: id(1), reason: None, asked }),
    }
}

/// A space, its events, and the current minute.
pub(super) struct History {
    pub(super) space: Space,
    pub(super) log: Vec<SpaceEvent>,
    /// When each event was recorded.
    pub(super) minutes: Vec<i64>,
    pub(super) minute: i64,
}

impl History {
    pub(super) fn new(auto_release_minutes: Option<u16>) -> Self {
        let definition = DefinitionPatch { auto_release_minutes, ..DefinitionPatch::default() };
        let mut history = Self { space: Space::default(), log: Vec::new(), minutes: Vec::new(), minute: 0 };
        let (code, asked) = ("A-001".to_owned(), asked(time(0)));
        let create = CreateSpace { site_id: SiteId::DEFAULT, code, definition, asked };
        history.ask(&SpaceCommand::CreateSpace(Box::new(create))).expect("a new space");
        history
    }

    pub(super) fn after(auto_release_minutes: Option<u16>, requests: &[(i64, Request)]) -> Self {
        let mut history = Self::new(auto_release_minutes);
        for (later, request) in requests {
            let _refused_or_not = history.request(*later, request);
        }
        history
    }

    pub(super) fn request(&mut self, later: i64, request: &Request) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        self.minute += later;
        self.ask(&command(request, self.minute, &self.space))
    }

    pub(super) fn ask(&mut self, command: &SpaceCommand) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let events = self.space.decide(command)?;
        for event in &events {
            self.space.evolve(event);
            self.log.push(event.clone());
            self.minutes.push(self.minute);
        }
        Ok(events)
    }

    pub(super) fn pass(&mut self, minute: i64, reserved_soon: TimeDelta) -> Vec<SpaceEvent> {
        let pass = SpaceCommand::PassTime(PassTime { at: time(minute), reserved_soon, arrivals_known: true });
        self.ask(&pass).expect("time always passes")
    }
}
