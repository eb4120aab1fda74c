//! Assigns or unassigns a space's sensor or display, in terms of the space.

use cqrs_es::Aggregate;
use parking_domain::aggregate::Claim;
use parking_domain::asked::Asked;
use parking_domain::device::{
    Category, Definition, Device, DeviceCommand, DeviceEvent, DevicePatch, DeviceRefusal,
};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::Space;
use parking_domain::space::claims::place;

use super::assignment::find_space;
use super::refusal::{AssignmentError, space_has_ended};
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;
use crate::store::LoadError;

/// Assign a device to a space as its sensor or display. A device without an owner is claimed as well.
#[derive(Clone, Debug)]
pub struct FillPlace {
    /// The space.
    pub space_id: SpaceId,
    /// The category of the assignment.
    pub category: Category,
    /// The device.
    pub dev_eui: DevEui,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for FillPlace {
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
        let (category, asked) = (self.category, self.asked);
        let prepare = if device.aggregate.owner() == Some(asked.tenant_id) {
            let patch = Box::new(DevicePatch { category: Some(category), ..DevicePatch::default() });
            DeviceCommand::UpdateDevice { patch, asked }
        } else {
            let definition = Box::new(Definition::named(format!("{:X}", self.dev_eui)));
            DeviceCommand::ClaimDevice { category, definition, asked }
        };
        let space_id = self.space_id;
        let assign = DeviceCommand::AssignDevice { space_id, replace: false, reason: None, asked };
        Ok(work.decide_all(&device, &[prepare, assign])?)
    }
}

/// Unassign a space's sensor or display. No effect if there is none.
#[derive(Clone, Debug)]
pub struct ClearPlace {
    /// The space.
    pub space_id: SpaceId,
    /// The category of the assignment.
    pub category: Category,
    /// The reason.
    pub reason: Option<String>,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for ClearPlace {
    type Lead = Device;
    type Error = AssignmentError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id)]
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<DeviceEvent>, AssignmentError> {
        find_space(work, self.space_id, self.asked).await?;
        unassign_device(work, self.space_id, self.category, self.reason.clone(), self.asked).await
    }
}

/// Unassigns the space's device of this category, if there is one.
pub(crate) async fn unassign_device<E: From<LoadError> + From<DeviceRefusal>>(
    work: &mut UnitOfWork<'_>,
    space_id: SpaceId,
    category: Category,
    reason: Option<String>,
    asked: Asked,
) -> Result<Vec<DeviceEvent>, E> {
    let place = place(category, space_id);
    let Some((aggregate_type, dev_eui)) = work.holder(&place.scope, &place.key).await? else {
        return Ok(Vec::new());
    };
    if aggregate_type != Device::TYPE {
        return Ok(Vec::new());
    }
    let device = work.load::<Device>(&dev_eui).await?;
    // It may have been moved since the claim was read.
    if device.aggregate.space_id() != Some(space_id) {
        return Ok(Vec::new());
    }
    Ok(work.decide(&device, &DeviceCommand::UnassignDevice { reason, asked })?)
}
