//! Request bodies of spaces, with the field aliases of V6's clients.

use parking_domain::geo::PositionPatch;
use parking_domain::id::SiteId;
use parking_domain::lorawan::DevEui;
use parking_domain::patch::Patch;
use parking_domain::space::{DefinitionPatch, StateByHand};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;
use crate::http::kit::own_data::{OwnData, document};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, invalid, invalid_body, one_with_body};
use crate::http::v6::shared::words;

/// The fields of a space. In an update, absent fields stay unchanged; null clears a field that a space need not have. A new
/// space gets the defaults of absent fields.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SpaceBody {
    /// The site of a new space. It cannot change.
    site_id: Option<Uuid>,
    /// Unique within the site: 1 to 50 letters, digits, `-`, `_` and `.`. Required for a new space. `space_number` is an
    /// accepted alias.
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
    #[serde(deserialize_with = "lenient::integer_change")]
    #[schema(value_type = Option<u16>, minimum = 0, maximum = 1440)]
    auto_release_minutes: Patch<u16>,
    #[schema(value_type = Option<String>, max_length = 255)]
    building: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 255)]
    floor: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 255)]
    zone: Patch<String>,
    /// Degrees north. A new location needs both coordinates. Then one may change alone, and null for one removes both.
    /// `latitude` is an accepted alias.
    #[serde(deserialize_with = "lenient::number_change")]
    #[schema(value_type = Option<f64>)]
    gps_latitude: Patch<f64>,
    /// Degrees east. `longitude` is an accepted alias.
    #[serde(deserialize_with = "lenient::number_change")]
    #[schema(value_type = Option<f64>)]
    gps_longitude: Patch<f64>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    config: OwnData,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
    /// Sets the state by hand, regardless of the sensor. In an update, a state that is shown already is not set; `PUT
    /// …/state` sets it in any case. `status` and `state` are accepted aliases.
    #[serde(deserialize_with = "words::read::state_by_hand")]
    #[schema(value_type = Option<words::StateByHand>)]
    pub(crate) current_state: Option<StateByHand>,
    /// The EUI of the assigned sensor. It changes by `POST …/assign-sensor` and `DELETE …/unassign-sensor`.
    #[schema(value_type = Option<String>)]
    sensor_eui: Patch<DevEui>,
    /// The EUI of the assigned display. It changes by `POST …/assign-display` and `DELETE …/unassign-display`.
    #[schema(value_type = Option<String>)]
    display_eui: Patch<DevEui>,
}

impl Body for SpaceBody {
    const NAMES: &'static [&'static [&'static str]] = &[
        &["code", "space_number"],
        &["gps_latitude", "latitude"],
        &["gps_longitude", "longitude"],
        &["current_state", "status", "state"],
    ];
    const FIXED: &'static [(&'static str, &'static str)] = &[
        ("site_id", "a space stays on its site"),
        ("sensor_eui", ASSIGN_SENSOR),
        ("display_eui", ASSIGN_DISPLAY),
    ];
    const SHOWN: &'static [(&'static str, &'static [&'static str])] =
        &[("current_state", &["state_changed_at", "last_state_change"])];
}

const ASSIGN_SENSOR: &str = "use POST /api/v6/spaces/{space_id}/assign-sensor or DELETE …/unassign-sensor";
const ASSIGN_DISPLAY: &str = "use POST /api/v6/spaces/{space_id}/assign-display or DELETE …/unassign-display";

impl SpaceBody {
    pub(crate) fn site_id(&self) -> Option<SiteId> {
        self.site_id.map(SiteId::from)
    }

    /// Refuses devices: a new space has none.
    pub(crate) fn refuse_devices(&self) -> Result<(), Problem> {
        for (field, device, instead) in [
            ("sensor_eui", self.sensor_eui, ASSIGN_SENSOR),
            ("display_eui", self.display_eui, ASSIGN_DISPLAY),
        ] {
            if matches!(device, Patch::Set(_)) {
                return Err(invalid_body(format!(
                    "{field} cannot be set here: create the space, then {instead}"
                )));
            }
        }
        Ok(())
    }

    /// The changes to the space's definition.
    pub(crate) fn definition(self) -> Result<DefinitionPatch, Problem> {
        let position = PositionPatch { latitude: self.gps_latitude, longitude: self.gps_longitude };
        Ok(DefinitionPatch {
            position,
            name: self.name,
            display_name: self.display_name,
            enabled: self.enabled,
            auto_release_minutes: match self.auto_release_minutes {
                Patch::Keep => None,
                Patch::Clear => Some(0),
                Patch::Set(minutes) => Some(minutes),
            },
            building: self.building,
            floor: self.floor,
            zone: self.zone,
            policy: None,
            config: document("config", self.config)?,
            metadata: document("metadata", self.metadata)?,
        })
    }
}

/// A state in the query, as in V6.
#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StateQuery {
    /// The state. It may be omitted if the body contains it.
    #[serde(default, deserialize_with = "words::read::state_by_hand")]
    #[param(inline, value_type = Option<words::StateByHand>)]
    new_state: Option<StateByHand>,
}

impl Parameters for StateQuery {}

/// A state in the body, as V6's prototype sends it.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct StateBody {
    /// The state, unless the query contains it. `new_state` and `current_state` are accepted aliases.
    #[serde(deserialize_with = "words::read::state_by_hand")]
    #[schema(value_type = Option<words::StateByHand>)]
    status: Option<StateByHand>,
    /// The reason.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
}

impl Body for StateBody {
    const NAMES: &'static [&'static [&'static str]] = &[&["status", "new_state", "current_state"]];
    const OPTIONAL: bool = true;
}

impl StateQuery {
    /// The state from the query or from the body.
    pub(crate) fn or_body(&self, body: &StateBody) -> Result<StateByHand, Problem> {
        let missing = || invalid("new_state must be free, occupied, reserved, maintenance or unknown");
        one_with_body("new_state", self.new_state, body.status)?.ok_or_else(missing)
    }
}
