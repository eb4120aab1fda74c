//! A display policy as clients read it.

use chrono::{DateTime, Utc};
use parking_domain::downlink::Colour;
use parking_domain::policy::Policy;
use parking_projections::display_policies::DisplayPolicy;
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
    /// Whether it is in force.
    is_active: bool,
    #[serde(flatten)]
    says: SaysView,
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
            says: SaysView::of(&row.policy.policy),
            name: row.policy.name,
            description: row.policy.description,
            is_active: row.is_active,
            created_at: row.created_at.utc(),
            updated_at: row.updated_at.utc(),
        }
    }
}

/// What a policy says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SaysView {
    thresholds: ThresholdsView,
    colors: ColorsView,
    behaviors: BehaviorsView,
}

#[derive(Debug, Serialize, ToSchema)]
struct ThresholdsView {
    reserved_soon_threshold_sec: u32,
    /// None means three times the heartbeat of the sensor's model.
    sensor_unknown_timeout_sec: Option<u32>,
    debounce_window_sec: u32,
    debounce_readings: u8,
}

/// 6 hexadecimal digits each.
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

impl SaysView {
    pub(crate) fn of(policy: &Policy) -> Self {
        Self {
            thresholds: ThresholdsView {
                reserved_soon_threshold_sec: policy.reserved_soon_threshold_sec,
                sensor_unknown_timeout_sec: policy.sensor_unknown_timeout_sec,
                debounce_window_sec: policy.debounce_window_sec,
                debounce_readings: policy.debounce_readings,
            },
            colors: ColorsView {
                occupied: written(policy.occupied_color),
                free: written(policy.free_color),
                reserved: written(policy.reserved_color),
                reserved_soon: written(policy.reserved_soon_color),
                blocked: written(policy.blocked_color),
                out_of_service: written(policy.out_of_service_color),
            },
            behaviors: BehaviorsView {
                blink_reserved_soon: policy.blink_reserved_soon,
                blink_pattern_ms: policy.blink_pattern_ms,
                allow_sensor_override: policy.allow_sensor_override,
            },
        }
    }
}

/// A colour as V5 wrote it.
pub(crate) fn written(colour: Colour) -> String {
    colour.to_string().to_uppercase()
}
