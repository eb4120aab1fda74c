//! The stored form of every event of a `user` stream ever released. These files never change.

use parking_domain::actor::Actor;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::sealed::Sealed;
use parking_domain::stored::Event;
use parking_domain::user::{User, UserEvent};
use uuid::Uuid;

use crate::files;

fn sealed(content: &[u8]) -> Sealed {
    let subject = Uuid::from_u128(0x018f_3a54_6c1e_7000_8000_0000_0000_00aa);
    Sealed { subject, sealed: content.to_vec().into(), hash: None }
}

/// One event of each type, with every optional field set.
fn events() -> Vec<UserEvent> {
    let at: Instant = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let by: Actor = "user/018f3a54-6c1e-7000-8000-0000000000aa".parse().expect("an actor");
    let tenant_id = TenantId::DEFAULT;
    let password_id = Uuid::from_u128(0x018f_3a54_6c1e_4000_8000_0000_0000_00bb);
    let (email, name) = (sealed(&[1, 2, 3]), sealed(&[7, 8, 9]));
    vec![
        UserEvent::UserRegistered { email, name: Some(name.clone()), at, by },
        UserEvent::UserRenamed { name, at, by },
        UserEvent::UserEmailChanged { email: sealed(&[4, 5, 6]), at, by },
        UserEvent::PasswordSet { password_id, at, by },
        UserEvent::TenantJoined { tenant_id, at, by },
        UserEvent::TenantLeft { tenant_id, at, by },
        UserEvent::UserDisabled { reason: Some(sealed(&[10, 11, 12])), at, by },
        UserEvent::UserEnabled { at, by },
        UserEvent::UserArchived { at, by },
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
