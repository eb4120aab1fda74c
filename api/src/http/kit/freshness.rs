//! How fresh what is read has to be.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::kit::app::AppState;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::QueryParams;

/// What a reader asks to see. [`App::read`](crate::http::kit::app::App::read) waits for it, once it is known who asks.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Freshness {
    /// Waits, for two seconds at most, until the answer shows what was done up to this position (`X-Position` of a
    /// command's answer).
    #[param(minimum = 0)]
    pub(crate) min_position: Option<i64>,
}

impl FromRequestParts<AppState> for Freshness {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        Ok(QueryParams::of(&parts.uri)?.0)
    }
}
