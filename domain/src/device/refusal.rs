//! Why a device's command is refused.

use super::definition::{Category, LONGEST_HEARTBEAT_SEC};
use crate::display::MOST_BYTES;
use crate::id::SpaceId;
use crate::limits::LimitExceeded;
use crate::naming::LONGEST_NAME;

/// A refused fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceRefusal {
    /// Somebody has it. Whose it is, is not told.
    #[error("the device is claimed: check its EUI, or let its owner release it first")]
    DeviceAlreadyClaimed,
    /// It belongs to nobody or to another tenant.
    #[error("the tenant has no such device: check its EUI or claim it")]
    DeviceNotFound,
    /// It is for something else, and stays that while somebody owns it.
    #[error("the device is a {}: release it and claim it again to make it something else", .category.word())]
    DeviceCategoryFixed {
        /// What it is for.
        category: Category,
    },
    /// It stands at another space.
    #[error("the device stands at space {space_id}: unassign it first, or ask to replace the assignment")]
    DeviceAlreadyAssigned {
        /// Where it stands.
        space_id: SpaceId,
    },
    /// It stands nowhere.
    #[error("the device stands at no space: there is nothing to unassign")]
    DeviceNotAssigned,
    /// Somebody owns it.
    #[error("the device is claimed: only an orphan can be dismissed")]
    DeviceNotOrphan,
    /// It says nothing or too much.
    #[error("a device's name is 1 to {LONGEST_NAME} characters and not blank")]
    DeviceNameInvalid,
    /// A text is too long to be kept.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// No codec has that name.
    #[error("there is no codec {codec}: name one of the list of codecs, or none")]
    CodecUnknown {
        /// The name that was given.
        codec: String,
    },
    /// It would be silent at once, or never.
    #[error("a heartbeat is 1 to {LONGEST_HEARTBEAT_SEC} seconds")]
    HeartbeatOutOfBounds,
    /// The network keeps the other ports.
    #[error("a display's port is 1 to 223")]
    DisplayPortInvalid,
    /// It would make downlinks that cannot be sent.
    #[error("a display's layout makes downlinks of 1 to {MOST_BYTES} bytes")]
    DisplayLayoutInvalid,
}
