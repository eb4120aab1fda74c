//! Events of a user, version 1. Passwords are not included: secrets never enter the log.

use serde::{Deserialize, Serialize};

use super::role::Role;
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::TenantId;
use crate::instant::Instant;
use crate::sealed::Sealed;

/// An event of a `user` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum UserEvent {
    /// The user is registered, with an e-mail that no other user has.
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
    UserEmailChanged { from: Sealed, to: Sealed, at: Instant, by: Actor },
    /// The user is a member of a tenant.
    MembershipGranted { tenant_id: TenantId, role: Role, at: Instant, by: Actor },
    /// The member's role changed.
    MembershipRoleChanged { tenant_id: TenantId, from: Role, to: Role, at: Instant, by: Actor },
    /// The user is no longer a member of the tenant.
    MembershipRevoked { tenant_id: TenantId, at: Instant, by: Actor },
    /// The user is locked out.
    UserDisabled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// The lock-out ended.
    UserEnabled { at: Instant, by: Actor },
    /// The user is archived. The e-mail can be used again.
    UserArchived { email: Sealed, at: Instant, by: Actor },
}

events!(UserEvent {
    UserRegistered: "1",
    UserRenamed: "1",
    UserEmailChanged: "1",
    MembershipGranted: "1",
    MembershipRoleChanged: "1",
    MembershipRevoked: "1",
    UserDisabled: "1",
    UserEnabled: "1",
    UserArchived: "1",
});
