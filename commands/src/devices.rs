//! Device commands over several streams: assignment to a space, and orphans known only by their uplinks.
//!
//! All other device commands go through the bus.

mod assignment;
mod orphan;
mod place;
mod refusal;

pub use assignment::AssignDevice;
pub use orphan::{AssignOrphan, ClaimOrphan, DismissOrphan};
pub(crate) use place::unassign_device;
pub use place::{ClearPlace, FillPlace};
pub use refusal::AssignmentError;
