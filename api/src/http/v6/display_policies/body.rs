//! Request bodies of display policies.

use parking_domain::downlink::Colour;
use parking_domain::patch::Patch;
use parking_domain::policy::{Policy, PolicyOverrides, PolicyPatch};
use parking_domain::tenant::NamedPolicy;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;

/// The fields of a display policy. In an update, absent fields stay unchanged; null clears the description and
/// `sensor_unknown_timeout_sec`. A new policy gets the defaults of absent fields. Colours are 6 hexadecimal digits.
/// The fields may also be nested as in answers, in `thresholds`, `colors` and `behaviors`.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PolicyBody {
    /// 1 to 100 characters. Required for a new policy.
    #[schema(max_length = 100)]
    pub(crate) name: Option<String>,
    /// An empty string removes the description, as null does.
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Patch<String>,
    /// How long before its start a reservation is displayed: 0 to 3600 s.
    #[serde(deserialize_with = "lenient::integer")]
    reserved_soon_threshold_sec: Option<u32>,
    /// The time without a report after which a sensor is silent, in seconds. Defaults to three times its model's heartbeat.
    #[serde(deserialize_with = "lenient::integer_change")]
    #[schema(value_type = Option<u32>)]
    sensor_unknown_timeout_sec: Patch<u32>,
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
    /// Whether the policy is active. It changes by `activate`. A new policy is active.
    #[serde(deserialize_with = "lenient::flag")]
    is_active: Option<bool>,
}

impl Body for PolicyBody {
    const NAMES: &'static [&'static [&'static str]] = &[
        &["reserved_soon_threshold_sec", "thresholds.reserved_soon_threshold_sec"],
        &["sensor_unknown_timeout_sec", "thresholds.sensor_unknown_timeout_sec"],
        &["debounce_window_sec", "thresholds.debounce_window_sec"],
        &["debounce_readings", "thresholds.debounce_readings"],
        &["occupied_color", "colors.occupied"],
        &["free_color", "colors.free"],
        &["reserved_color", "colors.reserved"],
        &["reserved_soon_color", "colors.reserved_soon"],
        &["blocked_color", "colors.blocked"],
        &["out_of_service_color", "colors.out_of_service"],
        &["blink_reserved_soon", "behaviors.blink_reserved_soon"],
        &["blink_pattern_ms", "behaviors.blink_pattern_ms"],
        &["allow_sensor_override", "behaviors.allow_sensor_override"],
    ];
    const FIXED: &'static [(&'static str, &'static str)] =
        &[("is_active", "use POST /api/v6/display-policies/{policy_id}/activate")];
}

impl PolicyBody {
    /// The new policy: the defaults with the changes of the body.
    pub(crate) fn policy(self) -> NamedPolicy {
        let policy = Policy::default().patched(&self.changes());
        let description = self.description().value();
        NamedPolicy { name: self.name.unwrap_or_default(), description, policy }
    }

    /// The change of the description.
    pub(crate) fn description(&self) -> Patch<String> {
        match &self.description {
            Patch::Set(text) if text.trim().is_empty() => Patch::Clear,
            description => description.clone(),
        }
    }

    /// The changes of the other fields.
    pub(crate) fn changes(&self) -> PolicyPatch {
        let set = PolicyOverrides {
            reserved_soon_threshold_sec: self.reserved_soon_threshold_sec,
            sensor_unknown_timeout_sec: self.sensor_unknown_timeout_sec.value(),
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
        };
        PolicyPatch { set, clears_timeout: self.sensor_unknown_timeout_sec == Patch::Clear }
    }
}
