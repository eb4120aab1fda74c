//! A device's definition by its owner.

use serde::{Deserialize, Serialize};

use super::command::DevicePatch;
use super::refusal::DeviceRefusal;
use crate::display::{MOST_BYTES, PORTS};
use crate::document::Document;
use crate::downlink::{DisplayType, Layout};
use crate::limits::{self, Limit, LimitExceeded};
use crate::naming::{LONGEST_NAME, is_name};
use crate::patch::replace;
use crate::sensors::{self, Threshold};

/// The longest heartbeat: a week.
pub const LONGEST_HEARTBEAT_SEC: u32 = 604_800;

/// The maximum number of colour codes of a display.
const MOST_CODES: usize = 64;

/// The purpose of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// It reports whether a space is occupied.
    Sensor,
    /// It shows whether a space is occupied.
    Display,
}

impl Category {
    /// The written form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Display => "display",
        }
    }
}

/// A device's definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Display name.
    pub name: String,
    /// A disabled device is heard, but its reports change no space.
    pub enabled: bool,
    /// The manufacturer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// The manufacturer's model name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The name of the codec that decodes its uplinks; if `None`, the codec is chosen per uplink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// The distance threshold for a vehicle, for a sensor that measures distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// The reporting interval when nothing changes, in seconds; `None` means the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_sec: Option<u32>,
    /// How a display's downlinks are encoded; if `None`, by its model's default, or not at all if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_type: Option<DisplayType>,
    /// A description of its location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The owner's settings; the platform does not read them.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub config: Document,
    /// The owner's data; the platform does not read them.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}

impl Definition {
    /// An enabled device with a name and no other fields.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            enabled: true,
            manufacturer: None,
            model: None,
            codec: None,
            threshold: None,
            heartbeat_sec: None,
            display_type: None,
            location: None,
            config: Document::default(),
            metadata: Document::default(),
        }
    }

    /// Refuses a definition that the platform cannot use.
    pub(super) fn check(&self) -> Result<(), DeviceRefusal> {
        // Every field is listed, so that a new one is not forgotten. Documents are limited by their type.
        let Self {
            name,
            enabled: _,
            manufacturer,
            model,
            codec,
            threshold: _,
            heartbeat_sec,
            display_type,
            location,
            config: _,
            metadata: _,
        } = self;
        if !is_name(name, LONGEST_NAME) {
            return Err(DeviceRefusal::DeviceNameInvalid);
        }
        for (field, text) in
            [("manufacturer", manufacturer), ("model", model), ("codec", codec), ("location", location)]
        {
            limits::label(field, text.as_deref())?;
        }
        if let Some(codec) = codec.as_ref().filter(|codec| sensors::by_name(codec).is_none()) {
            return Err(DeviceRefusal::CodecUnknown { codec: codec.clone() });
        }
        if heartbeat_sec.is_some_and(|seconds| !(1..=LONGEST_HEARTBEAT_SEC).contains(&seconds)) {
            return Err(DeviceRefusal::HeartbeatOutOfBounds);
        }
        display_type.as_ref().map_or(Ok(()), check_display_type)
    }

    /// The definition with the patch applied.
    pub(super) fn patched(&self, patch: DevicePatch) -> Self {
        let mut new = self.clone();
        replace(&mut new.name, patch.name);
        replace(&mut new.enabled, patch.enabled);
        patch.manufacturer.apply_to(&mut new.manufacturer);
        patch.model.apply_to(&mut new.model);
        patch.codec.apply_to(&mut new.codec);
        patch.threshold.apply_to(&mut new.threshold);
        patch.heartbeat_sec.apply_to(&mut new.heartbeat_sec);
        patch.display_type.apply_to(&mut new.display_type);
        patch.location.apply_to(&mut new.location);
        replace(&mut new.config, patch.config);
        replace(&mut new.metadata, patch.metadata);
        new
    }
}

/// For every light, the downlink must be one that a display's stream accepts.
fn check_display_type(display_type: &DisplayType) -> Result<(), DeviceRefusal> {
    if !PORTS.contains(&display_type.f_port) {
        return Err(DeviceRefusal::DisplayPortInvalid);
    }
    let fits = |bytes| (1..=MOST_BYTES).contains(&bytes);
    let sendable = match &display_type.layout {
        Layout::Parts(parts) => fits(parts.len()),
        Layout::Codes(codes) if codes.len() > MOST_CODES => {
            let limit = Limit::Entries(MOST_CODES);
            return Err(LimitExceeded { field: "display_type.layout.codes", limit }.into());
        }
        Layout::Codes(codes) => {
            !codes.is_empty() && codes.iter().all(|(_, code)| fits(code.as_bytes().len()))
        }
    };
    if sendable { Ok(()) } else { Err(DeviceRefusal::DisplayLayoutInvalid) }
}
