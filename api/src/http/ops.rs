//! What operators and monitoring ask of a server: health, metrics, and the documentation of everything else.

pub(super) mod health;
pub(super) mod metrics;
pub(super) mod openapi;
