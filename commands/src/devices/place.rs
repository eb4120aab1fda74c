//! A space's place for a sensor or a display, filled with a device or cleared, whatever is there.

use cqrs_es::Aggregate;
use parking_domain::aggregate::Claim;
use parking_domain::device::{
    Category, Definition, Device, DeviceCommand, DeviceEvent, DevicePatch, DeviceRefusal,
};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::claims::place;
use parking_domain::space::{Asked, Space};

use super::assignment::find_space;
use super::refusal::{AssignmentError, space_has_ended};
use crate::joint::{Joint, Work};
use crate::lanes::StreamName;
use crate::store::LoadError;

/// Put a device at a space as its sensor or its display. One that belongs to nobody is claimed for that.
#[derive(Clone, Debug)]
pub struct FillPlace {
    /// The space.
    pub space_id: SpaceId,
    /// Which of its places.
    pub category: Category,
    /// The device.
    pub dev_eui: DevEui,
    /// Who asks.
    pub asked: Asked,
}

impl Joint for FillPlace {
    type Lead = Device;
    type Error = AssignmentError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id), StreamName::of::<Device>(&self.dev_eui)]
    }

    fn is_outdated_by(&self, claim: &Claim, holder: &str) -> bool {
        space_has_ended(claim, holder)
    }

    async fn decide(&self, work: &mut Work<'_>) -> Result<Vec<DeviceEvent>, AssignmentError> {
        find_space(work, self.space_id, self.asked).await?;
        let device = work.load::<Device>(&self.dev_eui.to_string()).await?;
        let Asked { tenant_id, by, at } = self.asked;
        let category = self.category;
        let own = if device.aggregate.owner() == Some(tenant_id) {
            let patch = Box::new(DevicePatch { category: Some(category), ..DevicePatch::default() });
            DeviceCommand::UpdateDevice { tenant_id, patch, at, by }
        } else {
            let definition = Box::new(Definition::named(format!("{:X}", self.dev_eui)));
            DeviceCommand::ClaimDevice { tenant_id, category, definition, at, by }
        };
        let space_id = self.space_id;
        let assign =
            DeviceCommand::AssignDevice { tenant_id, space_id, replace: false, reason: None, at, by };
        Ok(work.decide_all(&device, &[own, assign])?)
    }
}

/// Take away what stands at a space as its sensor or its display. Where nothing stands there is nothing to do.
#[derive(Clone, Debug)]
pub struct ClearPlace {
    /// The space.
    pub space_id: SpaceId,
    /// Which of its places.
    pub category: Category,
    /// Why.
    pub reason: Option<String>,
    /// Who asks.
    pub asked: Asked,
}

impl Joint for ClearPlace {
    type Lead = Device;
    type Error = AssignmentError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id)]
    }

    async fn decide(&self, work: &mut Work<'_>) -> Result<Vec<DeviceEvent>, AssignmentError> {
        find_space(work, self.space_id, self.asked).await?;
        leave(work, self.space_id, self.category, self.reason.clone(), self.asked).await
    }
}

/// Lets the device that stands at a place leave it, if there is one.
pub(crate) async fn leave<E: From<LoadError> + From<DeviceRefusal>>(
    work: &mut Work<'_>,
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
    // It may have gone elsewhere since the place was looked at.
    if device.aggregate.space_id() != Some(space_id) {
        return Ok(Vec::new());
    }
    let Asked { tenant_id, by, at } = asked;
    Ok(work.decide(&device, &DeviceCommand::UnassignDevice { tenant_id, reason, at, by })?)
}
