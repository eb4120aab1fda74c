//! The members of a `tenant` stream as a specification, and for any commands in any order.

use std::collections::BTreeMap;

use parking_domain::aggregate::Decider;
use parking_domain::document::Document;
use parking_domain::id::UserId;
use parking_domain::tenant::{
    Authority, Definition, MOST_MEMBERS, MemberChange, NewTenant, Role, Tenant, TenantCommand, TenantEvent,
    TenantRefusal, TenantType, Tier,
};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use crate::history::{live, withstand};
use crate::scenario::{self, BY, Given, asked, at, fold};

use Authority::Platform;
use Role::{Admin, Operator, Owner, Viewer};

fn given(events: impl IntoIterator<Item = TenantEvent>) -> Given<Tenant> {
    scenario::given(events)
}

fn user(n: u128) -> UserId {
    Uuid::from_u128(n).into()
}

fn created_with(tenant_type: TenantType, limits: BTreeMap<String, u32>) -> TenantEvent {
    let definition = Definition {
        name: "Acme".into(),
        tenant_type,
        tier: Tier::Basic,
        trial_ends_at: None,
        features: BTreeMap::new(),
        limits,
        metadata: Document::default(),
    };
    TenantEvent::TenantCreated { slug: "acme".into(), definition: Box::new(definition), at: at(), by: BY }
}

fn created() -> TenantEvent {
    created_with(TenantType::Customer, BTreeMap::new())
}

fn added(n: u128, role: Role) -> TenantEvent {
    TenantEvent::MemberAdded { user_id: user(n), role, at: at(), by: BY }
}

fn role_changed(n: u128, from: Role, to: Role) -> TenantEvent {
    TenantEvent::MemberRoleChanged { user_id: user(n), from, to, at: at(), by: BY }
}

fn disabled(n: u128) -> TenantEvent {
    TenantEvent::MemberDisabled { user_id: user(n), at: at(), by: BY }
}

fn enabled(n: u128) -> TenantEvent {
    TenantEvent::MemberEnabled { user_id: user(n), at: at(), by: BY }
}

fn removed(n: u128) -> TenantEvent {
    TenantEvent::MemberRemoved { user_id: user(n), at: at(), by: BY }
}

fn by(n: u128) -> Authority {
    Authority::Member(user(n))
}

fn add(n: u128, role: Role, authority: Authority) -> TenantCommand {
    TenantCommand::AddMember { user_id: user(n), role, authority, asked: asked() }
}

fn change(n: u128, change: MemberChange, authority: Authority) -> TenantCommand {
    TenantCommand::ChangeMember { user_id: user(n), change, authority, asked: asked() }
}

/// A tenant with one member of each role, and a second owner who is locked out.
fn staffed() -> Vec<TenantEvent> {
    let roles = [(1, Owner), (2, Admin), (3, Operator), (4, Viewer), (5, Owner)];
    [created()].into_iter().chain(roles.map(|(n, role)| added(n, role))).chain([disabled(5)]).collect()
}

#[test]
fn members_are_added_up_to_the_own_role_by_admins_and_owners() {
    for (n, held) in [(1, Some(Owner)), (2, Some(Admin)), (3, None), (4, None), (5, None), (6, None)] {
        for role in [Viewer, Operator, Admin, Owner] {
            let when = given(staffed()).when(add(9, role, by(n)));
            if held.is_some_and(|held| held >= role) {
                when.then([added(9, role)]);
            } else {
                when.then_refused(TenantRefusal::RoleTooLow { needed: role.max(Admin) });
            }
        }
    }
    given([created()]).when(add(1, Owner, Platform)).then([added(1, Owner)]);
    given([]).when(add(1, Owner, Platform)).then_refused(TenantRefusal::TenantNotFound);
}

#[test]
fn adding_a_member_again_changes_no_right() {
    given(staffed()).when(add(4, Viewer, by(1))).then_nothing();
    given(staffed())
        .when(add(4, Admin, by(1)))
        .then_refused(TenantRefusal::UserAlreadyMember { role: Viewer });
    given(staffed())
        .when(add(5, Owner, by(1)))
        .then_refused(TenantRefusal::UserAlreadyMember { role: Owner });
}

