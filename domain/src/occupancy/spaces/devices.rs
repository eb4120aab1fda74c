//! What happens to devices: whose they are, where they stand, and that they fell silent.

use super::{Changes, DeviceFacts, Spaces};
use crate::device::{Category, Definition, DeviceEvent};
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;
use crate::lorawan::DevEui;
use crate::occupancy::Word;
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
                self.forget(dev_eui, *at, changes);
            }
            DeviceEvent::DeviceFellSilent { last_heard_at, due, .. } => {
                self.fall_silent(dev_eui, *last_heard_at, *due, changes);
            }
            DeviceEvent::DeviceAssigned { category: Category::Display, .. }
            | DeviceEvent::DeviceReassigned { category: Category::Display, .. }
            | DeviceEvent::OrphanDismissed { .. } => {}
        }
    }

    /// What it said since it last became ownerless is read as its owner wants it read.
    fn claim(
        &mut self,
        dev_eui: DevEui,
        tenant_id: TenantId,
        category: Category,
        definition: &Definition,
        at: Instant,
        changes: &mut Changes,
    ) {
        let former = self.devices.get(&dev_eui).and_then(DeviceFacts::owner);
        if former.is_some_and(|former| former != tenant_id) {
            self.forget(dev_eui, at, changes);
        }
        let facts = self.devices.entry(dev_eui).or_default();
        facts.own(tenant_id, category, definition);
        facts.read_kept(&mut self.profiles);
        self.touched.devices.insert(dev_eui);
    }

    /// A sensor that is enabled again is listened to at once: what it said meanwhile counts.
    fn update(&mut self, dev_eui: DevEui, definition: &Definition, at: Instant, changes: &mut Changes) {
        let Some(facts) = self.devices.get_mut(&dev_eui) else { return };
        let before = facts.is_listened_to();
        if !facts.update(definition) {
            return;
        }
        self.touched.devices.insert(dev_eui);
        let enabled = facts.is_listened_to() && !before;
        if let Some(space_id) = facts.space_id().filter(|_| enabled) {
            let (silent, word) = self.heard(dev_eui, at);
            self.at_space(space_id, at, Cause::Assignment(dev_eui), changes, |space, _| {
                space.resume(dev_eui, silent, word, at);
                true
            });
        }
    }

    /// Only the spaces of its owner's tenant take it.
    fn assign(&mut self, dev_eui: DevEui, space_id: SpaceId, at: Instant, changes: &mut Changes) {
        self.unassign(dev_eui, at, changes);
        let Some(facts) = self.devices.get_mut(&dev_eui) else { return };
        let tenant_id = self.rooms.get(&space_id).map(|room| room.machine.tenant_id());
        if tenant_id.is_none() || tenant_id != facts.owner() || facts.is_no_sensor() {
            return;
        }
        facts.stand_at(space_id);
        self.touched.devices.insert(dev_eui);
        let (silent, word) = self.heard(dev_eui, at);
        self.at_space(space_id, at, Cause::Assignment(dev_eui), changes, |space, _| {
            space.assign(dev_eui, silent, word, at);
            true
        });
    }

    fn unassign(&mut self, dev_eui: DevEui, at: Instant, changes: &mut Changes) {
        let Some(facts) = self.devices.get_mut(&dev_eui) else { return };
        let Some(space_id) = facts.leave() else { return };
        self.touched.devices.insert(dev_eui);
        self.at_space(space_id, at, Cause::Assignment(dev_eui), changes, |space, _| space.unassign(dev_eui));
    }

    /// Nobody owns it any more. Whoever claims it next shall not learn what it said before.
    fn forget(&mut self, dev_eui: DevEui, at: Instant, changes: &mut Changes) {
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
        if let Some(space_id) = facts.space_id().filter(|_| facts.is_listened_to()) {
            self.at_space(space_id, due, Cause::Silence(dev_eui), changes, |space, _| {
                space.fall_silent(dev_eui)
            });
        }
    }

    /// Whether a device is silent, and the word it comes with to its space: none if it is not listened to, or quiet for so
    /// long that it should count as silent.
    fn heard(&self, dev_eui: DevEui, at: Instant) -> (bool, Option<Word>) {
        self.devices
            .get(&dev_eui)
            .map_or((false, None), |facts| (facts.is_silent(), facts.word_at(at, &self.policy_for(facts))))
    }
}
