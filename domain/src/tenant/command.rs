//! What can be asked of a tenant.

use std::collections::BTreeMap;

use super::definition::{NamedPolicy, TenantType, Tier};
use crate::actor::Actor;
use crate::document::Document;
use crate::id::PolicyId;
use crate::instant::Instant;
use crate::patch::Patch;
use crate::policy::PolicyOverrides;

/// A command to a `tenant` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum TenantCommand {
    /// Let it exist.
    CreateTenant { tenant: Box<NewTenant>, at: Instant, by: Actor },
    /// Change its definition.
    UpdateTenant { patch: Box<TenantPatch>, at: Instant, by: Actor },
    /// Give it another slug.
    ChangeTenantSlug { slug: String, at: Instant, by: Actor },
    /// Lock its people and programs out.
    SuspendTenant { reason: String, at: Instant, by: Actor },
    /// Let them in again.
    ActivateTenant { at: Instant, by: Actor },
    /// End it.
    ArchiveTenant { at: Instant, by: Actor },
    /// Make a display policy and put it in force instead of the one before.
    CreateDisplayPolicy { policy_id: PolicyId, policy: Box<NamedPolicy>, at: Instant, by: Actor },
    /// Change a display policy.
    UpdateDisplayPolicy {
        policy_id: PolicyId,
        name: Option<String>,
        description: Patch<String>,
        changes: Box<PolicyOverrides>,
        at: Instant,
        by: Actor,
    },
    /// Put a display policy in force.
    ActivateDisplayPolicy { policy_id: PolicyId, at: Instant, by: Actor },
}

/// A tenant to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTenant {
    /// For people: 1 to 255 characters.
    pub name: String,
    /// Unique on the platform: 1 to 100 of `a-z`, `0-9` and `-`.
    pub slug: String,
    /// What kind of tenant it is.
    pub tenant_type: TenantType,
    /// What it pays for.
    pub tier: Tier,
    /// How long its trial is, from now; only a trial has one, of others it is not read.
    pub trial_days: Option<u32>,
    /// What it may do otherwise than its tier says.
    pub features: BTreeMap<String, bool>,
    /// What it may have otherwise than its tier says.
    pub limits: BTreeMap<String, u32>,
    /// The platform's own data about it.
    pub metadata: Document,
}

/// A change of a tenant's definition: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantPatch {
    /// For people: 1 to 255 characters.
    pub name: Option<String>,
    /// What kind of tenant it is. The platform's type is neither given nor taken away.
    pub tenant_type: Option<TenantType>,
    /// What it pays for. Brings the tier's features and limits, except where the tenant has values of its own.
    pub tier: Option<Tier>,
    /// When its trial ends; only a trial has one, of others it is not read.
    pub trial_ends_at: Patch<Instant>,
    /// Merged over what it may do.
    pub features: BTreeMap<String, bool>,
    /// Merged over what it may have.
    pub limits: BTreeMap<String, u32>,
    /// Instead of what the platform kept about it.
    pub metadata: Option<Document>,
}
