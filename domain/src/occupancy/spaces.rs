//! The fold over the whole log: every space, every device, every policy.

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
use crate::id::{SiteId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::policy::{Policy, PolicyOverrides};
use crate::stored::Event;

/// Every space with what is shown of it, folded from the events of all streams in the order of the log.
#[derive(Debug, Default)]
pub struct Spaces {
    rooms: HashMap<SpaceId, Room>,
    devices: HashMap<DevEui, DeviceFacts>,
    sites: HashMap<SiteId, PolicyOverrides>,
    tenants: HashMap<TenantId, TenantPolicies>,
    touched: Touched,
    arrivals: BTreeMap<SpaceId, Option<Arrival>>,
    profiles: Profiles,
}

/// A space with the policy in force there, which its tenant, its site and it have laid down.
#[derive(Debug)]
struct Room {
    machine: SpaceMachine,
    policy: Policy,
    /// The arrival that waits to be told.
    arrival: Option<Arrival>,
}

impl Room {
    fn new(machine: SpaceMachine, policy: Policy) -> Self {
        let arrival = confirm::by_sensor(&machine, &policy);
        Self { machine, policy, arrival }
    }
}

/// The parts of which [`Spaces`] are made; each can be stored by its key.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the parts are named by what they are")]
pub struct Parts {
    pub spaces: Vec<SpaceMachine>,
    pub devices: Vec<(DevEui, DeviceFacts)>,
    pub sites: Vec<(SiteId, PolicyOverrides)>,
    pub tenants: Vec<(TenantId, TenantPolicies)>,
}

/// The keys of the parts that are otherwise since they were last asked for. A part that is not there any more has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the parts are named by what they are")]
pub struct Touched {
    pub spaces: BTreeSet<SpaceId>,
    pub devices: BTreeSet<DevEui>,
    pub sites: BTreeSet<SiteId>,
    pub tenants: BTreeSet<TenantId>,
}

impl Spaces {
    /// Goes on from parts that were stored.
    pub fn from_parts(parts: Parts) -> Self {
        let mut fold = Self {
            devices: parts.devices.into_iter().collect(),
            sites: parts.sites.into_iter().collect(),
            tenants: parts.tenants.into_iter().collect(),
            ..Self::default()
        };
        for machine in parts.spaces {
            let policy = fold.policy_of(machine.tenant_id(), machine.site_id(), machine.own_policy());
            fold.rooms.insert(machine.space_id(), Room::new(machine, policy));
        }
        fold
    }

    /// Everything, to be stored.
    pub fn to_parts(&self) -> Parts {
        Parts {
            spaces: self.rooms.values().map(|room| room.machine.clone()).collect(),
            devices: self.devices.iter().map(|(key, facts)| (*key, facts.clone())).collect(),
            sites: self.sites.iter().map(|(key, own)| (*key, *own)).collect(),
            tenants: self.tenants.iter().map(|(key, policies)| (*key, policies.clone())).collect(),
        }
    }

    /// What is otherwise since this was last asked.
    pub fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// The spaces where another arrival waits to be told since this was last asked, or none any more; see
    /// [`confirm::by_sensor`].
    pub fn take_arrivals(&mut self) -> BTreeMap<SpaceId, Option<Arrival>> {
        std::mem::take(&mut self.arrivals)
    }

    /// A space.
    pub fn space(&self, space_id: SpaceId) -> Option<&SpaceMachine> {
        self.rooms.get(&space_id).map(|room| &room.machine)
    }

    /// The policy in force at a space.
    pub fn policy(&self, space_id: SpaceId) -> Option<&Policy> {
        self.rooms.get(&space_id).map(|room| &room.policy)
    }

    /// A device that somebody owns or that was heard.
    pub fn device(&self, dev_eui: DevEui) -> Option<&DeviceFacts> {
        self.devices.get(&dev_eui)
    }

    /// What a site decides otherwise than its tenant.
    pub fn site(&self, site_id: SiteId) -> Option<&PolicyOverrides> {
        self.sites.get(&site_id)
    }

    /// A tenant's display policies.
    pub fn tenant(&self, tenant_id: TenantId) -> Option<&TenantPolicies> {
        self.tenants.get(&tenant_id)
    }

    /// All spaces, in no order.
    pub fn spaces(&self) -> impl Iterator<Item = &SpaceMachine> {
        self.rooms.values().map(|room| &room.machine)
    }

    /// All devices, in no order.
    pub fn devices(&self) -> impl Iterator<Item = (DevEui, &DeviceFacts)> {
        self.devices.iter().map(|(dev_eui, facts)| (*dev_eui, facts))
    }

    /// When a device becomes silent if it is not heard before, for claimed and enabled sensors that are not silent yet.
    pub fn silent_due(&self, dev_eui: DevEui) -> Option<Instant> {
        let facts = self.devices.get(&dev_eui)?;
        facts.silent_due(&self.policy_for(facts))
    }

    /// Takes the event at a position of the log. Returns what is shown otherwise by it.
    pub fn apply(&mut self, position: i64, aggregate_id: &str, event: &Event) -> Vec<Change> {
        let mut changes = Changes::at(position);
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

    /// Does something to a space and notes what is shown otherwise by it. `act` says whether it did anything.
    fn at_space(
        &mut self,
        space_id: SpaceId,
        at: Instant,
        cause: Cause,
        changes: &mut Changes,
        act: impl FnOnce(&mut SpaceMachine, &Policy) -> bool,
    ) {
        let Some(room) = self.rooms.get_mut(&space_id) else { return };
        if act(&mut room.machine, &room.policy) {
            self.touched.spaces.insert(space_id);
            if let Some((from, to, at)) = room.machine.show(&room.policy, at) {
                changes.push(space_id, at, Some(from), Some(to), cause);
            }
            self.note_arrival(space_id);
        }
    }

    /// Looks whether there is another wish to confirm a reservation, or none any more.
    fn note_arrival(&mut self, space_id: SpaceId) {
        let Some(room) = self.rooms.get_mut(&space_id) else { return };
        let arrival = confirm::by_sensor(&room.machine, &room.policy);
        if room.arrival != arrival {
            room.arrival = arrival;
            self.arrivals.insert(space_id, arrival);
        }
    }
}
