//! What happened to a user, version 1. Passwords are not here: secrets never enter the log.

use serde::{Deserialize, Serialize};

use super::role::Role;
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::TenantId;
use crate::instant::Instant;
use crate::sealed::Sealed;

/// An event of a `user` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum UserEvent {
    /// The user exists from now on, with an e-mail that nobody else has.
    UserRegistered {
        email: Sealed,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Sealed>,
        at: Instant,
        by: Actor,
    },
    /// The user is called otherwise.
    UserRenamed { name: Sealed, at: Instant, by: Actor },
    /// The user has another e-mail.
    UserEmailChanged { from: Sealed, to: Sealed, at: Instant, by: Actor },
    /// The user belongs to a tenant.
    MembershipGranted { tenant_id: TenantId, role: Role, at: Instant, by: Actor },
    /// The user may do other things there.
    MembershipRoleChanged { tenant_id: TenantId, from: Role, to: Role, at: Instant, by: Actor },
    /// The user belongs to the tenant no more.
    MembershipRevoked { tenant_id: TenantId, at: Instant, by: Actor },
    /// The user is locked out.
    UserDisabled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// The user is let in again.
    UserEnabled { at: Instant, by: Actor },
    /// The user is no more. The e-mail is free again.
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
