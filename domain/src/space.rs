//! One parking space with its overrides and its reservations: one consistency boundary, so that no two reservations of it
//! can overlap.

mod definition;
mod event;
mod overrides;
mod reservation;

pub use definition::{Definition, StateByHand};
pub use event::SpaceEvent;
pub use overrides::OverrideKind;
pub use reservation::{Confirmation, Details, PaymentStatus, Status, Window};
