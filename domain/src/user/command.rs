//! Commands to a user.

use uuid::Uuid;

use crate::asked::Asked;
use crate::id::TenantId;
use crate::sealed::Sealed;

/// A command to a `user` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum UserCommand {
    /// Register the user.
    RegisterUser { email: Sealed, name: Option<Sealed>, asked: Asked },
    /// Change the user's name.
    RenameUser { name: Sealed, asked: Asked },
    /// Change the user's e-mail.
    ChangeUserEmail { email: Sealed, asked: Asked },
    /// Make a stored password the user's only one.
    SetPassword { password_id: Uuid, asked: Asked },
    /// Record that the user became a member of a tenant.
    JoinTenant { tenant_id: TenantId, asked: Asked },
    /// Record that the user is no longer a member of a tenant.
    LeaveTenant { tenant_id: TenantId, asked: Asked },
    /// Lock the user out of the platform. The reason is sealed, because it may contain names.
    DisableUser { reason: Option<Sealed>, asked: Asked },
    /// Undo a lock-out.
    EnableUser { asked: Asked },
    /// Archive a user who belongs to no tenant.
    ArchiveUser { asked: Asked },
}
