//! What a response as of a past moment says about itself.

use chrono::{DateTime, Utc};
use parking_projections::engine::as_of::LastEvent;
use serde::Serialize;
use utoipa::ToSchema;

/// The last event that a response contains, only with `as_of`. Each of both, passed as `as_of`, gives the same response
/// again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastEvent)]
pub(crate) struct LastEventView {
    /// Its position.
    #[schema(required = false)]
    as_of_position: i64,
    /// When it was recorded.
    #[schema(required = false)]
    recorded_at: DateTime<Utc>,
}

impl From<LastEvent> for LastEventView {
    fn from(last: LastEvent) -> Self {
        Self { as_of_position: last.position, recorded_at: last.recorded_at.utc() }
    }
}
