//! Invariants of a `site` stream for any commands in any order.

use std::collections::HashSet;

use chrono::TimeDelta;

use crate::history::{live, withstand};
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::document::Document;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::policy::PolicyOverrides;
use parking_domain::site::{Definition, NewSite, Site, SiteCommand, SiteEvent, SiteMember, SitePatch};
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

/// Mostly the owner, sometimes another tenant.
fn tenant() -> impl Strategy<Value = TenantId> {
    prop_oneof![9 => Just(1_u128), 1 => Just(2)].prop_map(|n| Uuid::from_u128(n).into())
}

fn member() -> impl Strategy<Value = SiteMember> {
    prop_oneof![
        (1..3_u128).prop_map(|n| SiteMember::Space(Uuid::from_u128(n).into())),
        (1..3_u64).prop_map(|n| SiteMember::Gateway(n.into())),
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[aAbB ]{0,2}"
}

fn slug() -> impl Strategy<Value = String> {
    "[aAbB]{0,2}"
}

fn definition() -> impl Strategy<Value = Definition> {
    prop_oneof![9 => Just("UTC"), 1 => Just("")].prop_map(|timezone| Definition {
        address: None,
        city: None,
        state: None,
        postal_code: None,
        country: None,
        position: None,
        timezone: timezone.into(),
        policy: PolicyOverrides::default(),
        metadata: Document::default(),
    })
}

fn any_command() -> impl Strategy<Value = SiteCommand> {
    prop_oneof![
        3 => (tenant(), name(), slug(), definition()).prop_map(|(tenant_id, name, slug, definition)| {
            let site = Box::new(NewSite { name, slug, definition });
            SiteCommand::CreateSite { site, asked: asked(tenant_id) }
        }),
        2 => (tenant(), option::of("[A-C ]{0,2}")).prop_map(|(tenant_id, timezone)| {
            let patch = Box::new(SitePatch { timezone, ..SitePatch::default() });
            SiteCommand::UpdateSite { patch, asked: asked(tenant_id) }
        }),
        4 => (tenant(), option::of(name()), option::of(slug())).prop_map(|(tenant_id, name, slug)| {
            SiteCommand::RenameSite { name, slug, asked: asked(tenant_id) }
        }),
        3 => (tenant(), member())
            .prop_map(|(tenant_id, member)| SiteCommand::AddSiteMember { member, asked: asked(tenant_id) }),
        4 => (tenant(), member())
            .prop_map(|(tenant_id, member)| SiteCommand::RemoveSiteMember { member, asked: asked(tenant_id) }),
        1 => tenant().prop_map(|tenant_id| SiteCommand::ArchiveSite { asked: asked(tenant_id) }),
    ]
}

fn any_event() -> impl Strategy<Value = SiteEvent> {
    prop_oneof![
        (tenant(), name(), slug(), definition()).prop_map(|(tenant_id, name, slug, definition)| {
            let definition = Box::new(definition);
            SiteEvent::SiteCreated { tenant_id, name, slug, definition, at: at(), by: BY }
        }),
        definition().prop_map(|definition| {
            SiteEvent::SiteUpdated { definition: Box::new(definition), at: at(), by: BY }
        }),
        (tenant(), name(), name(), slug(), slug()).prop_map(
            |(tenant_id, from_name, to_name, from_slug, to_slug)| SiteEvent::SiteRenamed {
                tenant_id,
                from_name,
                to_name,
                from_slug,
                to_slug,
                at: at(),
                by: BY,
            }
        ),
        member().prop_map(|member| SiteEvent::SiteMemberAdded { member, at: at() }),
        member().prop_map(|member| SiteEvent::SiteMemberRemoved { member, at: at() }),
        (tenant(), name(), slug()).prop_map(|(tenant_id, name, slug)| SiteEvent::SiteArchived {
            tenant_id,
            name,
            slug,
            at: at(),
            by: BY,
        }),
    ]
}

proptest! {
    #[test]
    fn a_site_holds_its_name_and_its_slug_and_no_others(commands in vec(any_command(), 1..60)) {
        let life = live::<Site>(commands);
        let expected = life.state.name_and_slug().map(|(name, slug)| {
            [name.trim().to_lowercase(), slug.to_lowercase()]
        });
        let mut keys: Vec<String> = life.held.iter().map(|claim| claim.key.clone()).collect();
        let mut expected: Vec<String> = expected.into_iter().flatten().collect();
        keys.sort();
        expected.sort();
        prop_assert_eq!(keys, expected);
    }

    #[test]
    fn an_archived_site_has_no_members(commands in vec(any_command(), 1..80)) {
        let mut members = HashSet::new();
        for event in live::<Site>(commands).log {
            match event {
                SiteEvent::SiteMemberAdded { member, .. } => prop_assert!(members.insert(member)),
                SiteEvent::SiteMemberRemoved { member, .. } => prop_assert!(members.remove(&member)),
                SiteEvent::SiteArchived { .. } => prop_assert!(members.is_empty()),
                _ => {}
            }
        }
    }

    #[test]
    fn any_history_can_be_folded(events in vec(any_event(), 0..60), commands in vec(any_command(), 0..9)) {
        withstand::<Site>(events, commands);
    }
}
