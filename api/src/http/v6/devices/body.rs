//! What describes a device in a request, by all the names that V6's clients have for it.

use parking_domain::device::{Category, Definition, DevicePatch};
use parking_domain::downlink::DisplayType;
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::patch::Patch;
use parking_domain::sensors::Threshold;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::body::invalid_body;
use crate::http::kit::lenient;
use crate::http::kit::own_data::{OwnData, document};
use crate::http::kit::problem::Problem;

/// What is absent or null stays, or has its default.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct DeviceBody {
    /// 16 hexadecimal digits, with or without separators. Needed for a new device. `deveui` is taken too.
    #[serde(alias = "deveui")]
    #[schema(value_type = Option<String>)]
    dev_eui: Option<DevEui>,
    /// 1 to 255 characters. The EUI, unless it is said.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// `sensor` or `display`; `sensor` unless it is said. It stays while somebody owns the device. `type` and `category`
    /// are taken too.
    #[serde(alias = "type", alias = "category", alias = "device_category")]
    #[schema(value_type = Option<String>)]
    device_type: Option<Category>,
    /// A disabled device is heard, and moves nothing.
    #[serde(deserialize_with = "lenient::flag")]
    enabled: Option<bool>,
    #[schema(max_length = 255)]
    manufacturer: Option<String>,
    /// As its maker calls it. `device_model` is taken too.
    #[serde(alias = "device_model")]
    #[schema(max_length = 255)]
    model: Option<String>,
    /// The name of a device type: which codec reads it, instead of the one that its uplinks ask for. `payload_decoder` is
    /// taken too.
    #[serde(alias = "payload_decoder")]
    #[schema(max_length = 255)]
    codec: Option<String>,
    /// Where a vehicle begins for a sensor that measures distance: `occupied_below_mm`, `hysteresis_mm`.
    #[schema(value_type = Option<Object>)]
    threshold: Option<Threshold>,
    /// How often it reports when nothing changes, in seconds; as its model does, unless it is said.
    #[serde(deserialize_with = "lenient::integer")]
    #[schema(minimum = 1, maximum = 604_800)]
    heartbeat_sec: Option<u32>,
    /// How a display is told: `f_port`, `confirmed`, and as `layout` either `parts` or `codes`.
    #[schema(value_type = Option<Object>)]
    display_type: Option<DisplayType>,
    /// Where it is, in words.
    #[schema(max_length = 255)]
    location: Option<String>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    config: OwnData,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
}

impl DeviceBody {
    /// The device that it is about.
    pub(crate) fn dev_eui(&self) -> Result<DevEui, Problem> {
        self.dev_eui.ok_or_else(|| invalid_body("dev_eui is needed: 16 hexadecimal digits"))
    }

    /// What the device is for.
    pub(crate) fn category(&self) -> Category {
        self.device_type.unwrap_or(Category::Sensor)
    }

    /// What it says of a new device, called this unless it says more.
    pub(crate) fn definition(self, name: String) -> Result<Definition, Problem> {
        Ok(Definition {
            enabled: self.enabled.unwrap_or(true),
            manufacturer: self.manufacturer,
            model: self.model,
            codec: self.codec,
            threshold: self.threshold,
            heartbeat_sec: self.heartbeat_sec,
            display_type: self.display_type,
            location: self.location,
            config: document("config", self.config)?.unwrap_or_default(),
            metadata: document("metadata", self.metadata)?.unwrap_or_default(),
            ..Definition::named(self.name.unwrap_or(name))
        })
    }

    /// What it changes.
    pub(crate) fn patch(self) -> Result<DevicePatch, Problem> {
        fn set<T>(value: Option<T>) -> Patch<T> {
            value.map_or(Patch::Keep, Patch::Set)
        }
        Ok(DevicePatch {
            category: self.device_type,
            name: self.name,
            enabled: self.enabled,
            manufacturer: set(self.manufacturer),
            model: set(self.model),
            codec: set(self.codec),
            threshold: set(self.threshold),
            heartbeat_sec: set(self.heartbeat_sec),
            display_type: set(self.display_type),
            location: set(self.location),
            config: document("config", self.config)?,
            metadata: document("metadata", self.metadata)?,
        })
    }
}

/// Where a device is to stand.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct AssignBody {
    /// The space. Needed.
    space_id: Option<Uuid>,
    /// Why.
    #[schema(max_length = 1000)]
    pub(crate) reason: Option<String>,
    /// Whether it may leave another space for this one.
    #[serde(deserialize_with = "lenient::flag")]
    replace: Option<bool>,
}

impl AssignBody {
    /// The space that it names.
    pub(crate) fn space_id(&self) -> Result<SpaceId, Problem> {
        let space_id = self.space_id.ok_or_else(|| invalid_body("space_id is needed: the id of a space"));
        space_id.map(SpaceId::from)
    }

    pub(crate) fn replace(&self) -> bool {
        self.replace == Some(true)
    }
}
