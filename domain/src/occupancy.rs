//! What a space's state is and what its display shows, derived from the log: one pure fold for the projection, the
//! as-of query and the auditor.
//!
//! [`Spaces`] folds the events of all streams in log order. For each device it tracks the owner, the assignment and the
//! last report, and it keeps one [`SpaceMachine`] per space, which alone decides what is shown. Time-dependent changes
//! arrive as events; the fold never reads a clock.

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
mod stay;

pub use change::{Cause, Change, ChangeSource};
pub use device::DeviceFacts;
pub use machine::SpaceMachine;
pub use policies::TenantPolicies;
pub use profiles::Profiles;
pub use sensor::Sensor;
pub use shown::{DisplayState, Presence, Reason, Shown, Sign, SpaceState};
pub use spaces::{Parts, Spaces, Touched};
pub use stay::{Departure, Stay};
