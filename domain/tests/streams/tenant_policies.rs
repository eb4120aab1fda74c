//! A tenant's display policies as a specification: given events, when a command is executed, then these events follow
//! or it is refused.

use parking_domain::document::Document;
use parking_domain::id::PolicyId;
use parking_domain::patch::Patch;
use parking_domain::policy::{Policy, PolicyOutOfBounds, PolicyOverrides, PolicyPatch};
use parking_domain::tenant::{
    Definition, MOST_POLICIES, NamedPolicy, Tenant, TenantCommand, TenantEvent, TenantRefusal, TenantType,
    Tier,
};

use crate::scenario::{self, BY, Given, asked, at, fold};
use uuid::Uuid;

fn given(events: impl IntoIterator<Item = TenantEvent>) -> Given<Tenant> {
    scenario::given(events)
}

fn created() -> TenantEvent {
    let definition = Definition {
        name: "Acme".into(),
        tenant_type: TenantType::Customer,
        tier: Tier::Basic,
        trial_ends_at: None,
        features: Tier::Basic.features(),
        limits: Tier::Basic.limits(),
        metadata: Document::default(),
    };
    TenantEvent::TenantCreated { slug: "acme".into(), definition: Box::new(definition), at: at(), by: BY }
}

fn archived() -> TenantEvent {
    TenantEvent::TenantArchived { slug: "acme".into(), at: at(), by: BY }
}

fn policy_id(n: u128) -> PolicyId {
    Uuid::from_u128(n).into()
}

fn named(name: &str, policy: Policy) -> NamedPolicy {
    NamedPolicy { name: name.into(), description: None, policy }
}

fn soon(reserved_soon_threshold_sec: u32) -> Policy {
    Policy { reserved_soon_threshold_sec, ..Policy::default() }
}

fn create_policy(n: u128, policy: NamedPolicy) -> TenantCommand {
    TenantCommand::CreateDisplayPolicy { policy_id: policy_id(n), policy: Box::new(policy), asked: asked() }
}

fn update_policy(
    n: u128,
    name: Option<&str>,
    description: Patch<String>,
    changes: impl Into<PolicyPatch>,
) -> TenantCommand {
    TenantCommand::UpdateDisplayPolicy {
        policy_id: policy_id(n),
        name: name.map(Into::into),
        description,
        changes: Box::new(changes.into()),
        asked: asked(),
    }
}

fn activate_policy(n: u128) -> TenantCommand {
    TenantCommand::ActivateDisplayPolicy { policy_id: policy_id(n), asked: asked() }
}

fn policy_created(n: u128, policy: NamedPolicy) -> TenantEvent {
    TenantEvent::DisplayPolicyCreated { policy_id: policy_id(n), policy: Box::new(policy), at: at(), by: BY }
}

fn policy_updated(n: u128, policy: NamedPolicy) -> TenantEvent {
    TenantEvent::DisplayPolicyUpdated { policy_id: policy_id(n), policy: Box::new(policy), at: at(), by: BY }
}

fn policy_activated(n: u128) -> TenantEvent {
    TenantEvent::DisplayPolicyActivated { policy_id: policy_id(n), at: at(), by: BY }
}

#[test]
fn a_new_display_policy_replaces_the_active_one() {
    let (first, second) = (named("First", soon(1)), named("Second", soon(2)));
    given([created()])
        .when(create_policy(1, first.clone()))
        .then([policy_created(1, first.clone()), policy_activated(1)]);
    given([created(), policy_created(1, first), policy_activated(1)])
        .when(create_policy(2, second.clone()))
        .then([policy_created(2, second), policy_activated(2)]);
}

#[test]
fn the_active_policy_is_the_last_activated_one_or_the_default() {
    let tenant: Tenant = fold([created()]);
    assert_eq!((tenant.active_policy(), tenant.active_policy_id()), (Policy::default(), None));
    assert_eq!(Tenant::default().active_policy(), Policy::default());
    let both = [
        created(),
        policy_created(1, named("First", soon(1))),
        policy_created(2, named("Second", soon(2))),
        policy_activated(1),
    ];
    let tenant: Tenant = fold(both.clone());
    assert_eq!((tenant.active_policy(), tenant.active_policy_id()), (soon(1), Some(policy_id(1))));
    assert_eq!(tenant.display_policy(policy_id(2)), Some(&named("Second", soon(2))));
    assert_eq!(tenant.display_policy(policy_id(3)), None);
    given(both.clone()).when(activate_policy(2)).then([policy_activated(2)]);
    given(both.clone()).when(activate_policy(1)).then_nothing();
    given(both).when(activate_policy(3)).then_refused(TenantRefusal::DisplayPolicyNotFound);
}

