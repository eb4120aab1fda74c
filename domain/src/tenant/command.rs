//! Commands to a tenant.

use std::collections::BTreeMap;

use super::definition::{NamedPolicy, TenantType, Tier};
use super::members::Authority;
use super::role::Role;
use crate::asked::Asked;
use crate::document::Document;
use crate::id::{PolicyId, UserId};
use crate::instant::Instant;
use crate::patch::Patch;
use crate::policy::PolicyPatch;

/// A command to a `tenant` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum TenantCommand {
    /// Create it.
    CreateTenant { tenant: Box<NewTenant>, asked: Asked },
    /// Change its definition.
    UpdateTenant { patch: Box<TenantPatch>, asked: Asked },
    /// Change its slug.
    ChangeTenantSlug { slug: String, asked: Asked },
    /// Lock its users and API keys out.
    SuspendTenant { reason: String, asked: Asked },
    /// Undo a suspension.
    ActivateTenant { asked: Asked },
    /// Archive it.
    ArchiveTenant { asked: Asked },
    /// Create a display policy and activate it.
    CreateDisplayPolicy { policy_id: PolicyId, policy: Box<NamedPolicy>, asked: Asked },
    /// Change a display policy.
    UpdateDisplayPolicy {
        policy_id: PolicyId,
        name: Option<String>,
        description: Patch<String>,
        changes: Box<PolicyPatch>,
        asked: Asked,
    },
    /// Activate a display policy.
    ActivateDisplayPolicy { policy_id: PolicyId, asked: Asked },
    /// Make a user a member. The user's stream records it too, in the same append.
    AddMember { user_id: UserId, role: Role, authority: Authority, asked: Asked },
    /// Change a member.
    ChangeMember { user_id: UserId, change: MemberChange, authority: Authority, asked: Asked },
}

/// A change of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// Another role.
    Role(Role),
    /// Lock the member out of this tenant.
    Disable,
    /// Undo a lock-out.
    Enable,
    /// End the membership. The user's stream records it too, in the same append.
    Remove,
}

/// A tenant to create.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewTenant {
    /// Display name, 1 to 255 characters.
    pub name: String,
    /// Unique on the platform: 1 to 100 of `a-z`, `0-9` and `-`.
    pub slug: String,
    /// The type of tenant.
    pub tenant_type: TenantType,
    /// The subscription tier.
    pub tier: Tier,
    /// The length of its trial, from now; ignored unless it is a trial.
    pub trial_days: Option<u32>,
    /// Features that differ from its tier's.
    pub features: BTreeMap<String, bool>,
    /// Limits that differ from its tier's.
    pub limits: BTreeMap<String, u32>,
    /// The platform's data about it.
    pub metadata: Document,
}

/// A change of a tenant's definition; absent fields are unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantPatch {
    /// Display name, 1 to 255 characters.
    pub name: Option<String>,
    /// The type of tenant. The type `Platform` can be neither set nor removed.
    pub tenant_type: Option<TenantType>,
    /// The subscription tier. Sets the tier's features and limits, except where the tenant has values of its own.
    pub tier: Option<Tier>,
    /// The end of its trial; ignored unless it is a trial.
    pub trial_ends_at: Patch<Instant>,
    /// Merged into its features.
    pub features: BTreeMap<String, bool>,
    /// Merged into its limits.
    pub limits: BTreeMap<String, u32>,
    /// Replaces the platform's data about it.
    pub metadata: Option<Document>,
}
