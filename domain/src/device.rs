//! A device as a thing that somebody owns and puts somewhere. What it reports is in its `uplinks` stream.

mod definition;
mod event;

pub use definition::{Category, Definition};
pub use event::DeviceEvent;
