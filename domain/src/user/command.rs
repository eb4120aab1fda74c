//! Commands to a user.

use super::role::Role;
use crate::asked::Asked;
use crate::id::TenantId;
use crate::sealed::Sealed;

/// A command to a `user` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum UserCommand {
    /// Register the user. The e-mail carries its keyed hash.
    RegisterUser { email: Sealed, name: Option<Sealed>, asked: Asked },
    /// Change the user's name.
    RenameUser { name: Sealed, asked: Asked },
    /// Change the user's e-mail. It carries its keyed hash.
    ChangeUserEmail { email: Sealed, asked: Asked },
    /// Make the user a member of a tenant.
    GrantMembership { tenant_id: TenantId, role: Role, asked: Asked },
    /// Change a member's role.
    ChangeMembershipRole { tenant_id: TenantId, role: Role, asked: Asked },
    /// End a membership.
    RevokeMembership { tenant_id: TenantId, asked: Asked },
    /// Lock the user out.
    DisableUser { reason: Option<String>, asked: Asked },
    /// Undo a lock-out.
    EnableUser { asked: Asked },
    /// Archive the user.
    ArchiveUser { asked: Asked },
}
