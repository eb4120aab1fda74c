//! Parts of requests and responses that several resources share. Resources import from here, never from one another.

pub(super) mod account;
pub(super) mod activity;
pub(super) mod counts;
pub(super) mod last_event;
pub(super) mod location;
pub(super) mod path;
pub(super) mod reason;
pub(super) mod reservation;
pub(super) mod space_override;
pub(super) mod window;
pub(super) mod words;
