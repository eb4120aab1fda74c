//! Updates of a tenant: its fields, tier, trial and slug.

use super::*;

#[test]
fn an_update_changes_only_the_fields_it_sets() {
    let patch = TenantPatch {
        name: Some("Acme AG".into()),
        features: one("analytics", true),
        limits: one("max_users", 6),
        metadata: Some(serde_json::from_value(json!({"crm": 4})).expect("an object")),
        ..TenantPatch::default()
    };
    let definition = Definition {
        name: "Acme AG".into(),
        features: with(&acme().features, "analytics", true),
        limits: with(&acme().limits, "max_users", 6),
        metadata: patch.metadata.clone().expect("set above"),
        ..acme()
    };
    given([created()]).when(update(patch)).then([updated(definition)]);
}

#[test]
fn an_update_without_changes_gives_no_event() {
    given([created()]).when(update(TenantPatch::default())).then_nothing();
    let same = TenantPatch {
        name: Some("Acme".into()),
        tier: Some(Tier::Basic),
        tenant_type: Some(TenantType::Customer),
        limits: one("max_users", 5),
        trial_ends_at: Patch::Set(at()),
        ..TenantPatch::default()
    };
    given([created()]).when(update(same)).then_nothing();
}

#[test]
fn another_tier_replaces_the_old_tiers_values_and_keeps_the_tenants_own() {
    let own = Definition {
        features: with(&acme().features, "valet", true),
        limits: with(&acme().limits, "max_spaces", 120),
        ..acme()
    };
    let patch = TenantPatch { tier: Some(Tier::Enterprise), ..TenantPatch::default() };
    let expected = Definition {
        tier: Tier::Enterprise,
        features: with(&Tier::Enterprise.features(), "valet", true),
        limits: with(&Tier::Enterprise.limits(), "max_spaces", 120),
        ..acme()
    };
    given([created_as(own)]).when(update(patch)).then([updated(expected)]);
}

#[test]
fn values_in_the_same_update_override_the_new_tiers() {
    let patch = TenantPatch {
        tier: Some(Tier::Professional),
        features: one("analytics", false),
        limits: one("max_users", 5),
        ..TenantPatch::default()
    };
    let expected = Definition {
        tier: Tier::Professional,
        features: with(&Tier::Professional.features(), "analytics", false),
        limits: with(&Tier::Professional.limits(), "max_users", 5),
        ..acme()
    };
    given([created()]).when(update(patch)).then([updated(expected)]);
}

#[test]
fn a_trial_can_be_prolonged_and_loses_its_end_when_it_becomes_a_customer() {
    let trial = |end| Definition { trial_ends_at: end, ..of_type(TenantType::Trial) };
    let (soon, later) = (Some(at()), at() + TimeDelta::days(30));
    let prolong = TenantPatch { trial_ends_at: Patch::Set(later), ..TenantPatch::default() };
    given([created_as(trial(soon))]).when(update(prolong)).then([updated(trial(Some(later)))]);
    let endless = TenantPatch { trial_ends_at: Patch::Clear, ..TenantPatch::default() };
    given([created_as(trial(soon))]).when(update(endless)).then([updated(trial(None))]);
    let pays = TenantPatch { tenant_type: Some(TenantType::Customer), ..TenantPatch::default() };
    given([created_as(trial(soon))]).when(update(pays)).then([updated(acme())]);
}

#[test]
fn an_update_cannot_set_or_remove_the_platform_type() {
    let to = |tenant_type| update(TenantPatch { tenant_type: Some(tenant_type), ..TenantPatch::default() });
    given([created()]).when(to(TenantType::Platform)).then_refused(TenantRefusal::TenantTypeFixed);
    let platform = created_as(of_type(TenantType::Platform));
    given([platform.clone()]).when(to(TenantType::Customer)).then_refused(TenantRefusal::TenantTypeFixed);
    given([platform]).when(to(TenantType::Platform)).then_nothing();
}

#[test]
fn a_slug_changes_and_the_same_slug_gives_no_event() {
    given([created()]).when(change_slug("zeta")).then([slug_changed("acme", "zeta")]);
    given([created(), slug_changed("acme", "zeta")]).when(change_slug("zeta")).then_nothing();
    given([created(), slug_changed("acme", "zeta")]).when(archive()).then([TenantEvent::TenantArchived {
        slug: "zeta".into(),
        at: at(),
        by: BY,
    }]);
}
