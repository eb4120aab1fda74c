//! Any events of a small world.

use parking_domain::actor::Actor;
use parking_domain::document::Document;
use parking_domain::id::{SiteId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::policy::PolicyOverrides;
use parking_domain::space::{
    Confirmation, Definition, Details, OverrideKind, SpaceEvent, StateByHand, Window,
};
use proptest::prelude::*;

use super::history::{id, time};

fn any_time() -> impl Strategy<Value = Instant> {
    prop_oneof![
        20 => (0..120_i64).prop_map(time),
        1 => Just(Instant::MIN),
        1 => Just(Instant::MAX),
    ]
}

fn any_definition() -> impl Strategy<Value = Box<Definition>> {
    (any::<bool>(), proptest::option::of(any::<u16>())).prop_map(|(enabled, auto_release_minutes)| {
        Box::new(Definition {
            name: "A-001".to_owned(),
            display_name: "A-001".to_owned(),
            enabled,
            auto_release_minutes,
            building: None,
            floor: None,
            zone: None,
            position: None,
            policy: PolicyOverrides::default(),
            config: Document::default(),
            metadata: Document::default(),
        })
    })
}

/// Any event of a small world, including windows that end before they start.
pub(super) fn any_event() -> impl Strategy<Value = SpaceEvent> {
    let parts = (0..20_usize, 0..4_u8, any_time(), any_time(), any_time(), any_definition(), any::<bool>());
    parts.prop_map(|(kind, number, at, start, end, definition, flag)| {
        let (tenant_id, site_id, by) = (TenantId::DEFAULT, SiteId::DEFAULT, Actor::System);
        let (reservation_id, override_id, due) = (id(number), id(number), start);
        let (window, details) = (Window { start, end }, Box::<Details>::default());
        let code = number.to_string();
        match kind {
            0 => SpaceEvent::SpaceCreated { tenant_id, site_id, code, definition, at, by },
            1 => SpaceEvent::SpaceUpdated { definition, at, by },
            2 => SpaceEvent::SpaceCodeChanged { site_id, from: code.clone(), to: code, at, by },
            3 if flag && number == 0 => {
                SpaceEvent::SpaceDeleted { space_id: id(1), site_id, code, reason: None, at, by }
            }
            3 | 4 => SpaceEvent::StateSetByHand { state: StateByHand::Reserved, reason: None, at, by },
            5 => {
                let (kind, until) = (OverrideKind::Blocked, flag.then_some(end));
                SpaceEvent::OverrideSet {
                    override_id,
                    kind,
                    from: start,
                    until,
                    reason: None,
                    notes: None,
                    at,
                    by,
                }
            }
            6 => SpaceEvent::OverrideStarted { override_id, due, at },
            7 => SpaceEvent::OverrideEnded { override_id, due, at },
            8 => SpaceEvent::OverrideCleared { override_id, at, by },
            9 => SpaceEvent::ReservationBooked { reservation_id, tenant_id, window, details, at, by },
            10 => SpaceEvent::ReservationRescheduled { reservation_id, from: window, to: window, at, by },
            11 => SpaceEvent::ReservationAmended { reservation_id, details, at, by },
            12 => SpaceEvent::ReservationCancelled { reservation_id, reason: None, at, by },
            13 => SpaceEvent::ReservationApproached { reservation_id, due, at },
            14 => SpaceEvent::ReservationStarted { reservation_id, due, at },
            15 => {
                let confirmation = if flag { Confirmation::CheckIn } else { Confirmation::Sensor };
                SpaceEvent::ReservationConfirmed { reservation_id, confirmation, at, by }
            }
            16 => SpaceEvent::ReservationCheckedOut { reservation_id, at, by },
            17 => SpaceEvent::ReservationCompleted { reservation_id, due, at },
            18 => SpaceEvent::ReservationExpired { reservation_id, due, at },
            _ => SpaceEvent::ReservationNotTakenUp { reservation_id, due, at },
        }
    })
}
