//! What a display is told: one downlink at a time, the newest wins.

mod event;

pub use event::{DisplayEvent, Order};
