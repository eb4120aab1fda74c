//! Whoever runs parking on the platform, with what they pay for and their display policies.

mod definition;
mod event;

pub use definition::{Definition, NamedPolicy, TenantType, Tier};
pub use event::TenantEvent;
