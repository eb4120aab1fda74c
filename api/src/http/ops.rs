//! Endpoints for operators and monitoring: health, metrics and the API documentation.

pub(super) mod health;
pub(super) mod metrics;
pub(super) mod openapi;
