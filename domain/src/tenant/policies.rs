//! A tenant's display policies, one of which is active.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::definition::NamedPolicy;
use super::event::TenantEvent;
use super::refusal::TenantRefusal;
use crate::asked::Asked;
use crate::id::PolicyId;
use crate::limits;
use crate::naming::is_name;
use crate::patch::{Patch, replace};
use crate::policy::{Policy, PolicyPatch};

/// The maximum number of display policies of a tenant.
pub const MOST_POLICIES: usize = 100;

/// The display policies by id, and the active one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Policies {
    named: BTreeMap<PolicyId, NamedPolicy>,
    active: Option<PolicyId>,
}

impl Policies {
    /// The active policy, or the default if there is none.
    pub(super) fn active(&self) -> Policy {
        self.active.and_then(|id| self.get(id)).map(|named| named.policy).unwrap_or_default()
    }

    pub(super) fn active_id(&self) -> Option<PolicyId> {
        self.active
    }

    pub(super) fn get(&self, policy_id: PolicyId) -> Option<&NamedPolicy> {
        self.named.get(&policy_id)
    }

    pub(super) fn put(&mut self, policy_id: PolicyId, policy: &NamedPolicy) {
        self.named.insert(policy_id, policy.clone());
    }

    pub(super) fn set_active(&mut self, policy_id: PolicyId) {
        self.active = Some(policy_id);
    }

    /// Creates a policy, which becomes active.
    pub(super) fn create(
        &self,
        policy_id: PolicyId,
        policy: Box<NamedPolicy>,
        asked: Asked,
    ) -> Result<Vec<TenantEvent>, TenantRefusal> {
        if self.named.contains_key(&policy_id) {
            return Err(TenantRefusal::DisplayPolicyAlreadyExists);
        }
        if self.named.len() >= MOST_POLICIES {
            return Err(TenantRefusal::TooManyDisplayPolicies);
        }
        check(&policy)?;
        let Asked { at, by, .. } = asked;
        Ok(vec![
            TenantEvent::DisplayPolicyCreated { policy_id, policy, at, by },
            TenantEvent::DisplayPolicyActivated { policy_id, at, by },
        ])
    }

    /// The policy with the changes; `None` if nothing changes.
    pub(super) fn changed(
        &self,
        policy_id: PolicyId,
        name: Option<String>,
        description: Patch<String>,
        changes: &PolicyPatch,
    ) -> Result<Option<Box<NamedPolicy>>, TenantRefusal> {
        let old = self.get(policy_id).ok_or(TenantRefusal::DisplayPolicyNotFound)?;
        let mut new = NamedPolicy { policy: old.policy.patched(changes), ..old.clone() };
        replace(&mut new.name, name);
        description.apply_to(&mut new.description);
        check(&new)?;
        Ok((new != *old).then(|| Box::new(new)))
    }

    pub(super) fn activate(
        &self,
        policy_id: PolicyId,
        asked: Asked,
    ) -> Result<Vec<TenantEvent>, TenantRefusal> {
        match self.get(policy_id) {
            None => Err(TenantRefusal::DisplayPolicyNotFound),
            Some(_) if self.active == Some(policy_id) => Ok(Vec::new()),
            Some(_) => {
                Ok(vec![TenantEvent::DisplayPolicyActivated { policy_id, at: asked.at, by: asked.by }])
            }
        }
    }
}

fn check(policy: &NamedPolicy) -> Result<(), TenantRefusal> {
    let NamedPolicy { name, description, policy } = policy;
    if !is_name(name, limits::POLICY_NAME) {
        return Err(TenantRefusal::DisplayPolicyNameInvalid);
    }
    limits::optional("description", description.as_deref(), limits::DESCRIPTION)?;
    policy.checked()?;
    Ok(())
}