#[test]
fn the_number_of_members_is_limited_by_the_tenants_limit_and_in_any_case() {
    let limited = created_with(TenantType::Customer, BTreeMap::from([("max_users".into(), 2)]));
    given([limited.clone(), added(1, Owner)]).when(add(2, Viewer, by(1))).then([added(2, Viewer)]);
    given([limited, added(1, Owner), added(2, Viewer)])
        .when(add(3, Viewer, by(1)))
        .then_refused(TenantRefusal::MemberLimitReached { limit: 2 });
    let full = (1..=MOST_MEMBERS).map(|n| added(n as u128, Owner));
    given([created()].into_iter().chain(full))
        .when(add(0, Viewer, by(1)))
        .then_refused(TenantRefusal::TooManyMembers);
}

#[test]
fn a_role_changes_within_the_own_role() {
    given(staffed()).when(change(4, MemberChange::Role(Admin), by(2))).then([role_changed(4, Viewer, Admin)]);
    given(staffed()).when(change(4, MemberChange::Role(Viewer), by(2))).then_nothing();
    let too_low = |needed| TenantRefusal::RoleTooLow { needed };
    given(staffed()).when(change(4, MemberChange::Role(Owner), by(2))).then_refused(too_low(Owner));
    given(staffed()).when(change(2, MemberChange::Role(Owner), by(2))).then_refused(too_low(Owner));
    given(staffed()).when(change(1, MemberChange::Role(Viewer), by(2))).then_refused(too_low(Owner));
    given(staffed()).when(change(4, MemberChange::Role(Operator), by(3))).then_refused(too_low(Admin));
    given(staffed())
        .when(change(9, MemberChange::Role(Viewer), by(2)))
        .then_refused(TenantRefusal::UserNotMember);
    given(staffed()).when(change(9, MemberChange::Role(Viewer), by(4))).then_refused(too_low(Admin));
}

#[test]
fn a_member_is_locked_out_let_in_and_removed() {
    given(staffed()).when(change(3, MemberChange::Disable, by(2))).then([disabled(3)]);
    given(staffed()).when(change(5, MemberChange::Disable, by(1))).then_nothing();
    given(staffed()).when(change(5, MemberChange::Enable, by(1))).then([enabled(5)]);
    given(staffed()).when(change(3, MemberChange::Enable, by(1))).then_nothing();
    given(staffed()).when(change(3, MemberChange::Remove, by(2))).then([removed(3)]);
    let too_low = TenantRefusal::RoleTooLow { needed: Owner };
    given(staffed()).when(change(5, MemberChange::Enable, by(2))).then_refused(too_low.clone());
    given(staffed()).when(change(1, MemberChange::Remove, by(2))).then_refused(too_low);
}

#[test]
fn every_member_may_leave_and_nobody_else_is_removed_by_a_low_role() {
    given(staffed()).when(change(4, MemberChange::Remove, by(4))).then([removed(4)]);
    let too_low = TenantRefusal::RoleTooLow { needed: Admin };
    given(staffed()).when(change(3, MemberChange::Remove, by(4))).then_refused(too_low);
}

#[test]
fn the_last_enabled_owner_stays() {
    for authority in [by(1), Platform] {
        for what in [MemberChange::Role(Viewer), MemberChange::Disable, MemberChange::Remove] {
            given(staffed()).when(change(1, what, authority)).then_refused(TenantRefusal::LastOwner);
        }
    }
    let two = || staffed().into_iter().chain([enabled(5)]);
    given(two()).when(change(1, MemberChange::Remove, by(1))).then([removed(1)]);
    given(two()).when(change(1, MemberChange::Role(Viewer), by(5))).then([role_changed(1, Owner, Viewer)]);
}

#[test]
fn roles_count_while_the_member_is_not_locked_out() {
    let tenant = fold::<Tenant>(staffed());
    let roles: Vec<_> = (1..=6).map(|n| tenant.role_of(user(n))).collect();
    assert_eq!(roles, [Some(Owner), Some(Admin), Some(Operator), Some(Viewer), None, None]);
    assert_eq!(tenant.members().count(), 5);
    let archived = TenantEvent::TenantArchived { slug: "acme".into(), at: at(), by: BY };
    let gone = fold::<Tenant>(staffed().into_iter().chain([archived]));
    assert_eq!((gone.members().count(), gone.role_of(user(1))), (0, None));
}

