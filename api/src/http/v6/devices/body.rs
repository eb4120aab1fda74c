//! Request bodies of devices, with the field aliases of V6's clients.

use parking_domain::device::{Category, Definition, DevicePatch, Status};
use parking_domain::downlink::DisplayType;
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::patch::Patch;
use parking_domain::sensors::Threshold;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;
use crate::http::kit::own_data::{OwnData, document};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{invalid_body, one_with_body};
use crate::http::v6::shared::words;

/// The fields of a device. In an update, absent fields stay unchanged; null clears a field that a device need not have. A new
/// device gets the defaults of absent fields.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct DeviceBody {
    /// 16 hexadecimal digits, with or without separators. Required for a new device. `deveui` is an accepted alias.
    #[schema(value_type = Option<String>)]
    dev_eui: Option<DevEui>,
    /// 1 to 255 characters. Defaults to the EUI.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// Defaults to `sensor`. It cannot change while the device has an owner. `type`, `category` and
    /// `device_category` are accepted aliases.
    #[serde(deserialize_with = "lenient::word")]
    #[schema(value_type = Option<words::DeviceCategory>)]
    device_type: Option<Category>,
    /// Reports of a disabled device are recorded but do not change its space.
    #[serde(deserialize_with = "lenient::flag")]
    enabled: Option<bool>,
    #[schema(value_type = Option<String>, max_length = 255)]
    manufacturer: Patch<String>,
    /// The manufacturer's model name. `device_model` is an accepted alias.
    #[schema(value_type = Option<String>, max_length = 255)]
    model: Patch<String>,
    /// The codec that decodes the uplinks, by name of a device type. Defaults to the codec that the uplinks indicate.
    /// `payload_decoder` and `type_code` are accepted aliases.
    #[schema(value_type = Option<String>, max_length = 255)]
    codec: Patch<String>,
    /// The detection threshold of a sensor that measures distance: `occupied_below_mm`, `hysteresis_mm`.
    #[schema(value_type = Option<Object>)]
    threshold: Patch<Threshold>,
    /// The interval of reports without a change, in seconds. Defaults to the model's interval.
    #[serde(deserialize_with = "lenient::integer_change")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 604_800)]
    heartbeat_sec: Patch<u32>,
    /// The downlink format of a display: `f_port`, `confirmed`, and `layout` with either `parts` or `codes`.
    #[schema(value_type = Option<Object>)]
    display_type: Patch<DisplayType>,
    /// A description of the device's location.
    #[schema(value_type = Option<String>, max_length = 255)]
    location: Patch<String>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    config: OwnData,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
    /// The device's status. It follows from `assign`, `unassign` and `retire`.
    #[serde(deserialize_with = "lenient::word")]
    #[schema(value_type = Option<words::DeviceStatus>)]
    status: Option<Status>,
    /// The space. It changes by `assign` and `unassign`.
    #[schema(value_type = Option<Uuid>)]
    space_id: Patch<Uuid>,
}

impl Body for DeviceBody {
    const NAMES: &'static [&'static [&'static str]] = &[
        &["dev_eui", "deveui"],
        &["device_type", "type", "category", "device_category"],
        &["model", "device_model"],
        &["codec", "payload_decoder", "type_code"],
    ];
    const FIXED: &'static [(&'static str, &'static str)] =
        &[("dev_eui", "claim the other device"), ("status", ASSIGN), ("space_id", ASSIGN)];
}

const ASSIGN: &str = "use POST /api/v6/devices/{device_id}/assign, unassign, release or retire";

impl DeviceBody {
    /// Refuses fields that a new device cannot have.
    fn refuse_assignment(&self) -> Result<(), Problem> {
        let assigned = matches!(self.space_id, Patch::Set(_)).then_some("space_id");
        let other = self.status.filter(|status| *status != Status::Unassigned).map(|_| "status");
        match assigned.or(other) {
            Some(field) => {
                Err(invalid_body(format!("{field} cannot be set here: claim the device, then {ASSIGN}")))
            }
            None => Ok(()),
        }
    }

    /// The device's EUI.
    pub(crate) fn dev_eui(&self) -> Result<DevEui, Problem> {
        self.dev_eui.ok_or_else(|| invalid_body("dev_eui is required: 16 hexadecimal digits"))
    }

    /// Refuses the EUI of another device than the path names.
    pub(crate) fn refuse_other(&self, of_path: DevEui) -> Result<(), Problem> {
        one_with_body("dev_eui", Some(of_path), self.dev_eui).map(drop)
    }

    /// The device's category.
    pub(crate) fn category(&self) -> Category {
        self.device_type.unwrap_or(Category::Sensor)
    }

    /// The definition of a new device.
    pub(crate) fn definition(self, default_name: String) -> Result<Definition, Problem> {
        self.refuse_assignment()?;
        Ok(Definition {
            enabled: self.enabled.unwrap_or(true),
            manufacturer: self.manufacturer.value(),
            model: self.model.value(),
            codec: self.codec.value(),
            threshold: self.threshold.value(),
            heartbeat_sec: self.heartbeat_sec.value(),
            display_type: self.display_type.value(),
            location: self.location.value(),
            config: document("config", self.config)?.unwrap_or_default(),
            metadata: document("metadata", self.metadata)?.unwrap_or_default(),
            ..Definition::named(self.name.unwrap_or(default_name))
        })
    }

    /// The changes of an update.
    pub(crate) fn patch(self) -> Result<DevicePatch, Problem> {
        Ok(DevicePatch {
            category: self.device_type,
            name: self.name,
            enabled: self.enabled,
            manufacturer: self.manufacturer,
            model: self.model,
            codec: self.codec,
            threshold: self.threshold,
            heartbeat_sec: self.heartbeat_sec,
            display_type: self.display_type,
            location: self.location,
            config: document("config", self.config)?,
            metadata: document("metadata", self.metadata)?,
        })
    }
}

/// The assignment of a device to a space.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct AssignBody {
    /// The space. Required.
    space_id: Option<Uuid>,
    /// The reason.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
    /// Whether to move the device if it is assigned to another space. Defaults to false.
    #[serde(deserialize_with = "lenient::flag")]
    replace: Option<bool>,
}

impl Body for AssignBody {}

impl AssignBody {
    /// The space of the assignment.
    pub(crate) fn space_id(&self) -> Result<SpaceId, Problem> {
        let space_id = self.space_id.ok_or_else(|| invalid_body("space_id is required: the id of a space"));
        space_id.map(SpaceId::from)
    }

    pub(crate) fn replace(&self) -> bool {
        self.replace == Some(true)
    }
}
