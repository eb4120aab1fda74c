//! The members of a tenant, their roles, and who may change them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::command::MemberChange;
use super::event::TenantEvent;
use super::refusal::TenantRefusal;
use super::role::Role;
use crate::asked::Asked;
use crate::id::UserId;

/// The maximum number of members of a tenant. The state of a stream stays bounded, and it is loaded to authenticate.
pub const MOST_MEMBERS: usize = 1000;

type Decision = Result<Vec<TenantEvent>, TenantRefusal>;

/// A member of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The member's role.
    pub role: Role,
    /// Whether the member is locked out of this tenant.
    pub disabled: bool,
}

/// By what right somebody changes members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// By the role of this member in the tenant.
    Member(UserId),
    /// By the platform: its admins, its host, or the registration of the tenant itself.
    Platform,
}

/// All members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Members(BTreeMap<UserId, Member>);

impl Members {
    pub(super) fn get(&self, user_id: UserId) -> Option<Member> {
        self.0.get(&user_id).copied()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (UserId, Member)> {
        self.0.iter().map(|(user_id, member)| (*user_id, *member))
    }

    /// A member with another role is refused: an invitation must not change rights as a side effect.
    pub(super) fn add(
        &self,
        user_id: UserId,
        role: Role,
        authority: Authority,
        limit: Option<u32>,
        asked: Asked,
    ) -> Decision {
        self.require(authority, role.max(Role::Admin))?;
        match self.get(user_id) {
            Some(member) if member == (Member { role, disabled: false }) => return Ok(Vec::new()),
            Some(Member { role, .. }) => return Err(TenantRefusal::UserAlreadyMember { role }),
            None => {}
        }
        if self.0.len() >= MOST_MEMBERS {
            return Err(TenantRefusal::TooManyMembers);
        }
        if let Some(limit) = limit.filter(|limit| self.0.len() >= *limit as usize) {
            return Err(TenantRefusal::MemberLimitReached { limit });
        }
        Ok(vec![TenantEvent::MemberAdded { user_id, role, at: asked.at, by: asked.by }])
    }

    pub(super) fn change(
        &self,
        user_id: UserId,
        change: MemberChange,
        authority: Authority,
        asked: Asked,
    ) -> Decision {
        let Asked { at, by, .. } = asked;
        let leaves = authority == Authority::Member(user_id) && change == MemberChange::Remove;
        if !leaves {
            // Before the member is looked up: without the right to manage members nobody learns who is one.
            self.require(authority, Role::Admin)?;
        }
        let member = self.get(user_id).ok_or(TenantRefusal::UserNotMember)?;
        if !leaves {
            let granted = if let MemberChange::Role(to) = change { to } else { member.role };
            self.require(authority, member.role.max(granted))?;
        }
        let event = match change {
            MemberChange::Role(to) if to == member.role => return Ok(Vec::new()),
            MemberChange::Role(to) => {
                TenantEvent::MemberRoleChanged { user_id, from: member.role, to, at, by }
            }
            MemberChange::Disable if member.disabled => return Ok(Vec::new()),
            MemberChange::Disable => TenantEvent::MemberDisabled { user_id, at, by },
            MemberChange::Enable if !member.disabled => return Ok(Vec::new()),
            MemberChange::Enable => TenantEvent::MemberEnabled { user_id, at, by },
            MemberChange::Remove => TenantEvent::MemberRemoved { user_id, at, by },
        };
        let stays_owner = change == MemberChange::Enable;
        if self.is_last_owner(user_id) && !stays_owner {
            return Err(TenantRefusal::LastOwner);
        }
        Ok(vec![event])
    }

    pub(super) fn evolve(&mut self, event: &TenantEvent) {
        match event {
            TenantEvent::MemberAdded { user_id, role, .. } => {
                self.0.insert(*user_id, Member { role: *role, disabled: false });
            }
            TenantEvent::MemberRoleChanged { user_id, to, .. } => {
                if let Some(member) = self.0.get_mut(user_id) {
                    member.role = *to;
                }
            }
            TenantEvent::MemberDisabled { user_id, .. } => self.set_disabled(*user_id, true),
            TenantEvent::MemberEnabled { user_id, .. } => self.set_disabled(*user_id, false),
            TenantEvent::MemberRemoved { user_id, .. } => {
                self.0.remove(user_id);
            }
            _ => {}
        }
    }

    fn set_disabled(&mut self, user_id: UserId, disabled: bool) {
        if let Some(member) = self.0.get_mut(&user_id) {
            member.disabled = disabled;
        }
    }

    /// Refuses whoever has a lower role than the needed one, or is locked out.
    fn require(&self, authority: Authority, needed: Role) -> Result<(), TenantRefusal> {
        let role = match authority {
            Authority::Platform => Some(Role::Owner),
            Authority::Member(user_id) => {
                self.get(user_id).filter(|member| !member.disabled).map(|member| member.role)
            }
        };
        if role.is_some_and(|role| role.allows(needed)) {
            Ok(())
        } else {
            Err(TenantRefusal::RoleTooLow { needed })
        }
    }

    fn is_last_owner(&self, user_id: UserId) -> bool {
        let is_owner = |member: &Member| member.role == Role::Owner && !member.disabled;
        let mut owners = self.0.iter().filter(|(_, member)| is_owner(member)).map(|(user_id, _)| *user_id);
        owners.next() == Some(user_id) && owners.next().is_none()
    }
}
