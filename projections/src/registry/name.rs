//! The name of the projection, which its parts need too.

pub(super) const NAME: &str = "registry";
