//! Request bodies of orphans.

use parking_domain::id::SpaceId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid;
use crate::http::v6::devices::body::DeviceBody;

/// A space in the query, as in V5.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpaceQuery {
    /// The space. It may be omitted if the body contains it.
    space_id: Option<Uuid>,
}

/// The space that an orphan is assigned to, and the fields of the claimed device.
#[derive(Debug, Deserialize, ToSchema)]
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

impl SpaceQuery {
    /// The space from the query, else from the body.
    pub(crate) fn or_body(&self, body: &AssignOrphanBody) -> Result<SpaceId, Problem> {
        let space_id = self.space_id.or(body.space_id);
        space_id.map(SpaceId::from).ok_or_else(|| invalid("space_id is required: the id of a space"))
    }
}
