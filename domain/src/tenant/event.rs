//! What happened to a tenant, version 1.

use serde::{Deserialize, Serialize};

use super::definition::{Definition, NamedPolicy};
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::PolicyId;
use crate::instant::Instant;

/// An event of a `tenant` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum TenantEvent {
    /// The tenant exists from now on, its slug unique on the platform.
    TenantCreated { slug: String, definition: Box<Definition>, at: Instant, by: Actor },
    /// Its definition is now this.
    TenantUpdated { definition: Box<Definition>, at: Instant, by: Actor },
    /// It has another slug.
    TenantSlugChanged { from: String, to: String, at: Instant, by: Actor },
    /// Its people and programs are locked out.
    TenantSuspended { reason: String, at: Instant, by: Actor },
    /// They are let in again.
    TenantActivated { at: Instant, by: Actor },
    /// It is no more. Its slug is free again.
    TenantArchived { slug: String, at: Instant, by: Actor },
    /// It has a display policy more; it is not in force by that.
    DisplayPolicyCreated { policy_id: PolicyId, policy: Box<NamedPolicy>, at: Instant, by: Actor },
    /// A display policy is now this.
    DisplayPolicyUpdated { policy_id: PolicyId, policy: Box<NamedPolicy>, at: Instant, by: Actor },
    /// This display policy is in force, and no other.
    DisplayPolicyActivated { policy_id: PolicyId, at: Instant, by: Actor },
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
});
