//! A tenant's policy for states and displays, and the overrides of sites and spaces.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::downlink::Colour;

/// How readings become a state, and a state a light. The defaults apply to a tenant without a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// How long before its start a reservation is shown: 0 to 3600 s.
    pub reserved_soon_threshold_sec: u32,
    /// The silence after which a sensor counts as silent; `None` means three times its model's heartbeat.
    pub sensor_unknown_timeout_sec: Option<u32>,
    /// The window in which readings confirm each other: 5 to 30 s.
    pub debounce_window_sec: u32,
    /// The number of equal readings that confirm a change: 1 or 2.
    pub debounce_readings: u8,
    /// Shown while a vehicle is present.
    pub occupied_color: Colour,
    /// Shown while no vehicle is present.
    pub free_color: Colour,
    /// Shown during a reservation.
    pub reserved_color: Colour,
    /// Shown before a reservation.
    pub reserved_soon_color: Colour,
    /// Shown while the space is blocked.
    pub blocked_color: Colour,
    /// Shown while the space is out of service.
    pub out_of_service_color: Colour,
    /// Whether the light before a reservation blinks.
    pub blink_reserved_soon: bool,
    /// The lit time and the dark time of a blinking light: 100 to 2000 ms.
    pub blink_pattern_ms: u32,
    /// Whether a sensor's stay confirms the reservation that it belongs to, so that the space shows occupied.
    pub allow_sensor_override: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            reserved_soon_threshold_sec: 900,
            sensor_unknown_timeout_sec: None,
            debounce_window_sec: 10,
            debounce_readings: 1,
            occupied_color: Colour { red: 0xff, green: 0, blue: 0 },
            free_color: Colour { red: 0, green: 0xff, blue: 0 },
            reserved_color: Colour { red: 0xff, green: 0xa5, blue: 0 },
            reserved_soon_color: Colour { red: 0xff, green: 0xff, blue: 0 },
            blocked_color: Colour { red: 0x80, green: 0x80, blue: 0x80 },
            out_of_service_color: Colour { red: 0x80, green: 0, blue: 0x80 },
            blink_reserved_soon: false,
            blink_pattern_ms: 500,
            allow_sensor_override: true,
        }
    }
}

/// A policy value that is out of bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value}: it must be {low} to {high}")]
pub struct PolicyOutOfBounds {
    /// The field.
    pub field: &'static str,
    /// The requested value.
    pub value: u32,
    /// The minimum.
    pub low: u32,
    /// The maximum.
    pub high: u32,
}

impl Policy {
    /// The policy, if its values are within their bounds.
    pub fn checked(self) -> Result<Self, PolicyOutOfBounds> {
        let bounds = [
            ("reserved_soon_threshold_sec", self.reserved_soon_threshold_sec, 0, 3600),
            ("sensor_unknown_timeout_sec", self.sensor_unknown_timeout_sec.unwrap_or(60), 0, 604_800),
            ("debounce_window_sec", self.debounce_window_sec, 5, 30),
            ("debounce_readings", u32::from(self.debounce_readings), 1, 2),
            ("blink_pattern_ms", self.blink_pattern_ms, 100, 2000),
        ];
        match bounds.into_iter().find(|(_, value, low, high)| !(low..=high).contains(&value)) {
            Some((field, value, low, high)) => Err(PolicyOutOfBounds { field, value, low, high }),
            None => Ok(self),
        }
    }

    /// How long before its start a reservation is shown.
    pub fn reserved_soon(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.reserved_soon_threshold_sec))
    }

    /// This policy with the changes of an update.
    #[must_use]
    pub fn patched(self, patch: &PolicyPatch) -> Self {
        let kept = if patch.clears_timeout { None } else { self.sensor_unknown_timeout_sec };
        Self { sensor_unknown_timeout_sec: kept, ..self }.with(&patch.set)
    }

    /// This policy with the overrides of a site or a space.
    #[must_use]
    pub fn with(self, own: &PolicyOverrides) -> Self {
        Self {
            reserved_soon_threshold_sec: own
                .reserved_soon_threshold_sec
                .unwrap_or(self.reserved_soon_threshold_sec),
            sensor_unknown_timeout_sec: own.sensor_unknown_timeout_sec.or(self.sensor_unknown_timeout_sec),
            debounce_window_sec: own.debounce_window_sec.unwrap_or(self.debounce_window_sec),
            debounce_readings: own.debounce_readings.unwrap_or(self.debounce_readings),
            occupied_color: own.occupied_color.unwrap_or(self.occupied_color),
            free_color: own.free_color.unwrap_or(self.free_color),
            reserved_color: own.reserved_color.unwrap_or(self.reserved_color),
            reserved_soon_color: own.reserved_soon_color.unwrap_or(self.reserved_soon_color),
            blocked_color: own.blocked_color.unwrap_or(self.blocked_color),
            out_of_service_color: own.out_of_service_color.unwrap_or(self.out_of_service_color),
            blink_reserved_soon: own.blink_reserved_soon.unwrap_or(self.blink_reserved_soon),
            blink_pattern_ms: own.blink_pattern_ms.unwrap_or(self.blink_pattern_ms),
            allow_sensor_override: own.allow_sensor_override.unwrap_or(self.allow_sensor_override),
        }
    }
}

/// The overrides of a site or a space. Fields as in [`Policy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are those of Policy, each optional")]
pub struct PolicyOverrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_soon_threshold_sec: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor_unknown_timeout_sec: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debounce_window_sec: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debounce_readings: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occupied_color: Option<Colour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_color: Option<Colour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_color: Option<Colour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_soon_color: Option<Colour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_color: Option<Colour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_service_color: Option<Colour>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blink_reserved_soon: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blink_pattern_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_sensor_override: Option<bool>,
}

impl PolicyOverrides {
    /// True when it overrides nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The changes of a policy update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyPatch {
    /// The fields to set.
    pub set: PolicyOverrides,
    /// Whether `sensor_unknown_timeout_sec` becomes the default again.
    pub clears_timeout: bool,
}

impl From<PolicyOverrides> for PolicyPatch {
    fn from(set: PolicyOverrides) -> Self {
        Self { set, clears_timeout: false }
    }
}
