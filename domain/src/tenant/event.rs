//! Events of a tenant, version 1.

use serde::{Deserialize, Serialize};

use super::definition::{Definition, NamedPolicy};
use super::role::Role;
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::{PolicyId, UserId};
use crate::instant::Instant;

/// An event of a `tenant` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum TenantEvent {
    /// The tenant is created, with a slug unique on the platform.
    TenantCreated { slug: String, definition: Box<Definition>, at: Instant, by: Actor },
    /// Its definition is replaced.
    TenantUpdated { definition: Box<Definition>, at: Instant, by: Actor },
    /// Its slug changed.
    TenantSlugChanged { from: String, to: String, at: Instant, by: Actor },
    /// Its users and API keys are locked out.
    TenantSuspended { reason: String, at: Instant, by: Actor },
    /// The suspension ended.
    TenantActivated { at: Instant, by: Actor },
    /// It is archived. Its slug can be used again.
    TenantArchived { slug: String, at: Instant, by: Actor },
    /// A display policy is created; this does not activate it.
    DisplayPolicyCreated { policy_id: PolicyId, policy: Box<NamedPolicy>, at: Instant, by: Actor },
    /// A display policy is replaced.
    DisplayPolicyUpdated { policy_id: PolicyId, policy: Box<NamedPolicy>, at: Instant, by: Actor },
    /// The display policy is active, and no other.
    DisplayPolicyActivated { policy_id: PolicyId, at: Instant, by: Actor },
    /// The user is a member of the tenant.
    MemberAdded { user_id: UserId, role: Role, at: Instant, by: Actor },
    /// The member has another role.
    MemberRoleChanged { user_id: UserId, from: Role, to: Role, at: Instant, by: Actor },
    /// The member is locked out of this tenant.
    MemberDisabled { user_id: UserId, at: Instant, by: Actor },
    /// The member's lock-out ended.
    MemberEnabled { user_id: UserId, at: Instant, by: Actor },
    /// The user is no longer a member.
    MemberRemoved { user_id: UserId, at: Instant, by: Actor },
}

events!(TenantEvent {
    TenantCreated: "1",
    TenantUpdated: "1",
    TenantSlugChanged: "1",
    TenantSuspended: "1",
    TenantActivated: "1",
    TenantArchived: "1",
    DisplayPolicyCreated: "1",
    DisplayPolicyUpdated: "1",
    DisplayPolicyActivated: "1",
    MemberAdded: "1",
    MemberRoleChanged: "1",
    MemberDisabled: "1",
    MemberEnabled: "1",
    MemberRemoved: "1",
});
