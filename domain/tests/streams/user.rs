//! The `user` stream as a specification: given events, when a command is executed, then these events follow or it is
//! refused.

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::{Claim, ClaimChange, Decider};
use parking_domain::asked::Asked;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::sealed::{KeyedHash, Sealed};
use parking_domain::tenant::TenantType;
use parking_domain::user::{MOST_MEMBERSHIPS, Role, User, UserCommand, UserEvent, UserRefusal};

use crate::scenario::{self, Given, fold};
use uuid::Uuid;

use Role::{Admin, Operator, Owner, Viewer};

const BY: Actor = Actor::System;

fn given(events: impl IntoIterator<Item = UserEvent>) -> Given<User> {
    scenario::given(events)
}

fn at() -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn asked() -> Asked {
    Asked { tenant_id: TenantId::DEFAULT, by: BY, at: at() }
}

fn tenant(n: u128) -> TenantId {
    Uuid::from_u128(n).into()
}

/// Sealed personal data; without a hash if `hash` is empty.
fn sealed(ciphertext: u8, hash: &str) -> Sealed {
    let hash = (!hash.is_empty()).then(|| KeyedHash(hash.to_owned()));
    Sealed { subject: Uuid::from_u128(7), sealed: vec![ciphertext].into(), hash }
}

fn ann() -> Sealed {
    sealed(1, "ann")
}

fn registered() -> UserEvent {
    UserEvent::UserRegistered { email: ann(), name: None, at: at(), by: BY }
}

fn granted(n: u128, role: Role) -> UserEvent {
    UserEvent::MembershipGranted { tenant_id: tenant(n), role, at: at(), by: BY }
}

fn role_changed(n: u128, from: Role, to: Role) -> UserEvent {
    UserEvent::MembershipRoleChanged { tenant_id: tenant(n), from, to, at: at(), by: BY }
}

fn revoked(n: u128) -> UserEvent {
    UserEvent::MembershipRevoked { tenant_id: tenant(n), at: at(), by: BY }
}

fn renamed(name: Sealed) -> UserEvent {
    UserEvent::UserRenamed { name, at: at(), by: BY }
}

fn email_changed(from: Sealed, to: Sealed) -> UserEvent {
    UserEvent::UserEmailChanged { from, to, at: at(), by: BY }
}

fn disabled() -> UserEvent {
    UserEvent::UserDisabled { reason: Some("left".into()), at: at(), by: BY }
}

fn enabled() -> UserEvent {
    UserEvent::UserEnabled { at: at(), by: BY }
}

fn archived(email: Sealed) -> UserEvent {
    UserEvent::UserArchived { email, at: at(), by: BY }
}

fn register(email: Sealed, name: Option<Sealed>) -> UserCommand {
    UserCommand::RegisterUser { email, name, asked: asked() }
}

fn rename(name: Sealed) -> UserCommand {
    UserCommand::RenameUser { name, asked: asked() }
}

fn change_email(email: Sealed) -> UserCommand {
    UserCommand::ChangeUserEmail { email, asked: asked() }
}

fn grant(n: u128, role: Role) -> UserCommand {
    UserCommand::GrantMembership { tenant_id: tenant(n), role, asked: asked() }
}

fn change_role(n: u128, role: Role) -> UserCommand {
    UserCommand::ChangeMembershipRole { tenant_id: tenant(n), role, asked: asked() }
}

fn revoke(n: u128) -> UserCommand {
    UserCommand::RevokeMembership { tenant_id: tenant(n), asked: asked() }
}

fn disable() -> UserCommand {
    UserCommand::DisableUser { reason: Some("left".into()), asked: asked() }
}

fn enable() -> UserCommand {
    UserCommand::EnableUser { asked: asked() }
}

fn archive() -> UserCommand {
    UserCommand::ArchiveUser { asked: asked() }
}

#[test]
fn a_user_registers_with_an_email_that_can_be_compared() {
    given([]).when(register(ann(), None)).then([registered()]);
    let name = Some(sealed(2, ""));
    let named = UserEvent::UserRegistered { email: ann(), name: name.clone(), at: at(), by: BY };
    given([]).when(register(ann(), name)).then([named]);
    given([]).when(register(sealed(1, ""), None)).then_refused(UserRefusal::EmailWithoutHash);
}

#[test]
fn an_id_is_used_once() {
    given([registered()]).when(register(ann(), None)).then_refused(UserRefusal::UserAlreadyExists);
    given([registered(), archived(ann())])
        .when(register(ann(), None))
        .then_refused(UserRefusal::UserAlreadyExists);
}

#[test]
fn a_user_is_renamed() {
    given([registered()]).when(rename(sealed(2, ""))).then([renamed(sealed(2, ""))]);
    given([registered(), renamed(sealed(2, "Ann"))]).when(rename(sealed(3, "Ann"))).then_nothing();
    given([registered(), renamed(sealed(2, "Ann"))])
        .when(rename(sealed(3, "Anna")))
        .then([renamed(sealed(3, "Anna"))]);
    given([registered(), renamed(sealed(2, ""))]).when(rename(sealed(2, ""))).then([renamed(sealed(2, ""))]);
}

#[test]
fn an_email_changes_and_the_same_email_gives_no_event() {
    let bob = sealed(5, "bob");
    given([registered()]).when(change_email(bob.clone())).then([email_changed(ann(), bob.clone())]);
    given([registered()]).when(change_email(sealed(9, "ann"))).then_nothing();
    given([registered()]).when(change_email(sealed(9, ""))).then_refused(UserRefusal::EmailWithoutHash);
    given([registered(), email_changed(ann(), bob.clone())]).when(archive()).then([archived(bob)]);
}

