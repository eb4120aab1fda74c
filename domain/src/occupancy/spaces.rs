//! The fold over the whole log: all spaces, devices and policies.

mod devices;
mod life;
mod policies;
mod uplinks;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::change::{Cause, Change, Changes};
use super::confirm::{self, Arrival};
use super::device::DeviceFacts;
use super::machine::SpaceMachine;
use super::policies::TenantPolicies;
use super::profiles::Profiles;
use super::stay::Stay;
use crate::id::{SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::policy::{Policy, PolicyOverrides};
use crate::stored::Event;

/// Every space and what is shown of it, folded from the events of all streams in log order.
#[derive(Debug, Default)]
pub struct Spaces {
    by_id: HashMap<SpaceId, TrackedSpace>,
    devices: HashMap<DevEui, DeviceFacts>,
    sites: HashMap<SiteId, PolicyOverrides>,
    tenants: HashMap<TenantId, TenantPolicies>,
    touched: Touched,
    arrivals: BTreeMap<SpaceId, Option<Arrival>>,
    stays: Vec<(SpaceId, Stay)>,
    profiles: Profiles,
}

/// A space with the policy in force there, combined from its tenant, its site and itself.
#[derive(Debug)]
struct TrackedSpace {
    machine: SpaceMachine,
    policy: Policy,
    /// The arrival to be reported.
    arrival: Option<Arrival>,
    /// The last stay, as it was taken.
    stay: Option<Stay>,
}

impl TrackedSpace {
    fn new(machine: SpaceMachine, policy: Policy) -> Self {
        let (arrival, stay) = (confirm::by_sensor(&machine, &policy), machine.stay().copied());
        Self { machine, policy, arrival, stay }
    }
}

/// The parts of [`Spaces`]; each can be stored by its key.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the parts are named by what they are")]
pub struct Parts {
    pub spaces: Vec<SpaceMachine>,
    pub devices: Vec<(DevEui, DeviceFacts)>,
    pub sites: Vec<(SiteId, PolicyOverrides)>,
    pub tenants: Vec<(TenantId, TenantPolicies)>,
}

/// The keys of the parts that changed since they were last taken. A part that is missing has been removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the parts are named by what they are")]
pub struct Touched {
    pub spaces: BTreeSet<SpaceId>,
    pub devices: BTreeSet<DevEui>,
    pub sites: BTreeSet<SiteId>,
    pub tenants: BTreeSet<TenantId>,
}

impl Spaces {
    /// Restores the fold from stored parts.
    pub fn from_parts(parts: Parts) -> Self {
        let mut fold = Self {
            devices: parts.devices.into_iter().collect(),
            sites: parts.sites.into_iter().collect(),
            tenants: parts.tenants.into_iter().collect(),
            ..Self::default()
        };
        for machine in parts.spaces {
            let policy = fold.policy_of(machine.tenant_id(), machine.site_id(), machine.own_policy());
            fold.by_id.insert(machine.space_id(), TrackedSpace::new(machine, policy));
        }
        fold
    }

    /// All parts, to be stored.
    pub fn to_parts(&self) -> Parts {
        Parts {
            spaces: self.by_id.values().map(|tracked| tracked.machine.clone()).collect(),
            devices: self.devices.iter().map(|(key, facts)| (*key, facts.clone())).collect(),
            sites: self.sites.iter().map(|(key, own)| (*key, *own)).collect(),
            tenants: self.tenants.iter().map(|(key, policies)| (*key, policies.clone())).collect(),
        }
    }

    /// Takes the keys that changed since the last call.
    pub fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// Takes the spaces whose pending arrival changed since the last call, `None` where it is gone; see
    /// [`confirm::by_sensor`].
    pub fn take_arrivals(&mut self) -> BTreeMap<SpaceId, Option<Arrival>> {
        std::mem::take(&mut self.arrivals)
    }

    /// Takes the stays that began, ended or changed their reservation since the last call, as they are after each change.
    pub fn take_stays(&mut self) -> Vec<(SpaceId, Stay)> {
        std::mem::take(&mut self.stays)
    }

    /// A space.
    pub fn space(&self, space_id: SpaceId) -> Option<&SpaceMachine> {
        self.by_id.get(&space_id).map(|tracked| &tracked.machine)
    }

    /// The policy in force at a space.
    pub fn policy(&self, space_id: SpaceId) -> Option<&Policy> {
        self.by_id.get(&space_id).map(|tracked| &tracked.policy)
    }

    /// A device that is owned or was heard.
    pub fn device(&self, dev_eui: DevEui) -> Option<&DeviceFacts> {
        self.devices.get(&dev_eui)
    }

    /// A site's overrides of its tenant's policy.
    pub fn site(&self, site_id: SiteId) -> Option<&PolicyOverrides> {
        self.sites.get(&site_id)
    }

    /// A tenant's display policies.
    pub fn tenant(&self, tenant_id: TenantId) -> Option<&TenantPolicies> {
        self.tenants.get(&tenant_id)
    }

    /// All spaces, unordered.
    pub fn spaces(&self) -> impl Iterator<Item = &SpaceMachine> {
        self.by_id.values().map(|tracked| &tracked.machine)
    }

    /// All devices, unordered.
    pub fn devices(&self) -> impl Iterator<Item = (DevEui, &DeviceFacts)> {
        self.devices.iter().map(|(dev_eui, facts)| (*dev_eui, facts))
    }

    /// When a device becomes silent if it is not heard before, for owned and enabled sensors that are not silent yet.
    pub fn silent_due(&self, dev_eui: DevEui) -> Option<Instant> {
        let facts = self.devices.get(&dev_eui)?;
        facts.silent_due(&self.policy_for(facts))
    }

    /// Applies the event at a log position; returns the changes of what is shown.
    pub fn apply(&mut self, position: i64, aggregate_id: &str, event: &Event) -> Vec<Change> {
        let mut changes = Changes::new(position);
        match event {
            Event::Uplink(event) => self.apply_uplink(aggregate_id, event, &mut changes),
            Event::Device(event) => self.apply_device(aggregate_id, event, &mut changes),
            Event::Space(event) => self.apply_space(aggregate_id, event, &mut changes),
            Event::Site(event) => self.apply_site(aggregate_id, event, &mut changes),
            Event::Tenant(event) => self.apply_tenant(aggregate_id, event, &mut changes),
            Event::Display(_) | Event::Gateway(_) | Event::User(_) | Event::Log(_) => {}
        }
        changes.into_list()
    }

    /// Applies `act` to a space and records the change of what is shown. `act` returns whether the state changed.
    fn update_space(
        &mut self,
        space_id: SpaceId,
        at: Instant,
        cause: Cause,
        changes: &mut Changes,
        act: impl FnOnce(&mut SpaceMachine, &Policy) -> bool,
    ) {
        let Some(tracked) = self.by_id.get_mut(&space_id) else { return };
        if act(&mut tracked.machine, &tracked.policy) {
            self.touched.spaces.insert(space_id);
            if let Some((from, to, at)) = tracked.machine.show(&tracked.policy, at) {
                changes.push(space_id, at, Some(from), Some(to), cause);
            }
            self.record_stay_and_arrival(space_id);
        }
    }

    /// Records the stay and the pending arrival if they changed.
    fn record_stay_and_arrival(&mut self, space_id: SpaceId) {
        let Some(tracked) = self.by_id.get_mut(&space_id) else { return };
        self.stays.extend(tracked.machine.take_corrected().into_iter().map(|stay| (space_id, stay)));
        let stay = tracked.machine.stay().copied();
        if tracked.stay != stay {
            tracked.stay = stay;
            self.stays.extend(stay.map(|stay| (space_id, stay)));
        }
        let arrival = confirm::by_sensor(&tracked.machine, &tracked.policy);
        if tracked.arrival != arrival {
            tracked.arrival = arrival;
            self.arrivals.insert(space_id, arrival);
        }
    }
}
