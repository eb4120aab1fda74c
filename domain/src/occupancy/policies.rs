//! A tenant's display policies and which one is in force.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::PolicyId;
use crate::policy::Policy;
use crate::tenant::TenantEvent;

/// A tenant's display policies and the active one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantPolicies {
    policies: BTreeMap<PolicyId, Policy>,
    active: Option<PolicyId>,
}

impl TenantPolicies {
    /// The active policy, or the default if none is activated.
    pub fn in_force(&self) -> Policy {
        self.active.and_then(|id| self.policies.get(&id)).copied().unwrap_or_default()
    }

    /// Applies an event of the tenant.
    pub(super) fn evolve(&mut self, event: &TenantEvent) {
        match event {
            TenantEvent::DisplayPolicyCreated { policy_id, policy, .. }
            | TenantEvent::DisplayPolicyUpdated { policy_id, policy, .. } => {
                self.policies.insert(*policy_id, policy.policy);
            }
            TenantEvent::DisplayPolicyActivated { policy_id, .. } => self.active = Some(*policy_id),
            TenantEvent::TenantCreated { .. }
            | TenantEvent::TenantUpdated { .. }
            | TenantEvent::TenantSlugChanged { .. }
            | TenantEvent::TenantSuspended { .. }
            | TenantEvent::TenantActivated { .. }
            | TenantEvent::TenantArchived { .. }
            | TenantEvent::MemberAdded { .. }
            | TenantEvent::MemberRoleChanged { .. }
            | TenantEvent::MemberDisabled { .. }
            | TenantEvent::MemberEnabled { .. }
            | TenantEvent::MemberRemoved { .. } => {}
        }
    }
}
