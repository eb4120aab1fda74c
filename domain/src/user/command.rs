//! What can be asked of a user.

use super::role::Role;
use crate::actor::Actor;
use crate::id::TenantId;
use crate::instant::Instant;
use crate::sealed::Sealed;

/// A command to a `user` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum UserCommand {
    /// Let the user exist. The e-mail bears its keyed hash.
    RegisterUser { email: Sealed, name: Option<Sealed>, at: Instant, by: Actor },
    /// Call the user otherwise.
    RenameUser { name: Sealed, at: Instant, by: Actor },
    /// Give the user another e-mail. It bears its keyed hash.
    ChangeUserEmail { email: Sealed, at: Instant, by: Actor },
    /// Let the user belong to a tenant.
    GrantMembership { tenant_id: TenantId, role: Role, at: Instant, by: Actor },
    /// Let a member do other things.
    ChangeMembershipRole { tenant_id: TenantId, role: Role, at: Instant, by: Actor },
    /// End a membership.
    RevokeMembership { tenant_id: TenantId, at: Instant, by: Actor },
    /// Lock the user out.
    DisableUser { reason: Option<String>, at: Instant, by: Actor },
    /// Let the user in again.
    EnableUser { at: Instant, by: Actor },
    /// End the user.
    ArchiveUser { at: Instant, by: Actor },
}
