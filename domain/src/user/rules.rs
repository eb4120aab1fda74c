//! The rules of a user: registration, memberships, lock-out and archiving.

use super::Person;
use super::event::UserEvent;
use super::refusal::UserRefusal;
use crate::asked::Asked;
use crate::id::TenantId;
use crate::sealed::Sealed;

/// The maximum number of memberships of a user.
pub const MOST_MEMBERSHIPS: usize = 100;

type Decision = Result<Vec<UserEvent>, UserRefusal>;

pub(super) fn register(email: Sealed, name: Option<Sealed>, asked: Asked) -> Vec<UserEvent> {
    let (email, name) = (without_hash(email), name.map(without_hash));
    vec![UserEvent::UserRegistered { email, name, at: asked.at, by: asked.by }]
}

impl Person {
    pub(super) fn join(&self, tenant_id: TenantId, asked: Asked) -> Decision {
        if self.tenants.contains(&tenant_id) {
            return Ok(Vec::new());
        }
        if self.tenants.len() >= MOST_MEMBERSHIPS {
            return Err(UserRefusal::TooManyMemberships);
        }
        Ok(vec![UserEvent::TenantJoined { tenant_id, at: asked.at, by: asked.by }])
    }

    pub(super) fn leave(&self, tenant_id: TenantId, asked: Asked) -> Vec<UserEvent> {
        if self.tenants.contains(&tenant_id) {
            vec![UserEvent::TenantLeft { tenant_id, at: asked.at, by: asked.by }]
        } else {
            Vec::new()
        }
    }

    pub(super) fn disable(&self, reason: Option<Sealed>, asked: Asked) -> Vec<UserEvent> {
        if self.disabled {
            return Vec::new();
        }
        let reason = reason.map(without_hash);
        vec![UserEvent::UserDisabled { reason, at: asked.at, by: asked.by }]
    }

    pub(super) fn enable(&self, asked: Asked) -> Vec<UserEvent> {
        if self.disabled { vec![UserEvent::UserEnabled { at: asked.at, by: asked.by }] } else { Vec::new() }
    }

    pub(super) fn archive(&self, asked: Asked) -> Decision {
        if self.tenants.is_empty() {
            Ok(vec![UserEvent::UserArchived { at: asked.at, by: asked.by }])
        } else {
            Err(UserRefusal::UserStillMember)
        }
    }
}

/// The log never has a hash of a user: it would still identify a person who is forgotten.
pub(super) fn without_hash(sealed: Sealed) -> Sealed {
    Sealed { hash: None, ..sealed }
}
