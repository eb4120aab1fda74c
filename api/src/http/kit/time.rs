//! The time that an operation concerns: the present, unless it can look back.

use axum::http::Uri;
use serde::Deserialize;

use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, QueryParams, invalid};

/// The time that an operation concerns.
pub(crate) trait Time: Sized + Send {
    /// Reads it from the query of a request.
    fn of(uri: &Uri) -> Result<Self, Problem>;
}

/// Now. A request for a past moment is refused: the present is not what the client asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Present;

#[derive(PartialEq, Deserialize)]
struct Past {
    as_of: Option<String>,
}

impl Parameters for Past {}

impl Time for Present {
    fn of(uri: &Uri) -> Result<Self, Problem> {
        match QueryParams::of(uri)? {
            QueryParams(Past { as_of: None }) => Ok(Self),
            QueryParams(Past { as_of: Some(_) }) => Err(invalid(
                "this operation concerns the present only: omit as_of, or read a space or the occupancy of a site",
            )),
        }
    }
}
