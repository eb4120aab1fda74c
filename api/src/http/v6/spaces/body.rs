//! What describes a space in a request, by all the names that V6's clients have for it.

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
use crate::http::v6::shared::position::position;

/// What is absent or null stays, or has its default.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SpaceBody {
    /// The site a new space is on.
    site_id: Option<Uuid>,
    /// Its own on the site: 1 to 50 letters, digits, `-`, `_` and `.`. Needed for a new space. `space_number` is taken too.
    #[serde(alias = "space_number")]
    #[schema(max_length = 50)]
    pub(crate) code: Option<String>,
    /// The code, unless it is said.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// The name, unless it is said.
    #[schema(max_length = 255)]
    display_name: Option<String>,
    #[serde(deserialize_with = "lenient::flag")]
    enabled: Option<bool>,
    /// After so many minutes without a vehicle a reservation is released; 0 means never.
    #[serde(deserialize_with = "lenient::integer")]
    #[schema(minimum = 0, maximum = 1440)]
    auto_release_minutes: Option<u16>,
    #[schema(max_length = 255)]
    building: Option<String>,
    #[schema(max_length = 255)]
    floor: Option<String>,
    #[schema(max_length = 255)]
    zone: Option<String>,
    /// Degrees north; with `gps_longitude`, or not at all. `latitude` is taken too.
    #[serde(alias = "latitude")]
    gps_latitude: Option<f64>,
    /// Degrees east. `longitude` is taken too.
    #[serde(alias = "longitude")]
    gps_longitude: Option<f64>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    config: OwnData,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
    /// What its state is, whatever its sensor says. `status` and `state` are taken too.
    #[serde(alias = "status", alias = "state")]
    #[schema(value_type = Option<String>)]
    pub(crate) current_state: Option<StateByHand>,
}

impl SpaceBody {
    pub(crate) fn site_id(&self) -> Option<SiteId> {
        self.site_id.map(SiteId::from)
    }

    /// What it says of the space's definition.
    pub(crate) fn definition(self) -> Result<DefinitionPatch, Problem> {
        let set = |value: Option<String>| value.map_or(Patch::Keep, Patch::Set);
        Ok(DefinitionPatch {
            position: position(self.gps_latitude, self.gps_longitude)?.map_or(Patch::Keep, Patch::Set),
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

/// A state as V6 took it: in the query.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StateQuery {
    /// `free`, `occupied`, `reserved`, `maintenance` or `unknown`, unless the body says it.
    #[param(value_type = Option<String>)]
    new_state: Option<StateByHand>,
}

/// A state as V6's prototype sends it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct StateBody {
    /// `free`, `occupied`, `reserved`, `maintenance` or `unknown`. `new_state` and `current_state` are taken too.
    #[serde(alias = "new_state", alias = "current_state")]
    #[schema(value_type = Option<String>)]
    status: Option<StateByHand>,
    /// Why.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
}

impl StateQuery {
    /// The state that query or body name.
    pub(crate) fn or(&self, body: &StateBody) -> Result<StateByHand, Problem> {
        let missing = || invalid("new_state must be free, occupied, reserved, maintenance or unknown");
        self.new_state.or(body.status).ok_or_else(missing)
    }
}
