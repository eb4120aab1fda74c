//! What a device is, as its owner describes it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::downlink::DisplayType;
use crate::sensors::Threshold;

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// It tells whether a space is taken.
    Sensor,
    /// It shows whether a space is taken.
    Display,
}

/// A device's description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// For people.
    pub name: String,
    /// A disabled device is heard, and moves nothing.
    pub enabled: bool,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// Its model, as its maker calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The codec that reads it, by name; none lets each uplink find its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Where a vehicle begins, for a sensor that measures distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// How often it reports when nothing changes, in seconds; none means as its model does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_sec: Option<u32>,
    /// How a display is told; none means that its model's way is known or it is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_type: Option<DisplayType>,
    /// Where it is, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The owner's own settings; the platform does not read them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    /// The owner's own data; the platform does not read them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}
