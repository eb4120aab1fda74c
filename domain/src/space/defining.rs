//! Creation, changes and deletion of a space, and its state set by hand.

use super::commands::{CreateSpace, DeleteSpace, SetStateByHand, UpdateSpace};
use super::definition::StateByHand;
use super::event::SpaceEvent;
use super::patch::checked_code;
use super::refusal::SpaceRefusal;
use super::{Description, Space};
use crate::limits;

impl Space {
    pub(super) fn create(&self, command: CreateSpace) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let CreateSpace { site_id, code, definition, asked } = command;
        if self.deleted || self.description.is_some() {
            return Err(SpaceRefusal::SpaceAlreadyCreated);
        }
        let code = checked_code(code)?;
        let definition = Box::new(definition.of_new(&code)?);
        let (tenant_id, at, by) = (asked.tenant_id, asked.at, asked.by);
        Ok(vec![SpaceEvent::SpaceCreated { tenant_id, site_id, code, definition, at, by }])
    }

    /// The event, if it changes anything. `free` and `occupied` are readings and have an effect even if they were set
    /// before, because a sensor may have reported since.
    pub(super) fn set_state_by_hand(&self, command: SetStateByHand) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let SetStateByHand { state, reason, asked } = command;
        limits::reason(reason.as_ref())?;
        let unchanged = match state {
            StateByHand::Free | StateByHand::Occupied => false,
            StateByHand::Reserved | StateByHand::Maintenance => self.by_hand == Some(state),
            StateByHand::Unknown => self.by_hand.is_none(),
        };
        if unchanged {
            return Ok(Vec::new());
        }
        Ok(vec![SpaceEvent::StateSetByHand { state, reason, at: asked.at, by: asked.by }])
    }

    pub(super) fn delete(
        &self,
        description: &Description,
        command: DeleteSpace,
    ) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let DeleteSpace { space_id, reason, asked } = command;
        limits::reason(reason.as_ref())?;
        match self.reservations.holding().len() {
            0 => {}
            count => return Err(SpaceRefusal::SpaceHasReservations { count }),
        }
        let (site_id, code) = (description.site_id, description.code.clone());
        let (at, by) = (asked.at, asked.by);
        Ok(vec![SpaceEvent::SpaceDeleted { space_id, site_id, code, reason, at, by }])
    }
}

impl Description {
    pub(super) fn update(&self, command: UpdateSpace) -> Result<Vec<SpaceEvent>, SpaceRefusal> {
        let UpdateSpace { code, definition, asked } = command;
        let (site_id, at, by) = (self.site_id, asked.at, asked.by);
        let mut events = Vec::new();
        let definition = Box::new(definition.onto(self.definition.clone())?);
        if *definition != self.definition {
            events.push(SpaceEvent::SpaceUpdated { definition, at, by });
        }
        let code = code.map(checked_code).transpose()?;
        if let Some(to) = code.filter(|code| *code != self.code) {
            events.push(SpaceEvent::SpaceCodeChanged { site_id, from: self.code.clone(), to, at, by });
        }
        Ok(events)
    }
}
