//! The name and version of the projection, which its parts need too.

pub(super) const NAME: &str = "occupancy";
pub(super) const VERSION: i32 = 6;
