//! The stored form of every event of a `user` stream ever released. These files never change.

use parking_domain::actor::Actor;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::sealed::{KeyedHash, Sealed};
use parking_domain::stored::Event;
use parking_domain::user::{Role, User, UserEvent};
use uuid::Uuid;

use crate::files;

fn sealed(content: &[u8], hash: Option<&str>) -> Sealed {
    let subject = Uuid::from_u128(0x018f_3a54_6c1e_7000_8000_0000_0000_00aa);
    let hash = hash.map(|hash| KeyedHash(hash.to_owned()));
    Sealed { subject, sealed: content.to_vec().into(), hash }
}

/// One event of each type, with every optional field set.
fn events() -> Vec<UserEvent> {
    let at: Instant = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let by: Actor = "user/018f3a54-6c1e-7000-8000-0000000000aa".parse().expect("an actor");
    let tenant_id = TenantId::DEFAULT;
    let email = sealed(&[1, 2, 3], Some("0f343b0931126a20f133d67c2b018a3b"));
    let other = sealed(&[4, 5, 6], Some("5b2c1a90deadbeef00112233445566aa"));
    let name = sealed(&[7, 8, 9], None);
    vec![
        UserEvent::UserRegistered { email: email.clone(), name: Some(name.clone()), at, by },
        UserEvent::UserRenamed { name, at, by },
        UserEvent::UserEmailChanged { from: email, to: other.clone(), at, by },
        UserEvent::MembershipGranted { tenant_id, role: Role::Viewer, at, by },
        UserEvent::MembershipRoleChanged { tenant_id, from: Role::Viewer, to: Role::Owner, at, by },
        UserEvent::MembershipRevoked { tenant_id, at, by },
        UserEvent::UserDisabled { reason: Some("left the company".into()), at, by },
        UserEvent::UserEnabled { at, by },
        UserEvent::UserArchived { email: other, at, by },
    ]
}

#[test]
fn conformance_76_every_stored_form_parses_as_the_current_event() {
    files::assert_read::<User>(&events(), Event::User);
}

#[test]
fn conformance_76_the_current_event_serialises_to_the_stored_form() {
    files::assert_written::<User>(&events());
}
