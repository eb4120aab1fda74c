//! Device events: ownership, assignment and silence.

use super::{Changes, DeviceFacts, Spaces};
use crate::device::{Category, Definition, DeviceEvent};
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::occupancy::Presence;
use crate::occupancy::change::Cause;

impl Spaces {
    pub(super) fn apply_device(&mut self, device: &str, event: &DeviceEvent, changes: &mut Changes) {
        let Ok(dev_eui) = device.parse::<DevEui>() else { return };
        match event {
            DeviceEvent::DeviceClaimed { tenant_id, category, definition, at, .. } => {
                self.claim(dev_eui, *tenant_id, *category, definition, *at, changes);
            }
            DeviceEvent::DeviceUpdated { definition, at, .. } => {
                self.update(dev_eui, definition, *at, changes);
            }
            DeviceEvent::DeviceAssigned { space_id, category: Category::Sensor, at, .. } => {
                self.assign(dev_eui, *space_id, *at, changes);
            }
            DeviceEvent::DeviceReassigned { to, category: Category::Sensor, at, .. } => {
                self.assign(dev_eui, *to, *at, changes);
            }
            DeviceEvent::DeviceUnassigned { at, .. } => self.unassign(dev_eui, *at, changes),
            DeviceEvent::DeviceReleased { at, .. } | DeviceEvent::DeviceRetired { at, .. } => {
                self.drop_device(dev_eui, *at, changes);
            }
            DeviceEvent::DeviceFellSilent { last_heard_at, due, .. } => {
                self.fall_silent(dev_eui, *last_heard_at, *due, changes);
            }
            DeviceEvent::DeviceAssigned { category: Category::Display, .. }
            | DeviceEvent::DeviceReassigned { category: Category::Display, .. }
            | DeviceEvent::OrphanDismissed { .. } => {}
        }
    }

    /// Decodes the frame kept since the device lost its last owner with the new owner's settings.
    fn claim(
        &mut self,
        dev_eui: DevEui,
        tenant_id: TenantId,
        category: Category,
        definition: &Definition,
        at: Instant,
        changes: &mut Changes,
    ) {
        let previous_owner = self.devices.get(&dev_eui).and_then(DeviceFacts::owner);
        if previous_owner.is_some_and(|previous| previous != tenant_id) {
            self.drop_device(dev_eui, at, changes);
        }
        let facts = self.devices.entry(dev_eui).or_default();
        let before = facts.is_active_sensor();
        facts.set_owner(tenant_id, category, definition);
        facts.decode_kept(&mut self.profiles);
        self.touched.devices.insert(dev_eui);
        self.enable_or_disable(dev_eui, before, at, changes);
    }

    fn update(&mut self, dev_eui: DevEui, definition: &Definition, at: Instant, changes: &mut Changes) {
        let Some(facts) = self.devices.get_mut(&dev_eui) else { return };
        let before = facts.is_active_sensor();
        if !facts.update(definition) {
            return;
        }
        self.touched.devices.insert(dev_eui);
        self.enable_or_disable(dev_eui, before, at, changes);
    }

    /// A sensor that is enabled again counts at once, with its last report; one that is disabled does not count any more.
    fn enable_or_disable(&mut self, dev_eui: DevEui, before: bool, at: Instant, changes: &mut Changes) {
        let Some(facts) = self.devices.get(&dev_eui) else { return };
        let active = facts.is_active_sensor();
        let Some(space_id) = facts.space_id().filter(|_| active != before) else { return };
        let (position, cause) = (changes.position(), Cause::Assignment(dev_eui));
        let (silent, presence) = self.silence_and_presence(dev_eui, at);
        self.update_space(space_id, at, cause, changes, |space, _| {
            if active {
                space.resume(dev_eui, silent, presence, at);
                true
            } else {
                space.suspend(dev_eui, at, position)
            }
        });
    }

    /// A sensor is assigned only to spaces of its owner's tenant.
    fn assign(&mut self, dev_eui: DevEui, space_id: SpaceId, at: Instant, changes: &mut Changes) {
        self.unassign(dev_eui, at, changes);
        let Some(facts) = self.devices.get_mut(&dev_eui) else { return };
        let tenant_id = self.by_id.get(&space_id).map(|tracked| tracked.machine.tenant_id());
        if tenant_id.is_none() || tenant_id != facts.owner() || facts.is_other_category() {
            return;
        }
        facts.assign_to(space_id);
        self.touched.devices.insert(dev_eui);
        let (silent, presence) = self.silence_and_presence(dev_eui, at);
        let position = changes.position();
        self.update_space(space_id, at, Cause::Assignment(dev_eui), changes, |space, _| {
            space.assign(dev_eui, silent, presence, at, position);
            true
        });
    }

    fn unassign(&mut self, dev_eui: DevEui, at: Instant, changes: &mut Changes) {
        let Some(facts) = self.devices.get_mut(&dev_eui) else { return };
        let Some(space_id) = facts.unassign() else { return };
        self.touched.devices.insert(dev_eui);
        let position = changes.position();
        self.update_space(space_id, at, Cause::Assignment(dev_eui), changes, |space, _| {
            space.unassign(dev_eui, at, position)
        });
    }

    /// The device has no owner any more. The next owner must not learn its earlier reports.
    fn drop_device(&mut self, dev_eui: DevEui, at: Instant, changes: &mut Changes) {
        self.unassign(dev_eui, at, changes);
        if self.devices.remove(&dev_eui).is_some() {
            self.touched.devices.insert(dev_eui);
        }
    }

    fn fall_silent(&mut self, dev_eui: DevEui, last_heard_at: Instant, due: Instant, changes: &mut Changes) {
        let Some(facts) = self.devices.get_mut(&dev_eui) else { return };
        if facts.owner().is_none() || !facts.fall_silent(last_heard_at) {
            return;
        }
        self.touched.devices.insert(dev_eui);
        if let Some(space_id) = facts.space_id().filter(|_| facts.is_active_sensor()) {
            self.update_space(space_id, due, Cause::Silence(dev_eui), changes, |space, _| {
                space.fall_silent(dev_eui)
            });
        }
    }

    /// Whether a device is silent, and its presence on assignment: `None` if it is not an active sensor or its silence
    /// exceeds the timeout.
    fn silence_and_presence(&self, dev_eui: DevEui, at: Instant) -> (bool, Option<Presence>) {
        self.devices.get(&dev_eui).map_or((false, None), |facts| {
            (facts.is_silent(), facts.presence_at(at, &self.policy_for(facts)))
        })
    }
}
