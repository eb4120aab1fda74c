//! What describes a space in a request, by all the names that V6's clients have for it.

use parking_domain::id::SiteId;
use parking_domain::patch::Patch;
use parking_domain::space::{DefinitionPatch, StateByHand};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::sites::position;
use crate::http::problem::Problem;

/// What is absent or null stays, or has its default.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SpaceBody {
    site_id: Option<Uuid>,
    #[serde(alias = "space_number")]
    pub(crate) code: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
    enabled: Option<bool>,
    auto_release_minutes: Option<u16>,
    building: Option<String>,
    floor: Option<String>,
    zone: Option<String>,
    #[serde(alias = "latitude")]
    gps_latitude: Option<f64>,
    #[serde(alias = "longitude")]
    gps_longitude: Option<f64>,
    config: Option<Map<String, Value>>,
    metadata: Option<Map<String, Value>>,
    #[serde(alias = "status", alias = "state")]
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
            config: self.config,
            metadata: self.metadata,
        })
    }
}
