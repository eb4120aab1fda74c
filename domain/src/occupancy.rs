//! What a space is and what its display shows, out of everything the log says: one pure fold for the projection, the
//! as-of query and the auditor.
//!
//! [`Spaces`] folds the events of all streams in the order of the log. It knows of each device whose it is, where it
//! stands and what it said last, and keeps one [`SpaceMachine`] a space, which alone decides what is shown. What depends
//! on time comes as an event; nothing here asks what time it is.

mod change;
pub mod confirm;
mod device;
mod machine;
mod policies;
mod profiles;
mod reservations;
mod sensor;
mod shown;
pub mod silence;
mod spaces;

pub use change::{Cause, Change};
pub use device::DeviceFacts;
pub use machine::SpaceMachine;
pub use policies::TenantPolicies;
pub use profiles::Profiles;
pub use sensor::Sensor;
pub use shown::{DisplayState, Reason, Shown, Sign, SpaceState, Word};
pub use spaces::{Parts, Spaces, Touched};
