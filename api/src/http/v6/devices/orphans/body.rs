//! What is said of an orphan when it is taken in.

use parking_domain::id::SpaceId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid;
use crate::http::v6::devices::body::DeviceBody;

/// A space as V5 took it: in the query.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpaceQuery {
    /// The space, unless the body says it.
    space_id: Option<Uuid>,
}

/// Where an orphan is to stand, and what else there is to say of it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TakeBody {
    /// The space. Needed here or in the query.
    #[serde(default)]
    space_id: Option<Uuid>,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
    #[serde(flatten)]
    pub(crate) device: DeviceBody,
}

impl SpaceQuery {
    /// The space that query or body name.
    pub(crate) fn or(&self, body: &TakeBody) -> Result<SpaceId, Problem> {
        let space_id = self.space_id.or(body.space_id);
        space_id.map(SpaceId::from).ok_or_else(|| invalid("space_id is needed: the id of a space"))
    }
}
