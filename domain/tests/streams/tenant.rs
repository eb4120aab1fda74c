//! The `tenant` stream as a specification: given events, when a command is executed, then these events follow or it is
//! refused.

mod updating;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use parking_domain::aggregate::{Claim, ClaimChange, Decider};
use parking_domain::asked::Asked;
use parking_domain::document::Document;
use parking_domain::id::TenantId;
use parking_domain::patch::Patch;
use parking_domain::tenant::{
    Definition, LONGEST_TRIAL_DAYS, MOST_ENTITLEMENTS, NewTenant, SubscriptionStatus, Tenant, TenantCommand,
    TenantEvent, TenantPatch, TenantRefusal, TenantType, Tier,
};

use crate::scenario::{self, BY, Given, asked, at, fold};
use serde_json::json;

fn given(events: impl IntoIterator<Item = TenantEvent>) -> Given<Tenant> {
    scenario::given(events)
}

fn acme() -> Definition {
    Definition {
        name: "Acme".into(),
        tenant_type: TenantType::Customer,
        tier: Tier::Basic,
        trial_ends_at: None,
        features: Tier::Basic.features(),
        limits: Tier::Basic.limits(),
        metadata: Document::default(),
    }
}

fn created_as(definition: Definition) -> TenantEvent {
    TenantEvent::TenantCreated { slug: "acme".into(), definition: Box::new(definition), at: at(), by: BY }
}

fn created() -> TenantEvent {
    created_as(acme())
}

fn of_type(tenant_type: TenantType) -> Definition {
    Definition { tenant_type, ..acme() }
}

fn updated(definition: Definition) -> TenantEvent {
    TenantEvent::TenantUpdated { definition: Box::new(definition), at: at(), by: BY }
}

fn suspended() -> TenantEvent {
    TenantEvent::TenantSuspended { reason: "unpaid".into(), at: at(), by: BY }
}

fn activated() -> TenantEvent {
    TenantEvent::TenantActivated { at: at(), by: BY }
}

fn archived() -> TenantEvent {
    TenantEvent::TenantArchived { slug: "acme".into(), at: at(), by: BY }
}

fn slug_changed(from: &str, to: &str) -> TenantEvent {
    TenantEvent::TenantSlugChanged { from: from.into(), to: to.into(), at: at(), by: BY }
}

fn create(tenant: NewTenant) -> TenantCommand {
    TenantCommand::CreateTenant { tenant: Box::new(tenant), asked: asked() }
}

fn new_acme() -> NewTenant {
    NewTenant { name: "Acme".into(), slug: "acme".into(), ..NewTenant::default() }
}

fn update(patch: TenantPatch) -> TenantCommand {
    TenantCommand::UpdateTenant { patch: Box::new(patch), asked: asked() }
}

fn change_slug(slug: &str) -> TenantCommand {
    TenantCommand::ChangeTenantSlug { slug: slug.into(), asked: asked() }
}

fn suspend(reason: &str) -> TenantCommand {
    TenantCommand::SuspendTenant { reason: reason.into(), asked: asked() }
}

fn activate() -> TenantCommand {
    TenantCommand::ActivateTenant { asked: asked() }
}

fn archive() -> TenantCommand {
    TenantCommand::ArchiveTenant { asked: asked() }
}

fn one<V>(name: &str, value: V) -> BTreeMap<String, V> {
    BTreeMap::from([(name.to_owned(), value)])
}

fn with<V: Clone>(values: &BTreeMap<String, V>, name: &str, value: V) -> BTreeMap<String, V> {
    values.clone().into_iter().chain(one(name, value)).collect()
}

#[test]
fn a_new_tenant_has_its_tiers_features_and_limits() {
    given([]).when(create(new_acme())).then([created()]);
}

#[test]
fn a_new_tenants_own_values_override_its_tiers() {
    let tenant = NewTenant {
        tier: Tier::Professional,
        features: one("analytics", false),
        limits: one("max_spaces", 7),
        metadata: serde_json::from_value(json!({"crm": 4})).expect("an object"),
        ..new_acme()
    };
    let definition = Definition {
        tier: Tier::Professional,
        features: with(&Tier::Professional.features(), "analytics", false),
        limits: with(&Tier::Professional.limits(), "max_spaces", 7),
        metadata: tenant.metadata.clone(),
        ..acme()
    };
    given([]).when(create(tenant)).then([created_as(definition)]);
}

#[test]
fn tiers_match_the_price_list() {
    let limits = |tier: Tier| {
        ["max_devices", "max_gateways", "max_spaces", "max_users", "api_rate_limit"]
            .map(|name| tier.limits()[name])
    };
    assert_eq!(limits(Tier::Basic), [100, 10, 100, 5, 100]);
    assert_eq!(limits(Tier::Professional), [500, 50, 500, 25, 1000]);
    assert_eq!(limits(Tier::Enterprise), [10_000, 100, 5000, 100, 10_000]);
    let features = |tier: Tier| {
        ["parking", "reservations", "api_access", "webhooks", "analytics", "custom_branding"]
            .map(|name| tier.features()[name])
    };
    assert_eq!(features(Tier::Basic), [true, true, true, true, false, false]);
    assert_eq!(features(Tier::Professional), [true, true, true, true, true, false]);
    assert_eq!(features(Tier::Enterprise), [true; 6]);
    assert_eq!((Tier::Basic.limits().len(), Tier::Basic.features().len()), (5, 6));
}

