//! A window of a space in a request.

use parking_domain::instant::Instant;
use parking_domain::space::Window;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, invalid};

/// A window of a space.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct WindowBody {
    /// The space. It may be omitted if the path names it. `spaceId` is an accepted alias.
    pub(crate) space_id: Option<Uuid>,
    /// The start of the window. `startTime` is an accepted alias.
    #[serde(deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) start_time: Option<Instant>,
    /// The end of the window, exclusive. `endTime` is an accepted alias.
    #[serde(deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) end_time: Option<Instant>,
}

impl Body for WindowBody {
    const NAMES: &'static [&'static [&'static str]] =
        &[&["space_id", "spaceId"], &["start_time", "startTime"], &["end_time", "endTime"]];
    // A missing window is refused by name.
    const OPTIONAL: bool = true;
}

impl WindowBody {
    pub(crate) fn window(&self) -> Result<Window, Problem> {
        window(self.start_time, self.end_time)
    }
}

/// A window in a query.
#[derive(Debug, Default, PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct WindowQuery {
    /// The start of the window. Without an offset it is in UTC. `start_time` is an accepted alias.
    #[serde(deserialize_with = "lenient::time")]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// The end of the window, exclusive. `end_time` is an accepted alias.
    #[serde(deserialize_with = "lenient::time")]
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
}

impl Parameters for WindowQuery {
    const NAMES: &'static [&'static [&'static str]] = &[&["from", "start_time"], &["to", "end_time"]];
}

impl WindowQuery {
    pub(crate) fn window(&self) -> Result<Window, Problem> {
        window(self.from, self.to)
    }
}

pub(crate) fn window(start: Option<Instant>, end: Option<Instant>) -> Result<Window, Problem> {
    match (start, end) {
        (Some(start), Some(end)) => Ok(Window { start, end }),
        _ => Err(invalid("start_time and end_time (in a query: from and to) are required")),
    }
}
