//! The freshness that a read requires.

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::kit::app::AppState;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, QueryParams};

/// The position that a read must reflect. [`App::read`](crate::http::kit::app::App::read) waits for it after authenticating
/// the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Freshness {
    /// Waits at most two seconds until the response reflects all events up to this position (`X-Position` of a command's
    /// response).
    #[param(minimum = 0)]
    pub(crate) min_position: Option<i64>,
}

impl Parameters for Freshness {}

impl FromRequestParts<AppState> for Freshness {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        Self::of(&parts.uri)
    }
}

impl Freshness {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        Ok(QueryParams::of(uri)?.0)
    }
}
