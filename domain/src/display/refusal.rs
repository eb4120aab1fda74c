//! Why a downlink request is refused.

use super::rules::MOST_BYTES;
use crate::limits::DOWNLINK_REASON;

/// A refusal of a downlink request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisplayRefusal {
    /// The priority is out of bounds.
    #[error("a priority is 1, the most urgent, to 10")]
    PriorityOutOfBounds,
    /// Other ports are reserved by the network.
    #[error("a downlink's port is 1 to 223")]
    PortOutOfBounds,
    /// No bytes, or more than one frame carries.
    #[error("a downlink carries 1 to {MOST_BYTES} bytes")]
    DataOutOfBounds,
    /// The reason is too long.
    #[error("a downlink's reason is at most {DOWNLINK_REASON} characters")]
    ReasonTooLong,
}
