//! A gateway as a thing that somebody owns.

mod event;

pub use event::{Definition, GatewayEvent};
