//! The policy in force at each space, and the effects of a policy change.

use super::{Changes, DeviceFacts, Spaces, TrackedSpace};
use crate::id::{SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::occupancy::change::Cause;
use crate::occupancy::machine::SpaceMachine;
use crate::occupancy::policies::TenantPolicies;
use crate::policy::{Policy, PolicyOverrides};
use crate::site::SiteEvent;
use crate::tenant::TenantEvent;

impl Spaces {
    /// The tenant's policy with the overrides of the site and then of the space.
    pub(super) fn policy_of(&self, tenant_id: TenantId, site_id: SiteId, own: &PolicyOverrides) -> Policy {
        let tenant = self.policy_of_tenant(tenant_id);
        self.sites.get(&site_id).map_or(tenant, |site| tenant.with(site)).with(own)
    }

    fn policy_of_tenant(&self, tenant_id: TenantId) -> Policy {
        self.tenants.get(&tenant_id).map(TenantPolicies::in_force).unwrap_or_default()
    }

    /// The policy of the device's space, or else its owner's.
    pub(super) fn policy_for(&self, facts: &DeviceFacts) -> Policy {
        let tracked = facts.space_id().and_then(|space_id| self.by_id.get(&space_id));
        match (tracked, facts.owner()) {
            (Some(tracked), _) => tracked.policy,
            (None, Some(owner)) => self.policy_of_tenant(owner),
            (None, None) => Policy::default(),
        }
    }

    pub(super) fn apply_tenant(&mut self, tenant: &str, event: &TenantEvent, changes: &mut Changes) {
        let Ok(tenant_id) = tenant.parse::<TenantId>() else { return };
        let (TenantEvent::DisplayPolicyCreated { at, .. }
        | TenantEvent::DisplayPolicyUpdated { at, .. }
        | TenantEvent::DisplayPolicyActivated { at, .. }) = event
        else {
            return;
        };
        self.tenants.entry(tenant_id).or_default().evolve(event);
        self.touched.tenants.insert(tenant_id);
        self.redecide(*at, changes, |space| space.tenant_id() == tenant_id);
    }

    pub(super) fn apply_site(&mut self, site: &str, event: &SiteEvent, changes: &mut Changes) {
        let Ok(site_id) = site.parse::<SiteId>() else { return };
        let at = match event {
            SiteEvent::SiteCreated { definition, at, .. } | SiteEvent::SiteUpdated { definition, at, .. } => {
                if self.sites.insert(site_id, definition.policy) == Some(definition.policy) {
                    return;
                }
                at
            }
            SiteEvent::SiteArchived { at, .. } => {
                self.sites.remove(&site_id);
                at
            }
            SiteEvent::SiteRenamed { .. }
            | SiteEvent::SiteMemberAdded { .. }
            | SiteEvent::SiteMemberRemoved { .. } => return,
        };
        self.touched.sites.insert(site_id);
        self.redecide(*at, changes, |space| space.site_id() == site_id);
    }

    /// Recomputes what is shown of the matching spaces under the current policies, in order of their ids.
    fn redecide(&mut self, at: Instant, changes: &mut Changes, is_affected: impl Fn(&SpaceMachine) -> bool) {
        let tracked = self.by_id.values().filter(|tracked| is_affected(&tracked.machine));
        let mut space_ids: Vec<_> = tracked.map(|tracked| tracked.machine.space_id()).collect();
        space_ids.sort_unstable();
        for space_id in space_ids {
            self.redecide_space(space_id, at, changes);
        }
    }

    /// Recomputes what is shown of a space under the current policy.
    pub(super) fn redecide_space(&mut self, space_id: SpaceId, at: Instant, changes: &mut Changes) {
        let Some(TrackedSpace { machine, .. }) = self.by_id.get(&space_id) else { return };
        let policy = self.policy_of(machine.tenant_id(), machine.site_id(), machine.own_policy());
        let Some(tracked) = self.by_id.get_mut(&space_id) else { return };
        tracked.policy = policy;
        if tracked.machine.consider_approaches(at) {
            self.touched.spaces.insert(space_id);
        }
        if let Some((from, to, at)) = tracked.machine.show(&policy, at) {
            self.touched.spaces.insert(space_id);
            changes.push(space_id, at, Some(from), Some(to), Cause::Policy);
        }
        self.record_stay_and_arrival(space_id);
    }
}
