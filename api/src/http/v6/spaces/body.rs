//! Request bodies of spaces, with the field aliases of V6's clients.

use parking_domain::id::SiteId;
use parking_domain::patch::Patch;
use parking_domain::space::{DefinitionPatch, StateByHand};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::kit::lenient;
use crate::http::kit::own_data::{OwnData, document};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid;
use crate::http::v6::shared::location::location;
use crate::http::v6::shared::words;

/// The fields of a space. Absent and null fields stay unchanged in an update; a new space gets their defaults.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SpaceBody {
    /// The site of a new space.
    site_id: Option<Uuid>,
    /// Unique within the site: 1 to 50 letters, digits, `-`, `_` and `.`. Required for a new space. `space_number` is an
    /// accepted alias.
    #[serde(alias = "space_number")]
    #[schema(max_length = 50)]
    pub(crate) code: Option<String>,
    /// Defaults to the code.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// Defaults to the name.
    #[schema(max_length = 255)]
    display_name: Option<String>,
    #[serde(deserialize_with = "lenient::flag")]
    enabled: Option<bool>,
    /// Minutes without a vehicle after which a reservation is released; 0 means never.
    #[serde(deserialize_with = "lenient::integer")]
    #[schema(minimum = 0, maximum = 1440)]
    auto_release_minutes: Option<u16>,
    #[schema(max_length = 255)]
    building: Option<String>,
    #[schema(max_length = 255)]
    floor: Option<String>,
    #[schema(max_length = 255)]
    zone: Option<String>,
    /// Degrees north. Latitude and longitude must be given together. `latitude` is an accepted alias.
    #[serde(alias = "latitude")]
    gps_latitude: Option<f64>,
    /// Degrees east. `longitude` is an accepted alias.
    #[serde(alias = "longitude")]
    gps_longitude: Option<f64>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    config: OwnData,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
    /// Sets the state by hand, regardless of the sensor. `status` and `state` are accepted aliases.
    #[serde(alias = "status", alias = "state")]
    #[schema(value_type = Option<words::StateByHand>)]
    pub(crate) current_state: Option<StateByHand>,
}

impl SpaceBody {
    pub(crate) fn site_id(&self) -> Option<SiteId> {
        self.site_id.map(SiteId::from)
    }

    /// The changes to the space's definition.
    pub(crate) fn definition(self) -> Result<DefinitionPatch, Problem> {
        let set = |value: Option<String>| value.map_or(Patch::Keep, Patch::Set);
        Ok(DefinitionPatch {
            position: location(self.gps_latitude, self.gps_longitude)?.map_or(Patch::Keep, Patch::Set),
            name: self.name,
            display_name: self.display_name,
            enabled: self.enabled,
            auto_release_minutes: self.auto_release_minutes,
            building: set(self.building),
            floor: set(self.floor),
            zone: set(self.zone),
            policy: None,
            config: document("config", self.config)?,
            metadata: document("metadata", self.metadata)?,
        })
    }
}

/// A state in the query, as in V6.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StateQuery {
    /// The state. It may be omitted if the body contains it.
    #[param(inline, value_type = Option<words::StateByHand>)]
    new_state: Option<StateByHand>,
}

/// A state in the body, as V6's prototype sends it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct StateBody {
    /// The state, unless the query contains it. `new_state` and `current_state` are accepted aliases.
    #[serde(alias = "new_state", alias = "current_state")]
    #[schema(value_type = Option<words::StateByHand>)]
    status: Option<StateByHand>,
    /// The reason.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
}

impl StateQuery {
    /// The state from the query, else from the body.
    pub(crate) fn or_body(&self, body: &StateBody) -> Result<StateByHand, Problem> {
        let missing = || invalid("new_state must be free, occupied, reserved, maintenance or unknown");
        self.new_state.or(body.status).ok_or_else(missing)
    }
}