#[test]
fn admins_and_owners_of_a_tenant_that_runs_the_platform_are_platform_admins() {
    for tenant_type in [TenantType::Platform, TenantType::Customer, TenantType::Trial] {
        let created = created_with(tenant_type, BTreeMap::new());
        let tenant = fold::<Tenant>([created].into_iter().chain(staffed().into_iter().skip(1)));
        let admins: Vec<_> = (1..=6).map(|n| tenant.is_platform_admin(user(n))).collect();
        let is_platform = tenant_type == TenantType::Platform;
        assert_eq!(admins, [is_platform, is_platform, false, false, false, false], "{tenant_type:?}");
    }
}

#[test]
fn each_role_includes_the_lower_ones() {
    let roles = [Viewer, Operator, Admin, Owner];
    for (held, role) in roles.into_iter().enumerate() {
        for (needed, other) in roles.into_iter().enumerate() {
            assert_eq!(role.allows(other), held >= needed, "{role} for {other}");
        }
    }
    assert_eq!(roles.map(|role| role.to_string()), ["viewer", "operator", "admin", "owner"]);
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Viewer), Just(Operator), Just(Admin), Just(Owner)]
}

fn authority() -> impl Strategy<Value = Authority> {
    prop_oneof![1 => Just(Platform), 4 => (1..5_u128).prop_map(by)]
}

fn member_change() -> impl Strategy<Value = MemberChange> {
    prop_oneof![
        role().prop_map(MemberChange::Role),
        Just(MemberChange::Disable),
        Just(MemberChange::Enable),
        Just(MemberChange::Remove),
    ]
}

fn any_command() -> impl Strategy<Value = TenantCommand> {
    prop_oneof![
        (1..5_u128, role(), authority()).prop_map(|(n, role, authority)| add(n, role, authority)),
        (1..5_u128, member_change(), authority()).prop_map(|(n, what, authority)| change(n, what, authority)),
    ]
}

/// A tenant with its first owner, then the commands.
fn life(commands: Vec<TenantCommand>) -> Vec<TenantCommand> {
    let tenant = NewTenant { name: "Acme".into(), slug: "acme".into(), ..NewTenant::default() };
    let create = TenantCommand::CreateTenant { tenant: Box::new(tenant), asked: asked() };
    [create, add(1, Owner, Platform)].into_iter().chain(commands).collect()
}

fn owners(tenant: &Tenant) -> usize {
    tenant.members().filter(|(_, member)| member.role == Owner && !member.disabled).count()
}

proptest! {
    #[test]
    fn no_order_of_commands_removes_the_last_enabled_owner(commands in vec(any_command(), 0..80)) {
        for length in 0..=commands.len() {
            let tenant = live::<Tenant>(life(commands[..length].to_vec())).state;
            prop_assert!(owners(&tenant) >= 1);
        }
    }

    #[test]
    fn nobody_grants_changes_or_removes_above_the_own_role(commands in vec(any_command(), 0..80)) {
        let mut tenant = live::<Tenant>(life(Vec::new())).state;
        for command in commands {
            let events = tenant.decide(&command).unwrap_or_default();
            let (TenantCommand::AddMember { user_id, authority, .. }
            | TenantCommand::ChangeMember { user_id, authority, .. }) = &command else { continue };
            let before = tenant.member(*user_id);
            for event in &events {
                tenant.evolve(event);
            }
            let Authority::Member(author) = authority else { continue };
            let leaves = author == user_id && tenant.member(*user_id).is_none();
            if events.is_empty() || leaves {
                continue;
            }
            // The author may have changed the own role: what counts is the role before.
            let held = if author == user_id { before } else { tenant.member(*author) };
            let held = held.filter(|member| !member.disabled).map(|member| member.role);
            let after = tenant.member(*user_id).map(|member| member.role);
            let highest = before.map(|member| member.role).max(after).unwrap_or(Viewer);
            prop_assert!(held.is_some_and(|held| held >= Admin && held >= highest), "{:?}", command);
        }
    }

    #[test]
    fn any_history_of_members_can_be_folded(
        changes in vec((1..5_u128, 0..5_u8, role()), 0..60),
        commands in vec(any_command(), 0..9),
    ) {
        let events = changes.into_iter().map(|(n, which, role)| match which {
            0 => added(n, role),
            1 => role_changed(n, role, role),
            2 => disabled(n),
            3 => enabled(n),
            _ => removed(n),
        });
        withstand::<Tenant>([created()].into_iter().chain(events), commands);
    }
}
