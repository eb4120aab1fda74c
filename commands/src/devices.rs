//! What is asked of a device and concerns more than its own stream: the space it is to stand at, or what was heard of it.
//!
//! Everything else that can be asked of a device is a plain command of the bus.

mod assignment;
mod orphan;
mod place;
mod refusal;

pub use assignment::AssignDevice;
pub use orphan::{AssignOrphan, ClaimOrphan, DismissOrphan};
pub(crate) use place::leave;
pub use place::{ClearPlace, FillPlace};
pub use refusal::AssignmentError;
