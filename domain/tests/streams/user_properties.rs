//! Invariants of a `user` stream for any commands in any order.

use crate::history::{live, withstand};
use crate::scenario::{BY, asked, at};
use parking_domain::id::TenantId;
use parking_domain::sealed::{KeyedHash, Sealed};
use parking_domain::user::{User, UserCommand, UserEvent};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

fn tenant() -> impl Strategy<Value = TenantId> {
    (1..4_u128).prop_map(|n| Uuid::from_u128(n).into())
}

fn password_id() -> impl Strategy<Value = Uuid> {
    (1..4_u128).prop_map(Uuid::from_u128)
}

fn sealed() -> impl Strategy<Value = Sealed> {
    (any::<u8>(), option::of("[a-c]")).prop_map(|(byte, hash)| Sealed {
        subject: Uuid::nil(),
        sealed: vec![byte].into(),
        hash: hash.map(KeyedHash),
    })
}

fn any_command() -> impl Strategy<Value = UserCommand> {
    prop_oneof![
        3 => (sealed(), option::of(sealed()))
            .prop_map(|(email, name)| UserCommand::RegisterUser { email, name, asked: asked() }),
        2 => sealed().prop_map(|name| UserCommand::RenameUser { name, asked: asked() }),
        2 => sealed().prop_map(|email| UserCommand::ChangeUserEmail { email, asked: asked() }),
        2 => password_id()
            .prop_map(|password_id| UserCommand::SetPassword { password_id, asked: asked() }),
        4 => tenant().prop_map(|tenant_id| UserCommand::JoinTenant { tenant_id, asked: asked() }),
        3 => tenant().prop_map(|tenant_id| UserCommand::LeaveTenant { tenant_id, asked: asked() }),
        1 => option::of(sealed())
            .prop_map(|reason| UserCommand::DisableUser { reason, asked: asked() }),
        1 => Just(UserCommand::EnableUser { asked: asked() }),
        1 => Just(UserCommand::ArchiveUser { asked: asked() }),
    ]
}

fn any_event() -> impl Strategy<Value = UserEvent> {
    prop_oneof![
        (sealed(), option::of(sealed())).prop_map(|(email, name)| UserEvent::UserRegistered {
            email,
            name,
            at: at(),
            by: BY
        }),
        sealed().prop_map(|name| UserEvent::UserRenamed { name, at: at(), by: BY }),
        sealed().prop_map(|email| UserEvent::UserEmailChanged { email, at: at(), by: BY }),
        password_id().prop_map(|password_id| UserEvent::PasswordSet { password_id, at: at(), by: BY }),
        tenant().prop_map(|tenant_id| UserEvent::TenantJoined { tenant_id, at: at(), by: BY }),
        tenant().prop_map(|tenant_id| UserEvent::TenantLeft { tenant_id, at: at(), by: BY }),
        option::of(sealed()).prop_map(|reason| UserEvent::UserDisabled { reason, at: at(), by: BY }),
        Just(UserEvent::UserEnabled { at: at(), by: BY }),
        Just(UserEvent::UserArchived { at: at(), by: BY }),
    ]
}

proptest! {
    #[test]
    fn no_event_has_a_hash_of_a_person_and_no_claim_is_made(commands in vec(any_command(), 1..60)) {
        let life = live::<User>(commands);
        for event in &life.log {
            let stored = serde_json::to_string(event).expect("events serialise");
            prop_assert!(!stored.contains("hash"), "{}", stored);
        }
        prop_assert!(life.held.is_empty());
    }

    #[test]
    fn the_tenants_are_those_joined_and_not_left_in_that_order(commands in vec(any_command(), 1..60)) {
        let life = live::<User>(commands);
        let mut tenants = Vec::new();
        for event in &life.log {
            match event {
                UserEvent::TenantJoined { tenant_id, .. } => {
                    prop_assert!(!tenants.contains(tenant_id), "joined twice");
                    tenants.push(*tenant_id);
                }
                UserEvent::TenantLeft { tenant_id, .. } => {
                    prop_assert!(tenants.contains(tenant_id), "left without being there");
                    tenants.retain(|other| other != tenant_id);
                }
                UserEvent::UserArchived { .. } => prop_assert!(tenants.is_empty()),
                _ => {}
            }
        }
        let kept = life.state.person().map(|person| person.tenants.clone()).unwrap_or_default();
        prop_assert_eq!(kept, tenants);
    }

    #[test]
    fn any_history_can_be_folded(events in vec(any_event(), 0..60), commands in vec(any_command(), 0..9)) {
        withstand::<User>(events, commands);
    }
}
