//! Commands to a device. Another tenant's device is not found.

use super::definition::{Category, Definition};
use crate::asked::Asked;
use crate::document::Document;
use crate::downlink::DisplayType;
use crate::id::SpaceId;
use crate::instant::Instant;
use crate::patch::Patch;
use crate::sensors::Threshold;

/// A command to a `device` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum DeviceCommand {
    /// Give an unowned device to the tenant.
    ClaimDevice { category: Category, definition: Box<Definition>, asked: Asked },
    /// Change its definition.
    UpdateDevice { patch: Box<DevicePatch>, asked: Asked },
    /// Assign it to a space; move it from another space only if `replace` is set.
    AssignDevice { space_id: SpaceId, replace: bool, reason: Option<String>, asked: Asked },
    /// Unassign it from its space.
    UnassignDevice { reason: Option<String>, asked: Asked },
    /// Release it: any tenant may claim it. A retired device is no longer shown to its last owner.
    ReleaseDevice { reason: Option<String>, asked: Asked },
    /// Take it out of use. If it is heard again, any tenant may claim it.
    RetireDevice { reason: Option<String>, asked: Asked },
    /// Record that an owned device has been silent for too long, once per silence. A process sends this command, so it
    /// is not refused when there is nothing to record.
    ReportSilence { last_heard_at: Instant, due: Instant, at: Instant },
    /// Hide the orphan until it is heard again.
    DismissOrphan { reason: Option<String>, asked: Asked },
}

impl DeviceCommand {
    /// The reason, if one is given.
    pub(super) fn reason(&self) -> Option<&String> {
        match self {
            Self::AssignDevice { reason, .. }
            | Self::UnassignDevice { reason, .. }
            | Self::ReleaseDevice { reason, .. }
            | Self::RetireDevice { reason, .. }
            | Self::DismissOrphan { reason, .. } => reason.as_ref(),
            Self::ClaimDevice { .. } | Self::UpdateDevice { .. } | Self::ReportSilence { .. } => None,
        }
    }
}

/// A change of a device's definition; absent fields are unchanged. The category is fixed while the device is owned,
/// because its claim on a space depends on it; to correct it, the owner releases the device and claims it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DevicePatch {
    /// Expected category; refused on mismatch.
    pub category: Option<Category>,
    /// Display name, 1 to 255 characters.
    pub name: Option<String>,
    /// A disabled device is heard, but its reports change no space.
    pub enabled: Option<bool>,
    /// The manufacturer.
    pub manufacturer: Patch<String>,
    /// The manufacturer's model name.
    pub model: Patch<String>,
    /// The name of the codec that decodes its uplinks.
    pub codec: Patch<String>,
    /// The distance threshold for a vehicle.
    pub threshold: Patch<Threshold>,
    /// The reporting interval when nothing changes, in seconds.
    pub heartbeat_sec: Patch<u32>,
    /// How a display's downlinks are encoded.
    pub display_type: Patch<DisplayType>,
    /// A description of its location.
    pub location: Patch<String>,
    /// Replaces the owner's settings.
    pub config: Option<Document>,
    /// Replaces the owner's data.
    pub metadata: Option<Document>,
}
