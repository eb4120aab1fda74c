//! Invariants of a `gateway` stream for any commands in any order.

use chrono::TimeDelta;

use crate::history::{live, withstand};
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::document::Document;
use parking_domain::gateway::{Definition, Gateway, GatewayCommand, GatewayEvent, GatewayPatch};
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

const BY: Actor = Actor::System;

fn at() -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn asked(tenant_id: TenantId) -> Asked {
    Asked { tenant_id, by: BY, at: at() }
}

fn tenant() -> impl Strategy<Value = TenantId> {
    (1..3_u128).prop_map(|n| Uuid::from_u128(n).into())
}

fn definition() -> impl Strategy<Value = Box<Definition>> {
    ("[a-b]{0,2}", option::of(any::<f32>())).prop_map(|(name, altitude)| {
        Box::new(Definition {
            name,
            description: None,
            location: None,
            position: None,
            altitude: altitude.filter(|altitude| altitude.is_finite()).map(f64::from),
            site_id: None,
            metadata: Document::default(),
        })
    })
}

fn any_command() -> impl Strategy<Value = GatewayCommand> {
    prop_oneof![
        (tenant(), definition()).prop_map(|(tenant_id, definition)| {
            GatewayCommand::RegisterGateway { definition, asked: asked(tenant_id) }
        }),
        (tenant(), option::of("[a-b]{0,2}")).prop_map(|(tenant_id, name)| {
            let patch = Box::new(GatewayPatch { name, ..GatewayPatch::default() });
            GatewayCommand::UpdateGateway { patch, asked: asked(tenant_id) }
        }),
        tenant().prop_map(|tenant_id| GatewayCommand::RemoveGateway { asked: asked(tenant_id) }),
    ]
}

fn any_event() -> impl Strategy<Value = GatewayEvent> {
    prop_oneof![
        (tenant(), definition()).prop_map(|(tenant_id, definition)| {
            GatewayEvent::GatewayRegistered { tenant_id, definition, at: at(), by: BY }
        }),
        definition().prop_map(|definition| GatewayEvent::GatewayUpdated { definition, at: at(), by: BY }),
        Just(GatewayEvent::GatewayRemoved { at: at(), by: BY }),
    ]
}

proptest! {
    #[test]
    fn a_gateway_has_one_owner_at_a_time(commands in vec(any_command(), 1..60)) {
        let life = live::<Gateway>(commands);
        let mut owner = None;
        for event in life.log {
            match event {
                GatewayEvent::GatewayRegistered { tenant_id, .. } => {
                    prop_assert_eq!(owner.replace(tenant_id), None);
                }
                GatewayEvent::GatewayUpdated { .. } => prop_assert!(owner.is_some()),
                GatewayEvent::GatewayRemoved { .. } => prop_assert!(owner.take().is_some()),
            }
        }
        prop_assert_eq!(life.state.owner(), owner);
        prop_assert!(life.held.is_empty());
    }

    #[test]
    fn any_history_can_be_folded(events in vec(any_event(), 0..60), commands in vec(any_command(), 0..9)) {
        withstand::<Gateway>(events, commands);
    }
}
