//! Request bodies of orphans.

use chrono::TimeDelta;
use parking_domain::id::SpaceId;
use parking_domain::instant::Instant;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, invalid, one_with_body};
use crate::http::v6::devices::body::DeviceBody;

/// Which orphans to list, as in V5.
#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListOrphans {
    /// Only orphans that were heard within this number of hours.
    #[serde(default, deserialize_with = "lenient::integer")]
    #[param(minimum = 1, maximum = 876_000)]
    pub(crate) since_hours: Option<u32>,
    /// Must be false: an assigned device is no orphan, `GET /api/v6/devices` lists it.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_assigned: Option<bool>,
}

impl Parameters for ListOrphans {}

/// A hundred years.
const MOST_HOURS: u32 = 876_000;

impl ListOrphans {
    /// The time from which on the orphans were heard.
    pub(crate) fn since(&self, now: Instant) -> Result<Option<Instant>, Problem> {
        if self.include_assigned == Some(true) {
            return Err(invalid(
                "include_assigned must be false: GET /api/v6/devices lists assigned devices",
            ));
        }
        let Some(hours) = self.since_hours else { return Ok(None) };
        let refused = || invalid(format!("since_hours must be a whole number from 1 to {MOST_HOURS}"));
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(refused());
        }
        Ok(Some(now - TimeDelta::hours(hours.into())))
    }
}

/// A space in the query, as in V5.
#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpaceQuery {
    /// The space. It may be omitted if the body contains it.
    space_id: Option<Uuid>,
}

impl Parameters for SpaceQuery {}

/// The space that an orphan is assigned to, and the fields of the claimed device.
#[derive(Debug, PartialEq, Deserialize, ToSchema)]
pub(crate) struct AssignOrphanBody {
    /// The space. Required here or in the query.
    #[serde(default)]
    space_id: Option<Uuid>,
    /// The reason.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
    #[serde(flatten)]
    pub(crate) device: DeviceBody,
}

impl Body for AssignOrphanBody {
    const NAMES: &'static [&'static [&'static str]] = DeviceBody::NAMES;
    const OPTIONAL: bool = true;
}

impl SpaceQuery {
    /// The space from the query or from the body.
    pub(crate) fn or_body(&self, body: &AssignOrphanBody) -> Result<SpaceId, Problem> {
        let space_id = one_with_body("space_id", self.space_id, body.space_id)?;
        space_id.map(SpaceId::from).ok_or_else(|| invalid("space_id is required: the id of a space"))
    }
}