#[test]
fn a_policy_update_changes_only_the_fields_it_sets() {
    let history = [created(), policy_created(1, named("First", soon(1))), policy_activated(1)];
    let changes = PolicyOverrides { reserved_soon_threshold_sec: Some(3600), ..PolicyOverrides::default() };
    given(history.clone())
        .when(update_policy(1, None, Patch::Keep, changes))
        .then([policy_updated(1, named("First", soon(3600)))]);
    let described = NamedPolicy { description: Some("winter".into()), ..named("Cold", soon(1)) };
    given(history.clone())
        .when(update_policy(1, Some("Cold"), Patch::Set("winter".into()), PolicyOverrides::default()))
        .then([policy_updated(1, described)]);
    given(history.clone())
        .when(update_policy(1, Some("First"), Patch::Clear, PolicyOverrides::default()))
        .then_nothing();
    given(history.clone())
        .when(update_policy(2, None, Patch::Keep, PolicyOverrides::default()))
        .then_refused(TenantRefusal::DisplayPolicyNotFound);
    let tenant: Tenant = fold(history.into_iter().chain([policy_updated(1, named("First", soon(5)))]));
    assert_eq!(tenant.active_policy(), soon(5));
}

#[test]
fn a_policy_update_can_go_back_to_the_default_silence() {
    let own = Policy { sensor_unknown_timeout_sec: Some(90), ..Policy::default() };
    let clear = PolicyPatch { clears_timeout: true, ..PolicyPatch::default() };
    given([created(), policy_created(1, named("First", own))])
        .when(update_policy(1, None, Patch::Keep, clear))
        .then([policy_updated(1, named("First", Policy::default()))]);
}

#[test]
fn a_policy_out_of_bounds_is_refused() {
    let error = PolicyOutOfBounds { field: "reserved_soon_threshold_sec", value: 3601, low: 0, high: 3600 };
    given([created()])
        .when(create_policy(1, named("First", soon(3601))))
        .then_refused(TenantRefusal::PolicyOutOfBounds(error.clone()));
    let changes = PolicyOverrides { reserved_soon_threshold_sec: Some(3601), ..PolicyOverrides::default() };
    given([created(), policy_created(1, named("First", soon(1)))])
        .when(update_policy(1, None, Patch::Keep, changes))
        .then_refused(TenantRefusal::PolicyOutOfBounds(error));
}

#[test]
fn a_policys_name_is_1_to_100_characters_and_not_blank() {
    let longest = "a".repeat(100);
    given([created()])
        .when(create_policy(1, named(&longest, soon(1))))
        .then([policy_created(1, named(&longest, soon(1))), policy_activated(1)]);
    for bad in ["", " ", &"a".repeat(101)] {
        given([created()])
            .when(create_policy(1, named(bad, soon(1))))
            .then_refused(TenantRefusal::DisplayPolicyNameInvalid);
        given([created(), policy_created(1, named("First", soon(1)))])
            .when(update_policy(1, Some(bad), Patch::Keep, PolicyOverrides::default()))
            .then_refused(TenantRefusal::DisplayPolicyNameInvalid);
    }
}

#[test]
fn a_policys_id_is_used_once_and_the_number_of_policies_is_limited() {
    let many = |count: usize| (1..=count).map(|n| policy_created(n as u128, named("One of many", soon(1))));
    let history = |count| [created()].into_iter().chain(many(count)).collect::<Vec<_>>();
    given(history(1))
        .when(create_policy(1, named("Again", soon(1))))
        .then_refused(TenantRefusal::DisplayPolicyAlreadyExists);
    given(history(MOST_POLICIES - 1))
        .when(create_policy(0, named("Last", soon(1))))
        .then([policy_created(0, named("Last", soon(1))), policy_activated(0)]);
    given(history(MOST_POLICIES))
        .when(create_policy(0, named("Too many", soon(1))))
        .then_refused(TenantRefusal::TooManyDisplayPolicies);
}

#[test]
fn without_a_tenant_there_are_no_policies() {
    for history in [vec![], vec![created(), archived()]] {
        for command in [
            create_policy(1, named("A", Policy::default())),
            update_policy(1, None, Patch::Keep, PolicyOverrides::default()),
            activate_policy(1),
        ] {
            given(history.clone()).when(command).then_refused(TenantRefusal::TenantNotFound);
        }
    }
}
