//! Events of a user, version 1. They contain neither secrets nor hashes of a person: personal data is sealed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::TenantId;
use crate::instant::Instant;
use crate::sealed::Sealed;

/// An event of a `user` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum UserEvent {
    /// The user is registered.
    UserRegistered {
        email: Sealed,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Sealed>,
        at: Instant,
        by: Actor,
    },
    /// The user's name changed.
    UserRenamed { name: Sealed, at: Instant, by: Actor },
    /// The user's e-mail changed.
    UserEmailChanged { email: Sealed, at: Instant, by: Actor },
    /// The stored password with this id is the user's password, and no other.
    PasswordSet { password_id: Uuid, at: Instant, by: Actor },
    /// The user became a member of a tenant. The tenant's stream has the role.
    TenantJoined { tenant_id: TenantId, at: Instant, by: Actor },
    /// The user is no longer a member of the tenant.
    TenantLeft { tenant_id: TenantId, at: Instant, by: Actor },
    /// The user is locked out of the platform.
    UserDisabled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sealed>,
        at: Instant,
        by: Actor,
    },
    /// The lock-out ended.
    UserEnabled { at: Instant, by: Actor },
    /// The user is archived.
    UserArchived { at: Instant, by: Actor },
}

events!(UserEvent {
    UserRegistered: "1",
    UserRenamed: "1",
    UserEmailChanged: "1",
    PasswordSet: "1",
    TenantJoined: "1",
    TenantLeft: "1",
    UserDisabled: "1",
    UserEnabled: "1",
    UserArchived: "1",
});
