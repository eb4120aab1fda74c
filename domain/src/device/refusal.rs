//! Why a device command is refused.

use super::definition::{Category, LONGEST_HEARTBEAT_SEC};
use crate::display::MOST_BYTES;
use crate::id::SpaceId;
use crate::limits::LimitExceeded;
use crate::naming::LONGEST_NAME;

/// A refusal of a device command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceRefusal {
    /// Already claimed; the owner is not disclosed.
    #[error("the device is claimed: check its EUI, or let its owner release it first")]
    DeviceAlreadyClaimed,
    /// It has no owner or belongs to another tenant.
    #[error("the tenant has no such device: check its EUI or claim it")]
    DeviceNotFound,
    /// Its last owner, the caller, retired it.
    #[error("the device is retired: claim it again to use it, or release it")]
    DeviceRetired,
    /// It has another category, which is fixed while it is owned.
    #[error("the device is a {}: release it and claim it again to make it something else", .category.word())]
    DeviceCategoryFixed {
        /// Its category.
        category: Category,
    },
    /// It is assigned to another space.
    #[error(
        "the device is assigned to space {space_id}: unassign it first, or ask to replace the assignment"
    )]
    DeviceAlreadyAssigned {
        /// The space it is assigned to.
        space_id: SpaceId,
    },
    /// It is not assigned.
    #[error("the device is not assigned to a space: there is nothing to unassign")]
    DeviceNotAssigned,
    /// It is owned.
    #[error("the device is claimed: only an orphan can be dismissed")]
    DeviceNotOrphan,
    /// The name is blank or too long.
    #[error(
        "a device's name is 1 to {LONGEST_NAME} characters, not blank, without control or invisible characters"
    )]
    DeviceNameInvalid,
    /// A value exceeds its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// No codec has this name.
    #[error("there is no codec {codec}: name one from the list of codecs, or none")]
    CodecUnknown {
        /// The given name.
        codec: String,
    },
    /// The interval is out of bounds.
    #[error("a heartbeat is 1 to {LONGEST_HEARTBEAT_SEC} seconds")]
    HeartbeatOutOfBounds,
    /// Other ports are reserved by the network.
    #[error("a display's port is 1 to 223")]
    DisplayPortInvalid,
    /// The layout makes downlinks that cannot be sent.
    #[error("a display's layout makes downlinks of 1 to {MOST_BYTES} bytes")]
    DisplayLayoutInvalid,
}
