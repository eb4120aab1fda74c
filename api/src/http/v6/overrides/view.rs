//! The views of commands on overrides.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::kit::reply::Shown;
use crate::http::v6::shared::space_override::OverrideView;

/// A cleared override.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClearedView {
    #[serde(flatten)]
    pub(crate) cleared: Shown<OverrideView>,
    pub(crate) success: bool,
    pub(crate) message: &'static str,
}
