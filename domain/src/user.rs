//! A person with access, and what they may do for which tenant.

mod event;

pub use event::{Role, UserEvent};
