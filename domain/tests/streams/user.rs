//! The `user` stream as a specification: given events, when a command is executed, then these events follow or it is
//! refused.

use parking_domain::aggregate::Decider;
use parking_domain::id::TenantId;
use parking_domain::sealed::{KeyedHash, Sealed};
use parking_domain::user::{MOST_MEMBERSHIPS, User, UserCommand, UserEvent, UserRefusal};

use crate::scenario::{self, BY, Given, asked, at, fold};
use uuid::Uuid;

fn given(events: impl IntoIterator<Item = UserEvent>) -> Given<User> {
    scenario::given(events)
}

fn tenant(n: u128) -> TenantId {
    Uuid::from_u128(n).into()
}

fn sealed(ciphertext: u8) -> Sealed {
    Sealed { subject: Uuid::from_u128(7), sealed: vec![ciphertext].into(), hash: None }
}

/// As a field that is compared.
fn hashed(ciphertext: u8) -> Sealed {
    Sealed { hash: Some(KeyedHash("ann".to_owned())), ..sealed(ciphertext) }
}

fn registered() -> UserEvent {
    UserEvent::UserRegistered { email: sealed(1), name: None, at: at(), by: BY }
}

fn joined(n: u128) -> UserEvent {
    UserEvent::TenantJoined { tenant_id: tenant(n), at: at(), by: BY }
}

fn left(n: u128) -> UserEvent {
    UserEvent::TenantLeft { tenant_id: tenant(n), at: at(), by: BY }
}

fn password_set(n: u128) -> UserEvent {
    UserEvent::PasswordSet { password_id: Uuid::from_u128(n), at: at(), by: BY }
}

fn disabled() -> UserEvent {
    UserEvent::UserDisabled { reason: Some(sealed(9)), at: at(), by: BY }
}

fn enabled() -> UserEvent {
    UserEvent::UserEnabled { at: at(), by: BY }
}

fn archived() -> UserEvent {
    UserEvent::UserArchived { at: at(), by: BY }
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

fn set_password(n: u128) -> UserCommand {
    UserCommand::SetPassword { password_id: Uuid::from_u128(n), asked: asked() }
}

fn join(n: u128) -> UserCommand {
    UserCommand::JoinTenant { tenant_id: tenant(n), asked: asked() }
}

fn leave(n: u128) -> UserCommand {
    UserCommand::LeaveTenant { tenant_id: tenant(n), asked: asked() }
}

fn disable() -> UserCommand {
    UserCommand::DisableUser { reason: Some(sealed(9)), asked: asked() }
}

fn enable() -> UserCommand {
    UserCommand::EnableUser { asked: asked() }
}

fn archive() -> UserCommand {
    UserCommand::ArchiveUser { asked: asked() }
}

#[test]
fn a_user_registers_once() {
    given([]).when(register(sealed(1), None)).then([registered()]);
    let (email, name) = (sealed(1), Some(sealed(2)));
    let named = UserEvent::UserRegistered { email, name: name.clone(), at: at(), by: BY };
    given([]).when(register(sealed(1), name)).then([named]);
    for history in [vec![registered()], vec![registered(), archived()]] {
        given(history).when(register(sealed(1), None)).then_refused(UserRefusal::UserAlreadyExists);
    }
}

#[test]
fn no_hash_of_a_person_is_written() {
    let named = UserEvent::UserRegistered { email: sealed(1), name: Some(sealed(2)), at: at(), by: BY };
    given([]).when(register(hashed(1), Some(hashed(2)))).then([named]);
    let renamed = UserEvent::UserRenamed { name: sealed(3), at: at(), by: BY };
    given([registered()]).when(rename(hashed(3))).then([renamed]);
    let changed = UserEvent::UserEmailChanged { email: sealed(4), at: at(), by: BY };
    given([registered()]).when(change_email(hashed(4))).then([changed]);
    let disable = UserCommand::DisableUser { reason: Some(hashed(9)), asked: asked() };
    given([registered()]).when(disable).then([disabled()]);
    assert_eq!(User::claims(&registered()), []);
}

#[test]
fn a_password_replaces_the_former_one() {
    given([registered()]).when(set_password(1)).then([password_set(1)]);
    given([registered(), password_set(1)]).when(set_password(1)).then_nothing();
    given([registered(), password_set(1)]).when(set_password(2)).then([password_set(2)]);
    let user = fold::<User>([registered(), password_set(1), password_set(2)]);
    assert_eq!(user.person().and_then(|person| person.password_id), Some(Uuid::from_u128(2)));
}

#[test]
fn a_user_joins_and_leaves_tenants_and_knows_their_order() {
    given([registered()]).when(join(1)).then([joined(1)]);
    given([registered(), joined(1)]).when(join(1)).then_nothing();
    given([registered(), joined(1)]).when(leave(1)).then([left(1)]);
    given([registered(), joined(1)]).when(leave(2)).then_nothing();
    let user = fold::<User>([registered(), joined(1), joined(2), joined(3), left(1), joined(1)]);
    let tenants = user.person().map(|person| person.tenants.clone());
    assert_eq!(tenants, Some(vec![tenant(2), tenant(3), tenant(1)]));
}

#[test]
fn the_number_of_memberships_is_limited() {
    let history = |count: usize| {
        [registered()].into_iter().chain((1..=count).map(|n| joined(n as u128))).collect::<Vec<_>>()
    };
    given(history(MOST_MEMBERSHIPS - 1)).when(join(0)).then([joined(0)]);
    given(history(MOST_MEMBERSHIPS)).when(join(0)).then_refused(UserRefusal::TooManyMemberships);
    given(history(MOST_MEMBERSHIPS)).when(join(1)).then_nothing();
}

#[test]
fn a_user_is_disabled_and_enabled() {
    given([registered()]).when(disable()).then([disabled()]);
    given([registered(), disabled()]).when(disable()).then_nothing();
    given([registered(), disabled()]).when(enable()).then([enabled()]);
    given([registered()]).when(enable()).then_nothing();
    let is_active = |events: &[UserEvent]| fold::<User>(events.iter().cloned()).active().is_some();
    assert!(is_active(&[registered()]) && is_active(&[registered(), disabled(), enabled()]));
    assert!(!is_active(&[registered(), disabled()]) && !is_active(&[registered(), archived()]));
}

#[test]
fn a_user_of_a_tenant_is_not_archived() {
    given([registered()]).when(archive()).then([archived()]);
    given([registered(), joined(1)]).when(archive()).then_refused(UserRefusal::UserStillMember);
    given([registered(), joined(1), left(1)]).when(archive()).then([archived()]);
}

#[test]
fn before_registration_and_after_archiving_there_is_no_user() {
    for history in [vec![], vec![registered(), archived()]] {
        for command in [
            rename(sealed(2)),
            change_email(sealed(2)),
            set_password(1),
            join(1),
            leave(1),
            disable(),
            enable(),
            archive(),
        ] {
            given(history.clone()).when(command).then_refused(UserRefusal::UserNotFound);
        }
    }
}
