//! What can be asked of a user.

use chrono::{DateTime, Utc};

use super::role::Role;
use crate::actor::Actor;
use crate::id::TenantId;
use crate::sealed::Sealed;

/// A command to a `user` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum UserCommand {
    /// Let the user exist. The e-mail bears its keyed hash.
    RegisterUser { email: Sealed, name: Option<Sealed>, at: DateTime<Utc>, by: Actor },
    /// Call the user otherwise.
    RenameUser { name: Sealed, at: DateTime<Utc>, by: Actor },
    /// Give the user another e-mail. It bears its keyed hash.
    ChangeUserEmail { email: Sealed, at: DateTime<Utc>, by: Actor },
    /// Let the user belong to a tenant.
    GrantMembership { tenant_id: TenantId, role: Role, at: DateTime<Utc>, by: Actor },
    /// Let a member do other things.
    ChangeMembershipRole { tenant_id: TenantId, role: Role, at: DateTime<Utc>, by: Actor },
    /// End a membership.
    RevokeMembership { tenant_id: TenantId, at: DateTime<Utc>, by: Actor },
    /// Lock the user out.
    DisableUser { reason: Option<String>, at: DateTime<Utc>, by: Actor },
    /// Let the user in again.
    EnableUser { at: DateTime<Utc>, by: Actor },
    /// End the user.
    ArchiveUser { at: DateTime<Utc>, by: Actor },
}
