//! Request bodies of display policies.

use parking_domain::downlink::Colour;
use parking_domain::patch::Patch;
use parking_domain::policy::{Policy, PolicyOverrides};
use parking_domain::tenant::NamedPolicy;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::kit::lenient;

/// The fields of a display policy. Absent and null fields stay unchanged in an update; a new policy gets their defaults.
/// Colours are 6 hexadecimal digits.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PolicyBody {
    /// 1 to 100 characters. Required for a new policy.
    #[schema(max_length = 100)]
    pub(crate) name: Option<String>,
    /// An empty string removes the description.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// How long before its start a reservation is displayed: 0 to 3600 s.
    #[serde(deserialize_with = "lenient::integer")]
    reserved_soon_threshold_sec: Option<u32>,
    /// The time without a report after which a sensor is silent, in seconds. Defaults to three times its model's heartbeat.
    #[serde(deserialize_with = "lenient::integer")]
    sensor_unknown_timeout_sec: Option<u32>,
    /// The time within which readings confirm each other: 5 to 30 s.
    #[serde(deserialize_with = "lenient::integer")]
    debounce_window_sec: Option<u32>,
    /// The number of equal readings that confirm a change: 1 or 2.
    #[serde(deserialize_with = "lenient::integer")]
    debounce_readings: Option<u8>,
    #[schema(value_type = Option<String>)]
    occupied_color: Option<Colour>,
    #[schema(value_type = Option<String>)]
    free_color: Option<Colour>,
    #[schema(value_type = Option<String>)]
    reserved_color: Option<Colour>,
    #[schema(value_type = Option<String>)]
    reserved_soon_color: Option<Colour>,
    #[schema(value_type = Option<String>)]
    blocked_color: Option<Colour>,
    #[schema(value_type = Option<String>)]
    out_of_service_color: Option<Colour>,
    #[serde(deserialize_with = "lenient::flag")]
    blink_reserved_soon: Option<bool>,
    /// The duration of each on and each off phase of a blinking light: 100 to 2000 ms.
    #[serde(deserialize_with = "lenient::integer")]
    blink_pattern_ms: Option<u32>,
    /// Whether a vehicle that the sensor detects during a reservation confirms the reservation.
    #[serde(deserialize_with = "lenient::flag")]
    allow_sensor_override: Option<bool>,
}

impl PolicyBody {
    /// The new policy: the defaults with the changes of the body.
    pub(crate) fn policy(self) -> NamedPolicy {
        let policy = Policy::default().with(&self.changes());
        let description = self.description.filter(|text| !text.trim().is_empty());
        NamedPolicy { name: self.name.unwrap_or_default(), description, policy }
    }

    /// The change of the description.
    pub(crate) fn description(&self) -> Patch<String> {
        match &self.description {
            None => Patch::Keep,
            Some(text) if text.trim().is_empty() => Patch::Clear,
            Some(text) => Patch::Set(text.clone()),
        }
    }

    /// The changes of the other fields.
    pub(crate) fn changes(&self) -> PolicyOverrides {
        PolicyOverrides {
            reserved_soon_threshold_sec: self.reserved_soon_threshold_sec,
            sensor_unknown_timeout_sec: self.sensor_unknown_timeout_sec,
            debounce_window_sec: self.debounce_window_sec,
            debounce_readings: self.debounce_readings,
            occupied_color: self.occupied_color,
            free_color: self.free_color,
            reserved_color: self.reserved_color,
            reserved_soon_color: self.reserved_soon_color,
            blocked_color: self.blocked_color,
            out_of_service_color: self.out_of_service_color,
            blink_reserved_soon: self.blink_reserved_soon,
            blink_pattern_ms: self.blink_pattern_ms,
            allow_sensor_override: self.allow_sensor_override,
        }
    }
}
