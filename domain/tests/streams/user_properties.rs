//! Invariants of a `user` stream for any commands in any order.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::history::{live, withstand};
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::sealed::{KeyedHash, Sealed};
use parking_domain::user::{Role, User, UserCommand, UserEvent};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

const BY: Actor = Actor::System;

fn at() -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn asked() -> Asked {
    Asked { tenant_id: TenantId::DEFAULT, by: BY, at: at() }
}

fn tenant() -> impl Strategy<Value = TenantId> {
    (1..4_u128).prop_map(|n| Uuid::from_u128(n).into())
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Viewer), Just(Role::Operator), Just(Role::Admin), Just(Role::Owner)]
}

fn sealed() -> impl Strategy<Value = Sealed> {
    (any::<u8>(), option::weighted(0.9, "[a-c]")).prop_map(|(byte, hash)| Sealed {
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
        3 => sealed().prop_map(|email| UserCommand::ChangeUserEmail { email, asked: asked() }),
        4 => (tenant(), role()).prop_map(|(tenant_id, role)| {
            UserCommand::GrantMembership { tenant_id, role, asked: asked() }
        }),
        3 => (tenant(), role()).prop_map(|(tenant_id, role)| {
            UserCommand::ChangeMembershipRole { tenant_id, role, asked: asked() }
        }),
        2 => tenant().prop_map(|tenant_id| UserCommand::RevokeMembership { tenant_id, asked: asked() }),
        1 => option::of("[a-b]")
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
        (sealed(), sealed()).prop_map(|(from, to)| UserEvent::UserEmailChanged {
            from,
            to,
            at: at(),
            by: BY
        }),
        (tenant(), role()).prop_map(|(tenant_id, role)| {
            UserEvent::MembershipGranted { tenant_id, role, at: at(), by: BY }
        }),
        (tenant(), role(), role()).prop_map(|(tenant_id, from, to)| {
            UserEvent::MembershipRoleChanged { tenant_id, from, to, at: at(), by: BY }
        }),
        tenant().prop_map(|tenant_id| UserEvent::MembershipRevoked { tenant_id, at: at(), by: BY }),
        option::of("[a-b]").prop_map(|reason| UserEvent::UserDisabled { reason, at: at(), by: BY }),
        Just(UserEvent::UserEnabled { at: at(), by: BY }),
        sealed().prop_map(|email| UserEvent::UserArchived { email, at: at(), by: BY }),
    ]
}

proptest! {
    #[test]
    fn a_user_holds_one_email_while_there_is_a_user(commands in vec(any_command(), 1..60)) {
        let life = live::<User>(commands);
        let archived = life.log.iter().any(|event| matches!(event, UserEvent::UserArchived { .. }));
        let emails = life.log.iter().rev().find_map(|event| match event {
            UserEvent::UserRegistered { email, .. } | UserEvent::UserEmailChanged { to: email, .. } => {
                email.hash.clone()
            }
            _ => None,
        });
        let expected: Vec<String> = emails.filter(|_| !archived).map(|KeyedHash(key)| key).into_iter().collect();
        prop_assert_eq!(life.held.into_iter().map(|claim| claim.key).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn roles_agree_with_the_log(commands in vec(any_command(), 1..60)) {
        let life = live::<User>(commands);
        let (mut roles, mut locked_out) = (BTreeMap::new(), false);
        for event in &life.log {
            match event {
                UserEvent::MembershipGranted { tenant_id, role, .. } => {
                    prop_assert_eq!(roles.insert(*tenant_id, *role), None);
                }
                UserEvent::MembershipRoleChanged { tenant_id, from, to, .. } => {
                    prop_assert_ne!(from, to);
                    prop_assert_eq!(roles.insert(*tenant_id, *to), Some(*from));
                }
                UserEvent::MembershipRevoked { tenant_id, .. } => {
                    prop_assert!(roles.remove(tenant_id).is_some());
                }
                UserEvent::UserDisabled { .. } => locked_out = true,
                UserEvent::UserEnabled { .. } => locked_out = false,
                UserEvent::UserArchived { .. } => roles.clear(),
                _ => {}
            }
        }
        for tenant_id in (1..4_u128).map(|n| TenantId::from(Uuid::from_u128(n))) {
            let expected = roles.get(&tenant_id).copied().filter(|_| !locked_out);
            prop_assert_eq!(life.state.role_in(tenant_id), expected);
        }
    }

    #[test]
    fn any_history_can_be_folded(events in vec(any_event(), 0..60), commands in vec(any_command(), 0..9)) {
        withstand::<User>(events, commands);
    }
}
