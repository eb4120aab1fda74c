//! The reason for a command.

use serde::Deserialize;
use utoipa::ToSchema;

/// Why something is done, for whoever reads about it later.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct Why {
    /// Why.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
}