#[test]
fn a_trial_ends_after_its_days_and_only_a_trial_does() {
    for days in [1, 14, LONGEST_TRIAL_DAYS] {
        let trial = NewTenant { tenant_type: TenantType::Trial, trial_days: Some(days), ..new_acme() };
        let end = at() + TimeDelta::days(days.into());
        let expected = Definition { trial_ends_at: Some(end), ..of_type(TenantType::Trial) };
        given([]).when(create(trial)).then([created_as(expected)]);
    }
    let customer = NewTenant { trial_days: Some(0), ..new_acme() };
    given([]).when(create(customer)).then([created()]);
}

#[test]
fn a_trial_of_zero_or_too_many_days_is_refused() {
    for days in [0, LONGEST_TRIAL_DAYS + 1, u32::MAX] {
        let trial = NewTenant { tenant_type: TenantType::Trial, trial_days: Some(days), ..new_acme() };
        given([]).when(create(trial)).then_refused(TenantRefusal::TrialDaysInvalid);
    }
}

#[test]
fn a_trial_may_have_no_end() {
    let trial = NewTenant { tenant_type: TenantType::Trial, ..new_acme() };
    given([]).when(create(trial)).then([created_as(of_type(TenantType::Trial))]);
}

#[test]
fn names_are_1_to_255_characters_and_not_blank() {
    for good in ["A", "Acme & Söhne", &"ü".repeat(255)] {
        let definition = Definition { name: good.into(), ..acme() };
        given([]).when(create(NewTenant { name: good.into(), ..new_acme() })).then([created_as(definition)]);
    }
    for bad in ["", " ", "\t\n", &"a".repeat(256)] {
        let tenant = NewTenant { name: bad.into(), ..new_acme() };
        given([]).when(create(tenant)).then_refused(TenantRefusal::TenantNameInvalid);
        let patch = TenantPatch { name: Some(bad.into()), ..TenantPatch::default() };
        given([created()]).when(update(patch)).then_refused(TenantRefusal::TenantNameInvalid);
    }
}

#[test]
fn the_slugs_of_every_installation_are_reserved() {
    for slug in ["platform", "null", "undefined"] {
        let tenant = NewTenant { slug: slug.into(), ..new_acme() };
        given([]).when(create(tenant)).then_refused(TenantRefusal::TenantSlugReserved);
        given([created()]).when(change_slug(slug)).then_refused(TenantRefusal::TenantSlugReserved);
    }
}

#[test]
fn slugs_are_1_to_100_small_letters_digits_and_hyphens() {
    for good in ["a", "0", "-", "acme-2", "az09-", &"a".repeat(100)] {
        let events =
            TenantEvent::TenantCreated { slug: good.into(), definition: Box::new(acme()), at: at(), by: BY };
        given([]).when(create(NewTenant { slug: good.into(), ..new_acme() })).then([events]);
    }
    for bad in ["", "Acme", "acme_2", "acme 2", "acme.2", "äcme", &"a".repeat(101)] {
        let tenant = NewTenant { slug: bad.into(), ..new_acme() };
        given([]).when(create(tenant)).then_refused(TenantRefusal::TenantSlugInvalid);
        given([created()]).when(change_slug(bad)).then_refused(TenantRefusal::TenantSlugInvalid);
    }
}

#[test]
fn features_and_limits_have_valid_names_and_a_maximum_number() {
    let numbered = |count: usize| (0..count).map(|n| (format!("n{n}"), true)).collect::<BTreeMap<_, _>>();
    let limits = |count: usize| (0..count).map(|n| (format!("n{n}"), 1)).collect::<BTreeMap<_, _>>();
    let room = |brought: usize| MOST_ENTITLEMENTS - brought;
    let refused = |patch: TenantPatch| {
        given([created()]).when(update(patch)).then_refused(TenantRefusal::EntitlementsInvalid);
    };
    let full = TenantPatch { features: numbered(room(6)), limits: limits(room(5)), ..TenantPatch::default() };
    let definition = Definition {
        features: acme().features.into_iter().chain(full.features.clone()).collect(),
        limits: acme().limits.into_iter().chain(full.limits.clone()).collect(),
        ..acme()
    };
    given([created()]).when(update(full)).then([updated(definition)]);
    refused(TenantPatch { features: numbered(room(6) + 1), ..TenantPatch::default() });
    refused(TenantPatch { limits: limits(room(5) + 1), ..TenantPatch::default() });
    for bad in ["", " ", &"a".repeat(101)] {
        refused(TenantPatch { features: one(bad, true), ..TenantPatch::default() });
        refused(TenantPatch { limits: one(bad, 1), ..TenantPatch::default() });
    }
    let tenant = NewTenant { limits: one("", 1), ..new_acme() };
    given([]).when(create(tenant)).then_refused(TenantRefusal::EntitlementsInvalid);
}

