//! Parts of requests and answers that several resources have. A resource imports nothing from another one, only from here.

pub(super) mod activity;
pub(super) mod counts;
pub(super) mod path;
pub(super) mod position;
pub(super) mod reservation;
pub(super) mod space_override;
pub(super) mod why;
pub(super) mod window;
