//! A device's ownership and assignment. Its reports are in its `uplinks` stream.
//!
//! A device has no owner until a tenant claims it, and again after its owner releases or retires it; then any tenant
//! may claim it. While it is owned it is assigned to at most one space, and holds the space's claim for its category.

mod command;
mod definition;
mod event;
mod id;
mod lifecycle;
mod ownership;
mod refusal;

use crate::space::claims::place;
use serde::{Deserialize, Serialize};

use crate::aggregate::{ClaimChange, Decider, aggregate};
use crate::asked::Asked;
use crate::id::{SpaceId, TenantId};
use crate::limits;
use crate::naming::moved;
use ownership::Ownership;

pub use command::{DeviceCommand, DevicePatch};
pub use definition::{Category, Definition, LONGEST_HEARTBEAT_SEC};
pub use event::DeviceEvent;
pub use id::{dev_eui_of, device_id};
pub use lifecycle::{Lifecycle, Status};
pub use refusal::DeviceRefusal;

/// The state for decisions about a device: its owner, or how the last owner gave it up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Device {
    owned: Option<Ownership>,
    /// The last owner, if it retired the device.
    retired_by: Option<TenantId>,
}

impl Device {
    /// The tenant that owns it.
    pub fn owner(&self) -> Option<TenantId> {
        self.owned.as_ref().map(|owned| owned.tenant_id)
    }

    /// Its category, while it is owned.
    pub fn category(&self) -> Option<Category> {
        self.owned.as_ref().map(|owned| owned.category)
    }

    /// Its definition, while it is owned.
    pub fn definition(&self) -> Option<&Definition> {
        self.owned.as_ref().map(|owned| &owned.definition)
    }

    /// The space it is assigned to.
    pub fn space_id(&self) -> Option<SpaceId> {
        self.owned.as_ref().and_then(|owned| owned.space_id)
    }

    /// The ownership, if it is the tenant's. A tenant still sees the device that it retired; any other is not found.
    fn owned_by(&self, asked: Asked) -> Result<&Ownership, DeviceRefusal> {
        let owned = self.owned.as_ref().filter(|owned| owned.tenant_id == asked.tenant_id);
        let is_retired = self.is_retired_by(asked);
        owned.ok_or(if is_retired { DeviceRefusal::DeviceRetired } else { DeviceRefusal::DeviceNotFound })
    }

    fn is_retired_by(&self, asked: Asked) -> bool {
        self.retired_by == Some(asked.tenant_id)
    }
}

impl Decider for Device {
    const STATE_VERSION: i32 = 2;

    const EVENTS: &'static [(&'static str, &'static str)] = DeviceEvent::CATALOGUE;

    fn decide(&self, command: &DeviceCommand) -> Result<Vec<DeviceEvent>, DeviceRefusal> {
        use DeviceCommand::{
            AssignDevice, ClaimDevice, DismissOrphan, ReleaseDevice, ReportSilence, RetireDevice,
            UnassignDevice, UpdateDevice,
        };
        limits::reason(command.reason())?;
        match command.clone() {
            ClaimDevice { .. } if self.owned.is_some() => Err(DeviceRefusal::DeviceAlreadyClaimed),
            ClaimDevice { category, definition, asked } => {
                definition.check()?;
                let Asked { tenant_id, at, by } = asked;
                Ok(vec![DeviceEvent::DeviceClaimed { tenant_id, category, definition, at, by }])
            }
            UpdateDevice { patch, asked } => self.owned_by(asked)?.update(*patch, asked),
            AssignDevice { space_id, replace, reason, asked } => {
                self.owned_by(asked)?.assign(space_id, replace, reason, asked)
            }
            UnassignDevice { reason, asked } => {
                let unassigned = self.owned_by(asked)?.unassigned(reason, asked);
                unassigned.map(|event| vec![event]).ok_or(DeviceRefusal::DeviceNotAssigned)
            }
            // Without an owner it is assigned to no space: only its last owner's view of it ends.
            ReleaseDevice { reason, asked } if self.is_retired_by(asked) => {
                Ok(vec![DeviceEvent::DeviceReleased { reason, at: asked.at, by: asked.by }])
            }
            RetireDevice { asked, .. } if self.is_retired_by(asked) => Ok(Vec::new()),
            ReleaseDevice { reason, asked } => {
                let unassigned = self.owned_by(asked)?.unassigned(reason.clone(), asked);
                let released = DeviceEvent::DeviceReleased { reason, at: asked.at, by: asked.by };
                Ok(unassigned.into_iter().chain([released]).collect())
            }
            RetireDevice { reason, asked } => {
                let unassigned = self.owned_by(asked)?.unassigned(reason.clone(), asked);
                let retired = DeviceEvent::DeviceRetired { reason, at: asked.at, by: asked.by };
                Ok(unassigned.into_iter().chain([retired]).collect())
            }
            ReportSilence { last_heard_at, due, at } => {
                let silent = self.owned.as_ref().filter(|owned| owned.fell_silent(last_heard_at, due, at));
                Ok(silent
                    .map(|_| DeviceEvent::DeviceFellSilent { last_heard_at, due, at })
                    .into_iter()
                    .collect())
            }
            DismissOrphan { .. } if self.owned.is_some() => Err(DeviceRefusal::DeviceNotOrphan),
            // A repeated dismissal has an effect: it hides the orphan until a report after this time.
            DismissOrphan { reason, asked } => {
                Ok(vec![DeviceEvent::OrphanDismissed { reason, at: asked.at, by: asked.by }])
            }
        }
    }

    fn evolve(&mut self, event: &DeviceEvent) {
        match event {
            DeviceEvent::DeviceClaimed { tenant_id, category, definition, .. } => {
                self.owned = Some(Ownership::new(*tenant_id, *category, Definition::clone(definition)));
                self.retired_by = None;
            }
            DeviceEvent::DeviceReleased { .. } => *self = Self::default(),
            DeviceEvent::DeviceRetired { .. } => *self = Self { owned: None, retired_by: self.owner() },
            event => {
                if let Some(owned) = &mut self.owned {
                    owned.evolve(event);
                }
            }
        }
    }

    fn claims(event: &DeviceEvent) -> Vec<ClaimChange> {
        match event {
            DeviceEvent::DeviceAssigned { space_id, category, .. } => {
                vec![ClaimChange::Take(place(*category, *space_id))]
            }
            DeviceEvent::DeviceReassigned { from, to, category, .. } => {
                moved(place(*category, *from), place(*category, *to))
            }
            DeviceEvent::DeviceUnassigned { space_id, category, .. } => {
                vec![ClaimChange::Release(place(*category, *space_id))]
            }
            _ => Vec::new(),
        }
    }
}

aggregate!(Device, "device", DeviceCommand, DeviceEvent, DeviceRefusal);
