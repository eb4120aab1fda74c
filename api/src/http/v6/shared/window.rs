//! A window of a space in a request.

use parking_domain::instant::Instant;
use parking_domain::space::Window;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid;

/// A window of a space, as the front end asks for it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct WindowBody {
    /// The space, unless the path names it. `spaceId` is taken too.
    #[serde(alias = "spaceId")]
    pub(crate) space_id: Option<Uuid>,
    /// From when. `startTime` is taken too.
    #[serde(alias = "startTime", deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) start_time: Option<Instant>,
    /// Until when, this moment not included. `endTime` is taken too.
    #[serde(alias = "endTime", deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) end_time: Option<Instant>,
}

impl WindowBody {
    pub(crate) fn window(&self) -> Result<Window, Problem> {
        window(self.start_time, self.end_time)
    }
}

/// A window in a query.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct WindowQuery {
    /// From when; without an offset in UTC. `start_time` is taken too.
    #[serde(alias = "start_time", deserialize_with = "lenient::time")]
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Instant>,
    /// Until when, this moment not included. `end_time` is taken too.
    #[serde(alias = "end_time", deserialize_with = "lenient::time")]
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Instant>,
}

impl WindowQuery {
    pub(crate) fn window(&self) -> Result<Window, Problem> {
        window(self.from, self.to)
    }
}

pub(crate) fn window(start: Option<Instant>, end: Option<Instant>) -> Result<Window, Problem> {
    match (start, end) {
        (Some(start), Some(end)) => Ok(Window { start, end }),
        _ => Err(invalid("start_time and end_time must say from when until when")),
    }
}
