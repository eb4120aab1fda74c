//! A place with parking spaces, and a time zone of its own.

mod definition;
mod event;

pub use definition::Definition;
pub use event::{SiteEvent, SiteMember};
