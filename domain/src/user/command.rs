//! Commands to a user.

use super::role::Role;
use crate::actor::Actor;
use crate::id::TenantId;
use crate::instant::Instant;
use crate::sealed::Sealed;

/// A command to a `user` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum UserCommand {
    /// Register the user. The e-mail carries its keyed hash.
    RegisterUser { email: Sealed, name: Option<Sealed>, at: Instant, by: Actor },
    /// Change the user's name.
    RenameUser { name: Sealed, at: Instant, by: Actor },
    /// Change the user's e-mail. It carries its keyed hash.
    ChangeUserEmail { email: Sealed, at: Instant, by: Actor },
    /// Make the user a member of a tenant.
    GrantMembership { tenant_id: TenantId, role: Role, at: Instant, by: Actor },
    /// Change a member's role.
    ChangeMembershipRole { tenant_id: TenantId, role: Role, at: Instant, by: Actor },
    /// End a membership.
    RevokeMembership { tenant_id: TenantId, at: Instant, by: Actor },
    /// Lock the user out.
    DisableUser { reason: Option<String>, at: Instant, by: Actor },
    /// Undo a lock-out.
    EnableUser { at: Instant, by: Actor },
    /// Archive the user.
    ArchiveUser { at: Instant, by: Actor },
}
