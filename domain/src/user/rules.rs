//! The rules of a user: registration, name, memberships and lock-out.

use super::Person;
use super::event::UserEvent;
use super::refusal::UserRefusal;
use super::role::Role;
use crate::asked::Asked;
use crate::id::TenantId;
use crate::limits;
use crate::sealed::Sealed;

/// The maximum number of memberships of a user.
pub const MOST_MEMBERSHIPS: usize = 100;

type Decision = Result<Vec<UserEvent>, UserRefusal>;

pub(super) fn register(email: Sealed, name: Option<Sealed>, asked: Asked) -> Decision {
    refuse_without_hash(&email)?;
    Ok(vec![UserEvent::UserRegistered { email, name, at: asked.at, by: asked.by }])
}

impl Person {
    /// Names rarely have a hash; if both have one and they are equal, nothing changes.
    pub(super) fn rename(&self, name: Sealed, asked: Asked) -> Vec<UserEvent> {
        match &self.name {
            Some(old) if old.same_content(&name) => Vec::new(),
            _ => vec![UserEvent::UserRenamed { name, at: asked.at, by: asked.by }],
        }
    }

    pub(super) fn change_email(&self, to: Sealed, asked: Asked) -> Decision {
        refuse_without_hash(&to)?;
        if self.email.same_content(&to) {
            return Ok(Vec::new());
        }
        Ok(vec![UserEvent::UserEmailChanged { from: self.email.clone(), to, at: asked.at, by: asked.by }])
    }

    /// A member with another role is refused: an invitation must not reduce rights as a side effect.
    pub(super) fn grant(&self, tenant_id: TenantId, role: Role, asked: Asked) -> Decision {
        match self.memberships.get(&tenant_id) {
            Some(current) if *current == role => Ok(Vec::new()),
            Some(current) => Err(UserRefusal::UserAlreadyMember { role: *current }),
            None if self.memberships.len() >= MOST_MEMBERSHIPS => Err(UserRefusal::TooManyMemberships),
            None => Ok(vec![UserEvent::MembershipGranted { tenant_id, role, at: asked.at, by: asked.by }]),
        }
    }

    pub(super) fn change_role(&self, tenant_id: TenantId, to: Role, asked: Asked) -> Decision {
        match self.memberships.get(&tenant_id) {
            None => Err(UserRefusal::UserNotMember),
            Some(from) if *from == to => Ok(Vec::new()),
            Some(from) => Ok(vec![UserEvent::MembershipRoleChanged {
                tenant_id,
                from: *from,
                to,
                at: asked.at,
                by: asked.by,
            }]),
        }
    }

    pub(super) fn revoke(&self, tenant_id: TenantId, asked: Asked) -> Decision {
        match self.memberships.get(&tenant_id) {
            None => Err(UserRefusal::UserNotMember),
            Some(_) => Ok(vec![UserEvent::MembershipRevoked { tenant_id, at: asked.at, by: asked.by }]),
        }
    }

    pub(super) fn disable(&self, reason: Option<String>, asked: Asked) -> Decision {
        limits::reason(reason.as_ref())?;
        Ok(if self.disabled {
            Vec::new()
        } else {
            vec![UserEvent::UserDisabled { reason, at: asked.at, by: asked.by }]
        })
    }

    pub(super) fn enable(&self, asked: Asked) -> Vec<UserEvent> {
        if self.disabled { vec![UserEvent::UserEnabled { at: asked.at, by: asked.by }] } else { Vec::new() }
    }
}

fn refuse_without_hash(email: &Sealed) -> Result<(), UserRefusal> {
    match email.hash {
        Some(_) => Ok(()),
        None => Err(UserRefusal::EmailWithoutHash),
    }
}
