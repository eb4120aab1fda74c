//! What can be asked of a device. Commands of its owner name the tenant they come from: another's device is not found.

use super::definition::{Category, Definition};
use crate::actor::Actor;
use crate::document::Document;
use crate::downlink::DisplayType;
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;
use crate::patch::Patch;
use crate::sensors::Threshold;

/// A command to a `device` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum DeviceCommand {
    /// Let a device that belongs to nobody belong to the tenant.
    ClaimDevice {
        tenant_id: TenantId,
        category: Category,
        definition: Box<Definition>,
        at: Instant,
        by: Actor,
    },
    /// Change its definition.
    UpdateDevice { tenant_id: TenantId, patch: Box<DevicePatch>, at: Instant, by: Actor },
    /// Put it at a space; away from another one only if `replace` says so.
    AssignDevice {
        tenant_id: TenantId,
        space_id: SpaceId,
        replace: bool,
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// Take it away from its space.
    UnassignDevice { tenant_id: TenantId, reason: Option<String>, at: Instant, by: Actor },
    /// Give it up: anybody may claim it.
    ReleaseDevice { tenant_id: TenantId, reason: Option<String>, at: Instant, by: Actor },
    /// Take it out of use. If it turns up again, anybody may claim it.
    RetireDevice { tenant_id: TenantId, reason: Option<String>, at: Instant, by: Actor },
    /// Note that it has been silent for too long: once for each silence of a device that somebody owns. A process's
    /// command, so where there is nothing to note it is not refused.
    ReportSilence { last_heard_at: Instant, due: Instant, at: Instant },
    /// Do not show the orphan until it is heard again.
    DismissOrphan { reason: Option<String>, at: Instant, by: Actor },
}

impl DeviceCommand {
    /// Why it is asked, if that was said.
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

/// A change of a device's definition: what is absent stays. Its category stays while it is owned, because its place at a
/// space depends on it; who claimed it for the wrong one releases it and claims it again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DevicePatch {
    /// What whoever asks takes it to be for; refused if it is not.
    pub category: Option<Category>,
    /// For people: 1 to 255 characters.
    pub name: Option<String>,
    /// A disabled device is heard, and moves nothing.
    pub enabled: Option<bool>,
    /// Who makes it.
    pub manufacturer: Patch<String>,
    /// Its model, as its maker calls it.
    pub model: Patch<String>,
    /// The codec that reads it, by name.
    pub codec: Patch<String>,
    /// Where a vehicle begins.
    pub threshold: Patch<Threshold>,
    /// How often it reports when nothing changes, in seconds.
    pub heartbeat_sec: Patch<u32>,
    /// How a display is told.
    pub display_type: Patch<DisplayType>,
    /// Where it is, in words.
    pub location: Patch<String>,
    /// Instead of the owner's own settings.
    pub config: Option<Document>,
    /// Instead of the owner's own data.
    pub metadata: Option<Document>,
}
