//! The reason for a command.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::kit::fields::Body;

/// The reason for a command, for later readers of the history.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = Why)]
pub(crate) struct ReasonBody {
    /// The reason.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
}

impl Body for ReasonBody {
    const OPTIONAL: bool = true;
}
