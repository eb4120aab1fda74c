//! Why a downlink is not asked for.

use super::rules::MOST_BYTES;
use crate::limits::DOWNLINK_REASON;

/// A refused fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisplayRefusal {
    /// It is no priority.
    #[error("a priority is 1, the most urgent, to 10")]
    PriorityOutOfBounds,
    /// The network keeps the other ports.
    #[error("a downlink's port is 1 to 223")]
    PortOutOfBounds,
    /// There is nothing to send, or more than one frame carries.
    #[error("a downlink carries 1 to {MOST_BYTES} bytes")]
    DataOutOfBounds,
    /// It is a word, not a story.
    #[error("a downlink's reason is at most {DOWNLINK_REASON} characters")]
    ReasonTooLong,
}
