//! Claims, assigns or dismisses an orphan: a device that was heard and has no owner.

use parking_domain::aggregate::Claim;
use parking_domain::asked::Asked;
use parking_domain::device::{Category, Definition, Device, DeviceCommand, DeviceEvent};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::Space;
use parking_domain::uplinks::{Source, Uplinks, stream_id};

use super::assignment::find_space;
use super::refusal::{AssignmentError, space_has_ended};
use crate::joint::{MultiStreamCommand, UnitOfWork};
use crate::lanes::StreamName;

/// Claim an orphan and assign it to a space, in one append.
#[derive(Clone, Debug)]
pub struct AssignOrphan {
    /// The device.
    pub dev_eui: DevEui,
    /// The space.
    pub space_id: SpaceId,
    /// Its category.
    pub category: Category,
    /// Its definition.
    pub definition: Box<Definition>,
    /// The reason.
    pub reason: Option<String>,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for AssignOrphan {
    type Lead = Device;
    type Error = AssignmentError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Space>(&self.space_id), StreamName::of::<Device>(&self.dev_eui)]
    }

    fn is_outdated_by(&self, claim: &Claim, holder: &str) -> bool {
        space_has_ended(claim, holder)
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<DeviceEvent>, AssignmentError> {
        refuse_never_heard(work, self.dev_eui).await?;
        find_space(work, self.space_id, self.asked).await?;
        let device = work.load::<Device>(&self.dev_eui.to_string()).await?;
        let (category, definition, asked) = (self.category, self.definition.clone(), self.asked);
        let claim = DeviceCommand::ClaimDevice { category, definition, asked };
        let (space_id, reason) = (self.space_id, self.reason.clone());
        let assign = DeviceCommand::AssignDevice { space_id, replace: false, reason, asked };
        Ok(work.decide_all(&device, &[claim, assign])?)
    }
}

/// Claim an orphan without assigning it.
#[derive(Clone, Debug)]
pub struct ClaimOrphan {
    /// The device.
    pub dev_eui: DevEui,
    /// Its category.
    pub category: Category,
    /// Its definition.
    pub definition: Box<Definition>,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for ClaimOrphan {
    type Lead = Device;
    type Error = AssignmentError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Device>(&self.dev_eui)]
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<DeviceEvent>, AssignmentError> {
        refuse_never_heard(work, self.dev_eui).await?;
        let device = work.load::<Device>(&self.dev_eui.to_string()).await?;
        let (category, definition, asked) = (self.category, self.definition.clone(), self.asked);
        Ok(work.decide(&device, &DeviceCommand::ClaimDevice { category, definition, asked })?)
    }
}

/// Hide an orphan until it is heard again.
#[derive(Clone, Debug)]
pub struct DismissOrphan {
    /// The device.
    pub dev_eui: DevEui,
    /// The reason.
    pub reason: Option<String>,
    /// The caller.
    pub asked: Asked,
}

impl MultiStreamCommand for DismissOrphan {
    type Lead = Device;
    type Error = AssignmentError;

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<Device>(&self.dev_eui)]
    }

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<DeviceEvent>, AssignmentError> {
        refuse_never_heard(work, self.dev_eui).await?;
        let device = work.load::<Device>(&self.dev_eui.to_string()).await?;
        let dismiss = DeviceCommand::DismissOrphan { reason: self.reason.clone(), asked: self.asked };
        Ok(work.decide(&device, &dismiss)?)
    }
}

/// Refuses a device without uplinks, which is not an orphan. A stream never gets shorter, so it is not a precondition
/// of the append.
async fn refuse_never_heard(work: &UnitOfWork<'_>, dev_eui: DevEui) -> Result<(), AssignmentError> {
    let uplinks = work.read_only::<Uplinks>(&stream_id(Source::Platform, dev_eui)).await?;
    if uplinks.version == 0 { Err(AssignmentError::OrphanNotFound(dev_eui)) } else { Ok(()) }
}