#[test]
fn an_id_is_used_once() {
    given([created()]).when(create(new_acme())).then_refused(TenantRefusal::TenantAlreadyExists);
    given([created(), archived()]).when(create(new_acme())).then_refused(TenantRefusal::TenantAlreadyExists);
}

#[test]
fn a_suspension_needs_a_reason_and_a_repeated_one_gives_no_event() {
    given([created()]).when(suspend("unpaid")).then([suspended()]);
    given([created(), suspended()]).when(suspend("still unpaid")).then_nothing();
    for blank in ["", "  "] {
        given([created()]).when(suspend(blank)).then_refused(TenantRefusal::SuspensionWithoutReason);
        given([created(), suspended()])
            .when(suspend(blank))
            .then_refused(TenantRefusal::SuspensionWithoutReason);
    }
}

#[test]
fn an_activation_ends_a_suspension_and_otherwise_gives_no_event() {
    given([created(), suspended()]).when(activate()).then([activated()]);
    given([created()]).when(activate()).then_nothing();
    given([created(), suspended(), activated()]).when(activate()).then_nothing();
}

#[test]
fn the_platforms_own_tenant_is_of_type_platform_and_no_other_is() {
    let own = Asked { tenant_id: TenantId::PLATFORM, ..asked() };
    for tenant_type in [TenantType::Customer, TenantType::Trial, TenantType::Platform] {
        let tenant = NewTenant { tenant_type, ..new_acme() };
        let platforms = TenantCommand::CreateTenant { tenant: Box::new(tenant.clone()), asked: own };
        let (platforms, others) = (given([]).when(platforms), given([]).when(create(tenant)));
        let created = [created_as(of_type(tenant_type))];
        if tenant_type == TenantType::Platform {
            platforms.then(created);
            others.then_refused(TenantRefusal::TenantTypeFixed);
        } else {
            platforms.then_refused(TenantRefusal::TenantTypeFixed);
            others.then(created);
        }
    }
}

#[test]
fn the_platforms_tenant_can_be_neither_suspended_nor_archived() {
    let platform = created_as(of_type(TenantType::Platform));
    given([platform.clone()]).when(suspend("why not")).then_refused(TenantRefusal::TenantIsPlatform);
    given([platform]).when(archive()).then_refused(TenantRefusal::TenantIsPlatform);
}

#[test]
fn before_its_creation_and_after_archiving_there_is_no_tenant() {
    for history in [vec![], vec![created(), archived()]] {
        for command in
            [update(TenantPatch::default()), change_slug("zeta"), suspend("unpaid"), activate(), archive()]
        {
            given(history.clone()).when(command).then_refused(TenantRefusal::TenantNotFound);
        }
    }
    given([created()]).when(archive()).then([archived()]);
}

#[test]
fn the_subscription_status_is_derived() {
    let status = |events: Vec<TenantEvent>| fold::<Tenant>(events).subscription_status();
    let trial = created_as(of_type(TenantType::Trial));
    assert_eq!(status(vec![]), None);
    assert_eq!(status(vec![created()]), Some(SubscriptionStatus::Active));
    assert_eq!(status(vec![created_as(of_type(TenantType::Platform))]), Some(SubscriptionStatus::Active));
    assert_eq!(status(vec![trial.clone()]), Some(SubscriptionStatus::Trial));
    assert_eq!(status(vec![trial.clone(), suspended()]), Some(SubscriptionStatus::Suspended));
    assert_eq!(status(vec![trial, suspended(), activated()]), Some(SubscriptionStatus::Trial));
    assert_eq!(status(vec![created(), archived()]), None);
}

#[test]
fn features_and_limits_are_accessible_by_name() {
    let tenant: Tenant = fold([created()]);
    assert!(tenant.feature("parking") && !tenant.feature("analytics") && !tenant.feature("unheard of"));
    assert_eq!((tenant.limit("max_users"), tenant.limit("unheard of")), (Some(5), None));
    assert_eq!((tenant.slug(), tenant.definition()), (Some("acme"), Some(&acme())));
    let absent = Tenant::default();
    assert_eq!((absent.feature("parking"), absent.limit("max_users"), absent.slug()), (false, None, None));
    assert_eq!(absent.definition(), None);
    let moved: Tenant = fold([created(), slug_changed("acme", "zeta"), updated(of_type(TenantType::Trial))]);
    assert_eq!((moved.slug(), moved.definition()), (Some("zeta"), Some(&of_type(TenantType::Trial))));
}

#[test]
fn slugs_are_unique() {
    let slug = |key: &str| Claim { scope: "tenant_slug".into(), key: key.into() };
    assert_eq!(Tenant::claims(&created()), [ClaimChange::Take(slug("acme"))]);
    assert_eq!(
        Tenant::claims(&slug_changed("acme", "zeta")),
        [ClaimChange::Release(slug("acme")), ClaimChange::Take(slug("zeta"))]
    );
    assert_eq!(Tenant::claims(&slug_changed("acme", "acme")), []);
    assert_eq!(Tenant::claims(&archived()), [ClaimChange::Release(slug("acme"))]);
    assert_eq!(Tenant::claims(&suspended()), []);
}