#[test]
fn a_membership_is_granted_once() {
    given([registered()]).when(grant(1, Viewer)).then([granted(1, Viewer)]);
    given([registered(), granted(1, Viewer)]).when(grant(1, Viewer)).then_nothing();
    given([registered(), granted(1, Owner)])
        .when(grant(1, Viewer))
        .then_refused(UserRefusal::UserAlreadyMember { role: Owner });
    given([registered(), granted(1, Viewer)]).when(grant(2, Admin)).then([granted(2, Admin)]);
}

#[test]
fn the_number_of_memberships_is_limited() {
    let history = |count: usize| {
        [registered()].into_iter().chain((1..=count).map(|n| granted(n as u128, Viewer))).collect::<Vec<_>>()
    };
    given(history(MOST_MEMBERSHIPS - 1)).when(grant(0, Viewer)).then([granted(0, Viewer)]);
    given(history(MOST_MEMBERSHIPS)).when(grant(0, Viewer)).then_refused(UserRefusal::TooManyMemberships);
    given(history(MOST_MEMBERSHIPS)).when(grant(1, Viewer)).then_nothing();
}

#[test]
fn a_members_role_changes() {
    let member = [registered(), granted(1, Viewer)];
    given(member.clone()).when(change_role(1, Admin)).then([role_changed(1, Viewer, Admin)]);
    given(member.clone()).when(change_role(1, Viewer)).then_nothing();
    given(member).when(change_role(2, Admin)).then_refused(UserRefusal::UserNotMember);
}

#[test]
fn a_membership_is_revoked_once() {
    let member = [registered(), granted(1, Viewer)];
    given(member.clone()).when(revoke(1)).then([revoked(1)]);
    given(member.clone()).when(revoke(2)).then_refused(UserRefusal::UserNotMember);
    given(member.into_iter().chain([revoked(1)])).when(revoke(1)).then_refused(UserRefusal::UserNotMember);
}

#[test]
fn a_user_is_disabled_and_enabled() {
    given([registered()]).when(disable()).then([disabled()]);
    given([registered(), disabled()]).when(disable()).then_nothing();
    given([registered(), disabled()]).when(enable()).then([enabled()]);
    given([registered()]).when(enable()).then_nothing();
    given([registered(), disabled(), enabled()]).when(enable()).then_nothing();
}

#[test]
fn before_registration_and_after_archiving_there_is_no_user() {
    for history in [vec![], vec![registered(), archived(ann())]] {
        for command in [
            rename(ann()),
            change_email(ann()),
            grant(1, Viewer),
            change_role(1, Viewer),
            revoke(1),
            disable(),
            enable(),
            archive(),
        ] {
            given(history.clone()).when(command).then_refused(UserRefusal::UserNotFound);
        }
    }
    given([registered()]).when(archive()).then([archived(ann())]);
}

#[test]
fn a_role_applies_to_its_tenant_while_the_user_is_enabled() {
    let role = |events: &[UserEvent]| fold::<User>(events.iter().cloned()).role_in(tenant(1));
    let history =
        [registered(), granted(1, Viewer), role_changed(1, Viewer, Admin), disabled(), enabled(), revoked(1)];
    let roles: Vec<_> = (0..=history.len()).map(|count| role(&history[..count])).collect();
    assert_eq!(roles, [None, None, Some(Viewer), Some(Admin), None, Some(Admin), None]);
    assert_eq!(fold::<User>([registered(), granted(1, Viewer)]).role_in(tenant(2)), None);
    assert_eq!(role(&[registered(), granted(1, Viewer), archived(ann())]), None);
}

#[test]
fn a_disabled_user_is_reported_as_such() {
    assert!(!fold::<User>([]).is_disabled());
    assert!(!fold::<User>([registered()]).is_disabled());
    assert!(fold::<User>([registered(), disabled()]).is_disabled());
    assert!(!fold::<User>([registered(), disabled(), enabled()]).is_disabled());
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

#[test]
fn owners_and_admins_of_the_platforms_tenant_are_platform_admins() {
    for (role, expected) in [(Viewer, false), (Operator, false), (Admin, true), (Owner, true)] {
        assert_eq!(role.is_platform_admin(TenantType::Platform), expected, "{role}");
        assert!(!role.is_platform_admin(TenantType::Customer), "{role}");
        assert!(!role.is_platform_admin(TenantType::Trial), "{role}");
    }
}

#[test]
fn emails_are_unique() {
    let email = |key: &str| Claim { scope: "user_email".into(), key: key.into() };
    let (take, release) = (|key| ClaimChange::Take(email(key)), |key| ClaimChange::Release(email(key)));
    assert_eq!(User::claims(&registered()), [take("ann")]);
    let changed = |from, to| User::claims(&email_changed(sealed(1, from), sealed(2, to)));
    assert_eq!(changed("ann", "bob"), [release("ann"), take("bob")]);
    assert_eq!(changed("ann", "ann"), []);
    assert_eq!(changed("", "bob"), [take("bob")]);
    assert_eq!(changed("ann", ""), [release("ann")]);
    assert_eq!(User::claims(&archived(ann())), [release("ann")]);
    assert_eq!(User::claims(&archived(sealed(1, ""))), []);
    assert_eq!(User::claims(&disabled()), []);
}
