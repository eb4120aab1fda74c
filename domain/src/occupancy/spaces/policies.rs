//! Which policy is in force where, and what another policy changes.

use super::{Changes, DeviceFacts, Room, Spaces};
use crate::id::{SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::occupancy::change::Cause;
use crate::occupancy::machine::SpaceMachine;
use crate::occupancy::policies::TenantPolicies;
use crate::policy::{Policy, PolicyOverrides};
use crate::site::SiteEvent;
use crate::tenant::TenantEvent;

impl Spaces {
    /// The tenant's policy, with what the site and then the space have otherwise.
    pub(super) fn policy_of(&self, tenant_id: TenantId, site_id: SiteId, own: &PolicyOverrides) -> Policy {
        let tenant = self.policy_of_tenant(tenant_id);
        self.sites.get(&site_id).map_or(tenant, |site| tenant.with(site)).with(own)
    }

    fn policy_of_tenant(&self, tenant_id: TenantId) -> Policy {
        self.tenants.get(&tenant_id).map(TenantPolicies::in_force).unwrap_or_default()
    }

    /// The policy where a device stands, or else its owner's.
    pub(super) fn policy_for(&self, facts: &DeviceFacts) -> Policy {
        let there = facts.space_id().and_then(|space_id| self.rooms.get(&space_id));
        match (there, facts.owner()) {
            (Some(room), _) => room.policy,
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
        self.decide_anew(*at, changes, |space| space.tenant_id() == tenant_id);
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
        self.decide_anew(*at, changes, |space| space.site_id() == site_id);
    }

    /// Decides what is shown of some spaces under the policies of now, in the order of their ids.
    fn decide_anew(&mut self, at: Instant, changes: &mut Changes, concerned: impl Fn(&SpaceMachine) -> bool) {
        let rooms = self.rooms.values().filter(|room| concerned(&room.machine));
        let mut space_ids: Vec<_> = rooms.map(|room| room.machine.space_id()).collect();
        space_ids.sort_unstable();
        for space_id in space_ids {
            self.decide_anew_one(space_id, at, changes);
        }
    }

    /// Decides what is shown of a space under the policy of now.
    pub(super) fn decide_anew_one(&mut self, space_id: SpaceId, at: Instant, changes: &mut Changes) {
        let Some(Room { machine, .. }) = self.rooms.get(&space_id) else { return };
        let policy = self.policy_of(machine.tenant_id(), machine.site_id(), machine.own_policy());
        let Some(room) = self.rooms.get_mut(&space_id) else { return };
        room.policy = policy;
        if let Some((from, to, at)) = room.machine.show(&policy, at) {
            self.touched.spaces.insert(space_id);
            changes.push(space_id, at, Some(from), Some(to), Cause::Policy);
        }
        self.note_arrival(space_id);
    }
}
