//! Space events: creation, deletion, overrides, reservations and states set by hand.

use super::{Changes, Spaces, TrackedSpace};
use crate::id::SpaceId;
use crate::instant::Instant;
use crate::occupancy::change::{Cause, effect};
use crate::occupancy::machine::SpaceMachine;
use crate::space::SpaceEvent;

impl Spaces {
    pub(super) fn apply_space(&mut self, space: &str, event: &SpaceEvent, changes: &mut Changes) {
        let Ok(space_id) = space.parse::<SpaceId>() else { return };
        let (at, cause) = effect(event);
        match event {
            SpaceEvent::SpaceCreated { .. } => self.create(space_id, event, changes),
            SpaceEvent::SpaceDeleted { .. } => self.delete(space_id, at, cause, changes),
            SpaceEvent::SpaceUpdated { .. } => {
                self.update_space(space_id, at, cause, changes, |space, policy| space.evolve(event, policy));
                self.redecide_space(space_id, at, changes);
            }
            _ => self.update_space(space_id, at, cause, changes, |space, policy| space.evolve(event, policy)),
        }
    }

    fn create(&mut self, space_id: SpaceId, event: &SpaceEvent, changes: &mut Changes) {
        let SpaceEvent::SpaceCreated { tenant_id, site_id, definition, at, by, .. } = event else { return };
        if self.by_id.contains_key(&space_id) {
            return;
        }
        let policy = self.policy_of(*tenant_id, *site_id, &definition.policy);
        let machine = SpaceMachine::new(space_id, *tenant_id, *site_id, definition.policy, *at, &policy);
        let (shown, at) = machine.last_shown();
        self.by_id.insert(space_id, TrackedSpace::new(machine, policy));
        self.touched.spaces.insert(space_id);
        changes.push(space_id, at, None, Some(shown), Cause::Created(*by));
    }

    fn delete(&mut self, space_id: SpaceId, at: Instant, cause: Cause, changes: &mut Changes) {
        if let Some(TrackedSpace { mut machine, arrival, stay, .. }) = self.by_id.remove(&space_id) {
            machine.end_stay(at, changes.position());
            if machine.stay() != stay.as_ref() {
                self.stays.extend(machine.stay().map(|stay| (space_id, *stay)));
            }
            if arrival.is_some() {
                self.arrivals.insert(space_id, None);
            }
            self.touched.spaces.insert(space_id);
            let (shown, _) = machine.last_shown();
            changes.push(space_id, machine.effective(at), Some(shown), None, cause);
        }
    }
}
