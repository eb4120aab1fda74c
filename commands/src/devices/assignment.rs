//! Assigns a tenant's device to one of the tenant's spaces.

use parking_domain::aggregate::Claim;
use parking_domain::asked::Asked;
use parking_domain::device::{Device, DeviceCommand, DeviceEvent};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::{Space, SpaceRefusal};

use super::refusal::{AssignmentError, space_has_ended};
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;

/// Assign a device to a space that has no other device of its category.
#[derive(Clone, Debug)]
pub struct AssignDevice {
    /// The device.
    pub dev_eui: DevEui,
    /// The space.
    pub space_id: SpaceId,
    /// Whether it may be moved from another space.
    pub replace: bool,
    /// The reason.
    pub reason: Option<String>,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for AssignDevice {
    type Lead = Device;
    type Error = AssignmentError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id), StreamName::of::<Device>(&self.dev_eui)]
    }

    fn is_outdated_by(&self, claim: &Claim, holder: &str) -> bool {
        space_has_ended(claim, holder)
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<DeviceEvent>, AssignmentError> {
        find_space(work, self.space_id, self.asked).await?;
        let device = work.load::<Device>(&self.dev_eui.to_string()).await?;
        let assign = DeviceCommand::AssignDevice {
            space_id: self.space_id,
            replace: self.replace,
            reason: self.reason.clone(),
            asked: self.asked,
        };
        Ok(work.decide(&device, &assign)?)
    }
}

/// Refuses a space that is not the tenant's. A space's owner never changes, and after its deletion the space holds its
/// own claims. The space's stream is therefore not a precondition of the append, and bookings do not conflict with
/// assignments.
pub(super) async fn find_space(
    work: &mut UnitOfWork<'_>,
    space_id: SpaceId,
    asked: Asked,
) -> Result<(), AssignmentError> {
    let space = work.load::<Space>(&space_id.to_string()).await?;
    match space.aggregate.description() {
        Some(description) if description.tenant_id == asked.tenant_id => Ok(()),
        _ => Err(SpaceRefusal::SpaceNotFound.into()),
    }
}
