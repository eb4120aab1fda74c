//! An owner's operations on a device: update, assign, unassign, and record a silence.

use serde::{Deserialize, Serialize};

use super::command::DevicePatch;
use super::definition::{Category, Definition};
use super::event::DeviceEvent;
use super::refusal::DeviceRefusal;
use crate::asked::Asked;
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;

type Decision = Result<Vec<DeviceEvent>, DeviceRefusal>;

/// An owned device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Ownership {
    pub(super) tenant_id: TenantId,
    pub(super) category: Category,
    pub(super) definition: Definition,
    pub(super) space_id: Option<SpaceId>,
    /// It has been assigned to a space since it was claimed.
    pub(super) commissioned: bool,
    /// When it was last heard before the newest recorded silence.
    silent_since: Option<Instant>,
}

impl Ownership {
    pub(super) fn new(tenant_id: TenantId, category: Category, definition: Definition) -> Self {
        Self { tenant_id, category, definition, space_id: None, commissioned: false, silent_since: None }
    }

    /// Refuses a mismatching expected category.
    pub(super) fn check_category(&self, category: Category) -> Result<(), DeviceRefusal> {
        if category == self.category {
            return Ok(());
        }
        Err(DeviceRefusal::DeviceCategoryFixed { category: self.category })
    }

    pub(super) fn update(&self, patch: DevicePatch, asked: Asked) -> Decision {
        patch.category.map_or(Ok(()), |category| self.check_category(category))?;
        let definition = self.definition.patched(patch);
        definition.check()?;
        if definition == self.definition {
            return Ok(Vec::new());
        }
        Ok(vec![DeviceEvent::DeviceUpdated { definition: Box::new(definition), at: asked.at, by: asked.by }])
    }

    /// No event if it is assigned there already; moves it from another space only if `replace` is set.
    pub(super) fn assign(
        &self,
        to: SpaceId,
        replace: bool,
        reason: Option<String>,
        asked: Asked,
    ) -> Decision {
        let category = self.category;
        let Asked { at, by, .. } = asked;
        match self.space_id {
            None => Ok(vec![DeviceEvent::DeviceAssigned { space_id: to, category, reason, at, by }]),
            Some(space_id) if space_id == to => Ok(Vec::new()),
            Some(space_id) if !replace => Err(DeviceRefusal::DeviceAlreadyAssigned { space_id }),
            Some(from) => Ok(vec![DeviceEvent::DeviceReassigned { from, to, category, reason, at, by }]),
        }
    }

    /// The event that unassigns it, if it is assigned.
    pub(super) fn unassigned(&self, reason: Option<String>, asked: Asked) -> Option<DeviceEvent> {
        let category = self.category;
        let Asked { at, by, .. } = asked;
        self.space_id.map(|space_id| DeviceEvent::DeviceUnassigned { space_id, category, reason, at, by })
    }

    /// True for a silence that exceeds the limit and is not recorded yet.
    pub(super) fn fell_silent(&self, last_heard_at: Instant, due: Instant, at: Instant) -> bool {
        due <= at && self.silent_since.is_none_or(|noted| last_heard_at > noted)
    }

    pub(super) fn evolve(&mut self, event: &DeviceEvent) {
        match event {
            DeviceEvent::DeviceUpdated { definition, .. } => self.definition = Definition::clone(definition),
            DeviceEvent::DeviceAssigned { space_id, .. }
            | DeviceEvent::DeviceReassigned { to: space_id, .. } => {
                self.space_id = Some(*space_id);
                self.commissioned = true;
            }
            DeviceEvent::DeviceUnassigned { .. } => self.space_id = None,
            DeviceEvent::DeviceFellSilent { last_heard_at, .. } => self.silent_since = Some(*last_heard_at),
            DeviceEvent::DeviceClaimed { .. }
            | DeviceEvent::DeviceReleased { .. }
            | DeviceEvent::DeviceRetired { .. }
            | DeviceEvent::OrphanDismissed { .. } => {}
        }
    }
}
