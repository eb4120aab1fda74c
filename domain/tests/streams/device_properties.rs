//! Invariants of a `device` stream for any commands in any order.

use chrono::TimeDelta;

use crate::history::{live, withstand};
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::device::{
    Category, Definition, Device, DeviceCommand, DeviceEvent, DevicePatch, dev_eui_of, device_id,
};
use parking_domain::document::Document;
use parking_domain::gateway::{gateway_eui_of, gateway_id};
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::patch::Patch;
use parking_domain::space::claims::place;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

const BY: Actor = Actor::System;

fn time(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

fn at() -> Instant {
    time(0)
}

fn asked(tenant_id: TenantId) -> Asked {
    Asked { tenant_id, by: BY, at: at() }
}

fn tenant() -> impl Strategy<Value = TenantId> {
    (1..3_u128).prop_map(|n| Uuid::from_u128(n).into())
}

fn space() -> impl Strategy<Value = SpaceId> {
    (1..4_u128).prop_map(|n| Uuid::from_u128(n).into())
}

fn category() -> impl Strategy<Value = Category> {
    prop_oneof![Just(Category::Sensor), Just(Category::Display)]
}

fn reason() -> impl Strategy<Value = Option<String>> {
    option::of("[a-z]{0,3}")
}

fn definition() -> impl Strategy<Value = Box<Definition>> {
    ("[a-b]{0,2}", any::<bool>(), option::of(0..3_u32)).prop_map(|(name, enabled, heartbeat_sec)| {
        Box::new(Definition {
            name,
            enabled,
            manufacturer: None,
            model: None,
            codec: None,
            threshold: None,
            heartbeat_sec,
            display_type: None,
            location: None,
            config: Document::default(),
            metadata: Document::default(),
        })
    })
}

fn patch() -> impl Strategy<Value = Box<DevicePatch>> {
    let heartbeat = prop_oneof![Just(Patch::Keep), Just(Patch::Clear), (0..3_u32).prop_map(Patch::Set)];
    (option::of("[a-b]{0,2}"), heartbeat).prop_map(|(name, heartbeat_sec)| {
        Box::new(DevicePatch { name, heartbeat_sec, ..DevicePatch::default() })
    })
}

fn any_command() -> impl Strategy<Value = DeviceCommand> {
    prop_oneof![
        4 => (tenant(), category(), definition()).prop_map(|(tenant_id, category, definition)| {
            DeviceCommand::ClaimDevice { category, definition, asked: asked(tenant_id) }
        }),
        2 => (tenant(), patch())
            .prop_map(|(tenant_id, patch)| DeviceCommand::UpdateDevice { patch, asked: asked(tenant_id) }),
        6 => (tenant(), space(), any::<bool>(), reason()).prop_map(|(tenant_id, space_id, replace, reason)| {
            DeviceCommand::AssignDevice { space_id, replace, reason, asked: asked(tenant_id) }
        }),
        2 => (tenant(), reason())
            .prop_map(|(tenant_id, reason)| DeviceCommand::UnassignDevice { reason, asked: asked(tenant_id) }),
        1 => (tenant(), reason())
            .prop_map(|(tenant_id, reason)| DeviceCommand::ReleaseDevice { reason, asked: asked(tenant_id) }),
        1 => (tenant(), reason())
            .prop_map(|(tenant_id, reason)| DeviceCommand::RetireDevice { reason, asked: asked(tenant_id) }),
        2 => (0..9_i64, 0..9_i64, 0..9_i64).prop_map(|(last_heard, due, now)| {
            DeviceCommand::ReportSilence { last_heard_at: time(last_heard), due: time(due), at: time(now) }
        }),
        1 => reason().prop_map(|reason| DeviceCommand::DismissOrphan { reason, asked: asked(TenantId::DEFAULT) }),
    ]
}

fn any_event() -> impl Strategy<Value = DeviceEvent> {
    prop_oneof![
        (tenant(), category(), definition()).prop_map(|(tenant_id, category, definition)| {
            DeviceEvent::DeviceClaimed { tenant_id, category, definition, at: at(), by: BY }
        }),
        definition().prop_map(|definition| DeviceEvent::DeviceUpdated { definition, at: at(), by: BY }),
        (space(), category(), reason()).prop_map(|(space_id, category, reason)| {
            DeviceEvent::DeviceAssigned { space_id, category, reason, at: at(), by: BY }
        }),
        (space(), space(), category(), reason()).prop_map(|(from, to, category, reason)| {
            DeviceEvent::DeviceReassigned { from, to, category, reason, at: at(), by: BY }
        }),
        (space(), category(), reason()).prop_map(|(space_id, category, reason)| {
            DeviceEvent::DeviceUnassigned { space_id, category, reason, at: at(), by: BY }
        }),
        reason().prop_map(|reason| DeviceEvent::DeviceReleased { reason, at: at(), by: BY }),
        reason().prop_map(|reason| DeviceEvent::DeviceRetired { reason, at: at(), by: BY }),
        (0..9_i64).prop_map(|second| DeviceEvent::DeviceFellSilent {
            last_heard_at: time(second),
            due: time(second),
            at: time(second),
        }),
        reason().prop_map(|reason| DeviceEvent::OrphanDismissed { reason, at: at(), by: BY }),
    ]
}

proptest! {
    #[test]
    fn a_device_holds_the_claim_of_its_space_and_no_other(commands in vec(any_command(), 1..60)) {
        let life = live::<Device>(commands);
        let standing = life.state.category().zip(life.state.space_id());
        let expected = standing.map(|(category, space_id)| place(category, space_id));
        prop_assert_eq!(life.held, expected.into_iter().collect());
    }

    #[test]
    fn a_device_has_one_owner_at_a_time_and_is_unassigned_before_release(
        commands in vec(any_command(), 1..60),
    ) {
        let (mut owned, mut retired, mut standing) = (false, false, None);
        for event in live::<Device>(commands).log {
            match event {
                DeviceEvent::DeviceClaimed { .. } => {
                    prop_assert!(!owned);
                    (owned, retired) = (true, false);
                }
                DeviceEvent::DeviceReleased { .. } => {
                    prop_assert!((owned || retired) && standing.is_none());
                    (owned, retired) = (false, false);
                }
                DeviceEvent::DeviceRetired { .. } => {
                    prop_assert!(owned && standing.is_none());
                    (owned, retired) = (false, true);
                }
                DeviceEvent::DeviceAssigned { space_id, .. } => {
                    prop_assert!(owned && standing.is_none());
                    standing = Some(space_id);
                }
                DeviceEvent::DeviceReassigned { from, to, .. } => {
                    prop_assert!(standing == Some(from) && from != to);
                    standing = Some(to);
                }
                DeviceEvent::DeviceUnassigned { space_id, .. } => {
                    prop_assert_eq!(standing, Some(space_id));
                    standing = None;
                }
                DeviceEvent::DeviceUpdated { .. } | DeviceEvent::DeviceFellSilent { .. } => {
                    prop_assert!(owned);
                }
                DeviceEvent::OrphanDismissed { .. } => prop_assert!(!owned),
            }
        }
    }

    #[test]
    fn any_history_can_be_folded(events in vec(any_event(), 0..60), commands in vec(any_command(), 0..9)) {
        withstand::<Device>(events, commands);
    }

    #[test]
    fn every_eui_round_trips_through_its_uuid_and_no_device_is_a_gateway(eui in any::<u64>()) {
        let device = device_id(eui.into());
        prop_assert_eq!(dev_eui_of(device), Some(eui.into()));
        prop_assert_eq!(gateway_eui_of(gateway_id(eui.into())), Some(eui.into()));
        prop_assert_eq!(gateway_eui_of(device), None);
    }

    #[test]
    fn no_other_uuid_is_accepted_as_a_devices(value in any::<u128>()) {
        let id = Uuid::from_u128(value);
        prop_assert!(dev_eui_of(id).is_none_or(|dev_eui| device_id(dev_eui) == id));
    }
}
