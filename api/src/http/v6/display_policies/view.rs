//! The view of a display policy.

use chrono::{DateTime, Utc};
use parking_domain::downlink::Colour;
use parking_domain::policy::Policy;
use parking_projections::registry::display_policies::DisplayPolicy;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::Item;

/// A tenant's display policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyView {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    description: Option<String>,
    /// Whether the policy is active.
    is_active: bool,
    #[serde(flatten)]
    settings: PolicySettingsView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Item for PolicyView {
    const PLURAL: &'static str = "display_policies";
}

impl PolicyView {
    pub(crate) fn of(row: DisplayPolicy) -> Self {
        Self {
            id: row.policy_id,
            tenant_id: row.tenant_id,
            settings: PolicySettingsView::of(&row.policy.policy),
            name: row.policy.name,
            description: row.policy.description,
            is_active: row.is_active,
            created_at: row.created_at.utc(),
            updated_at: row.updated_at.utc(),
        }
    }
}

/// The settings of a policy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SaysView)]
pub(crate) struct PolicySettingsView {
    thresholds: ThresholdsView,
    colors: ColorsView,
    behaviors: BehaviorsView,
}

#[derive(Debug, Serialize, ToSchema)]
struct ThresholdsView {
    reserved_soon_threshold_sec: u32,
    /// Null: three times the heartbeat of the sensor's model.
    sensor_unknown_timeout_sec: Option<u32>,
    debounce_window_sec: u32,
    debounce_readings: u8,
}

/// Colours, each as 6 hexadecimal digits.
#[derive(Debug, Serialize, ToSchema)]
struct ColorsView {
    occupied: String,
    free: String,
    reserved: String,
    reserved_soon: String,
    blocked: String,
    out_of_service: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct BehaviorsView {
    blink_reserved_soon: bool,
    blink_pattern_ms: u32,
    allow_sensor_override: bool,
}

impl PolicySettingsView {
    pub(crate) fn of(policy: &Policy) -> Self {
        Self {
            thresholds: ThresholdsView {
                reserved_soon_threshold_sec: policy.reserved_soon_threshold_sec,
                sensor_unknown_timeout_sec: policy.sensor_unknown_timeout_sec,
                debounce_window_sec: policy.debounce_window_sec,
                debounce_readings: policy.debounce_readings,
            },
            colors: ColorsView {
                occupied: hex_colour(policy.occupied_color),
                free: hex_colour(policy.free_color),
                reserved: hex_colour(policy.reserved_color),
                reserved_soon: hex_colour(policy.reserved_soon_color),
                blocked: hex_colour(policy.blocked_color),
                out_of_service: hex_colour(policy.out_of_service_color),
            },
            behaviors: BehaviorsView {
                blink_reserved_soon: policy.blink_reserved_soon,
                blink_pattern_ms: policy.blink_pattern_ms,
                allow_sensor_override: policy.allow_sensor_override,
            },
        }
    }
}

/// A colour in upper-case hexadecimal digits, as in V5.
pub(crate) fn hex_colour(colour: Colour) -> String {
    colour.to_string().to_uppercase()
}
