//! Invariants of a `tenant` stream for any commands in any order.

use std::collections::BTreeMap;

use crate::history::{live, withstand};
use crate::scenario::{BY, asked, at};
use parking_domain::aggregate::Claim;
use parking_domain::document::Document;
use parking_domain::id::PolicyId;
use parking_domain::patch::Patch;
use parking_domain::policy::{Policy, PolicyOverrides};
use parking_domain::tenant::{
    Definition, NamedPolicy, NewTenant, Tenant, TenantCommand, TenantEvent, TenantPatch, TenantType, Tier,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

fn tenant_type() -> impl Strategy<Value = TenantType> {
    prop_oneof![Just(TenantType::Platform), Just(TenantType::Customer), Just(TenantType::Trial)]
}

fn tier() -> impl Strategy<Value = Tier> {
    prop_oneof![Just(Tier::Basic), Just(Tier::Professional), Just(Tier::Enterprise)]
}

fn limits() -> impl Strategy<Value = BTreeMap<String, u32>> {
    btree_map(prop_oneof![Just("max_users".to_owned()), "[a-b]{0,1}"], 0..200_u32, 0..2)
}

fn slug() -> impl Strategy<Value = String> {
    "[a-bA]{0,2}"
}

fn policy_id() -> impl Strategy<Value = PolicyId> {
    (1..4_u128).prop_map(|n| Uuid::from_u128(n).into())
}

fn policy() -> impl Strategy<Value = Box<NamedPolicy>> {
    ("[a-b]{0,2}", option::of("[a-b]"), 3599..3602_u32).prop_map(|(name, description, soon)| {
        let policy = Policy { reserved_soon_threshold_sec: soon, ..Policy::default() };
        Box::new(NamedPolicy { name, description, policy })
    })
}

fn new_tenant() -> impl Strategy<Value = Box<NewTenant>> {
    (slug(), tenant_type(), tier(), option::of(0..3_u32), limits()).prop_map(
        |(slug, tenant_type, tier, trial_days, limits)| {
            let name = "Acme".to_owned();
            Box::new(NewTenant { name, slug, tenant_type, tier, trial_days, limits, ..NewTenant::default() })
        },
    )
}

fn patch() -> impl Strategy<Value = Box<TenantPatch>> {
    let trial_end = prop_oneof![Just(Patch::Keep), Just(Patch::Clear), Just(Patch::Set(at()))];
    (option::of("[a-b]{0,2}"), option::of(tenant_type()), option::of(tier()), trial_end, limits()).prop_map(
        |(name, tenant_type, tier, trial_ends_at, limits)| {
            Box::new(TenantPatch { name, tenant_type, tier, trial_ends_at, limits, ..TenantPatch::default() })
        },
    )
}

fn any_command() -> impl Strategy<Value = TenantCommand> {
    prop_oneof![
        3 => new_tenant().prop_map(|tenant| TenantCommand::CreateTenant { tenant, asked: asked() }),
        4 => patch().prop_map(|patch| TenantCommand::UpdateTenant { patch, asked: asked() }),
        3 => slug().prop_map(|slug| TenantCommand::ChangeTenantSlug { slug, asked: asked() }),
        2 => "[a ]{0,1}".prop_map(|reason| TenantCommand::SuspendTenant { reason, asked: asked() }),
        1 => Just(TenantCommand::ActivateTenant { asked: asked() }),
        1 => Just(TenantCommand::ArchiveTenant { asked: asked() }),
        3 => (policy_id(), policy()).prop_map(|(policy_id, policy)| {
            TenantCommand::CreateDisplayPolicy { policy_id, policy, asked: asked() }
        }),
        2 => (policy_id(), option::of("[a-b]{0,2}"), option::of(0..40_u32)).prop_map(|(policy_id, name, window)| {
            let changes = PolicyOverrides { debounce_window_sec: window, ..PolicyOverrides::default() };
            let (description, changes) = (Patch::Keep, Box::new(changes.into()));
            TenantCommand::UpdateDisplayPolicy { policy_id, name, description, changes, asked: asked() }
        }),
        2 => policy_id()
            .prop_map(|policy_id| TenantCommand::ActivateDisplayPolicy { policy_id, asked: asked() }),
    ]
}

fn definition() -> impl Strategy<Value = Box<Definition>> {
    (tenant_type(), tier(), limits()).prop_map(|(tenant_type, tier, limits)| {
        Box::new(Definition {
            name: "Acme".into(),
            tenant_type,
            tier,
            trial_ends_at: None,
            features: BTreeMap::new(),
            limits,
            metadata: Document::default(),
        })
    })
}

fn any_event() -> impl Strategy<Value = TenantEvent> {
    prop_oneof![
        (slug(), definition()).prop_map(|(slug, definition)| TenantEvent::TenantCreated {
            slug,
            definition,
            at: at(),
            by: BY
        }),
        definition().prop_map(|definition| TenantEvent::TenantUpdated { definition, at: at(), by: BY }),
        (slug(), slug()).prop_map(|(from, to)| TenantEvent::TenantSlugChanged { from, to, at: at(), by: BY }),
        slug().prop_map(|reason| TenantEvent::TenantSuspended { reason, at: at(), by: BY }),
        Just(TenantEvent::TenantActivated { at: at(), by: BY }),
        slug().prop_map(|slug| TenantEvent::TenantArchived { slug, at: at(), by: BY }),
        (policy_id(), policy()).prop_map(|(policy_id, policy)| {
            TenantEvent::DisplayPolicyCreated { policy_id, policy, at: at(), by: BY }
        }),
        (policy_id(), policy()).prop_map(|(policy_id, policy)| {
            TenantEvent::DisplayPolicyUpdated { policy_id, policy, at: at(), by: BY }
        }),
        policy_id().prop_map(|policy_id| TenantEvent::DisplayPolicyActivated { policy_id, at: at(), by: BY }),
    ]
}

proptest! {
    #[test]
    fn a_tenant_holds_its_slug_and_no_other(commands in vec(any_command(), 1..60)) {
        let life = live::<Tenant>(commands);
        let slug = |key: &str| Claim { scope: "tenant_slug".into(), key: key.into() };
        prop_assert_eq!(life.held, life.state.slug().map(slug).into_iter().collect());
    }

    #[test]
    fn only_a_trial_has_an_end_and_the_platform_type_is_fixed(commands in vec(any_command(), 1..60)) {
        let definitions = live::<Tenant>(commands).log.into_iter().filter_map(|event| match event {
            TenantEvent::TenantCreated { definition, .. } | TenantEvent::TenantUpdated { definition, .. } => {
                Some(definition)
            }
            _ => None,
        });
        let mut is_platform = None;
        for definition in definitions {
            let platform = definition.tenant_type == TenantType::Platform;
            prop_assert_eq!(*is_platform.get_or_insert(platform), platform);
            prop_assert!(definition.tenant_type == TenantType::Trial || definition.trial_ends_at.is_none());
        }
    }

    #[test]
    fn the_active_policy_exists_and_is_within_its_bounds(commands in vec(any_command(), 1..60)) {
        let tenant = live::<Tenant>(commands).state;
        prop_assert!(tenant.active_policy().checked().is_ok());
        let in_force = tenant.active_policy_id();
        prop_assert!(in_force.is_none_or(|policy_id| tenant.display_policy(policy_id).is_some()));
    }

    #[test]
    fn a_tenants_own_limit_survives_every_change_of_tier(tiers in vec(tier(), 1..9)) {
        let own = BTreeMap::from([("max_users".to_owned(), 7)]);
        let tenant = NewTenant { name: "Acme".into(), slug: "acme".into(), limits: own, ..NewTenant::default() };
        let create = TenantCommand::CreateTenant { tenant: Box::new(tenant), asked: asked() };
        let updates = tiers.iter().map(|tier| TenantPatch { tier: Some(*tier), ..TenantPatch::default() });
        let updates =
            updates.map(|patch| TenantCommand::UpdateTenant { patch: Box::new(patch), asked: asked() });
        let tenant = live::<Tenant>([create].into_iter().chain(updates)).state;
        let last = tiers.last().expect("at least one");
        prop_assert_eq!(tenant.limit("max_users"), Some(7));
        prop_assert_eq!(tenant.limit("max_spaces"), last.limits().get("max_spaces").copied());
        prop_assert_eq!(tenant.feature("analytics"), last.features()["analytics"]);
    }

    #[test]
    fn any_history_can_be_folded(events in vec(any_event(), 0..60), commands in vec(any_command(), 0..9)) {
        withstand::<Tenant>(events, commands);
    }
}
