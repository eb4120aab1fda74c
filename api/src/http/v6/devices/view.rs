//! The views of devices, with the field names of all of V6's clients.

use chrono::{DateTime, Utc};
use parking_domain::device::{Category, Lifecycle, Status, device_id};
use parking_domain::document::Document;
use parking_domain::downlink::DisplayType;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::sensors::{Occupancy, Threshold};
use parking_projections::devices::inventory::read as devices;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::{Item, Listing};
use crate::http::v6::shared::counts::DeviceCounts;
use crate::http::v6::shared::words;

/// A device with its definition, its assignment and its last readings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceView {
    id: Uuid,
    dev_eui: String,
    /// Same as `dev_eui`.
    deveui: String,
    tenant_id: Uuid,
    name: String,
    #[schema(value_type = words::DeviceCategory)]
    device_type: Category,
    /// Same as `device_type`.
    #[schema(value_type = words::DeviceCategory)]
    category: Category,
    #[schema(value_type = words::DeviceStatus)]
    status: Status,
    #[schema(value_type = words::DeviceLifecycle)]
    lifecycle_state: Lifecycle,
    enabled: bool,
    manufacturer: Option<String>,
    model: Option<String>,
    /// Same as `model`.
    device_model: Option<String>,
    /// The codec that the owner chose.
    codec: Option<String>,
    /// Same as `codec`.
    type_code: Option<String>,
    #[schema(value_type = Option<Object>)]
    threshold: Option<Threshold>,
    heartbeat_sec: Option<u32>,
    #[schema(value_type = Option<Object>)]
    display_type: Option<DisplayType>,
    location: Option<String>,
    #[schema(value_type = Object)]
    config: Document,
    #[schema(value_type = Object)]
    metadata: Document,
    site_id: Option<Uuid>,
    space_id: Option<Uuid>,
    space_code: Option<String>,
    space_name: Option<String>,
    /// The same space, as V5's clients read it.
    assigned_space: Option<AssignedSpace>,
    assigned_at: Option<DateTime<Utc>>,
    last_seen_at: Option<DateTime<Utc>>,
    uplink_count: i64,
    /// The last occupancy reading.
    #[schema(value_type = words::Occupancy)]
    sensor_state: Occupancy,
    /// Volts.
    battery_v: Option<f64>,
    /// Per cent of a new battery's capacity.
    battery_pct: Option<u8>,
    /// Degrees Celsius.
    temperature_c: Option<f64>,
    /// Signal strength at the best gateway of the last uplink, in dBm.
    rssi: Option<i32>,
    /// Signal-to-noise ratio at the same gateway, in dB.
    snr: Option<f64>,
    /// The best gateway of the last uplink.
    gateway: Option<String>,
    /// The device profile's name in ChirpStack.
    device_profile: Option<String>,
    /// Same as `device_profile`.
    device_type_name: Option<String>,
    /// Whether the device has been silent for too long.
    silent: bool,
    /// The reason why the last uplink could not be decoded.
    problem: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The space of a device.
#[derive(Debug, Serialize, ToSchema)]
struct AssignedSpace {
    id: Uuid,
    name: Option<String>,
    code: Option<String>,
}

impl Item for DeviceView {
    const PLURAL: &'static str = "devices";
}

impl DeviceView {
    pub(crate) fn of(row: devices::Listed) -> Self {
        let devices::Listed { device, space_code, space_name, site_id } = row;
        let (name, code) = (space_name.clone(), space_code.clone());
        let assigned_space = device.space_id.map(|id| AssignedSpace { id, name, code });
        let definition = device.definition;
        let dev_eui = format!("{:X}", device.dev_eui);
        Self {
            id: device_id(device.dev_eui),
            deveui: dev_eui.clone(),
            dev_eui,
            tenant_id: device.tenant_id,
            name: definition.name,
            device_type: device.category,
            category: device.category,
            status: device.status,
            lifecycle_state: device.lifecycle,
            enabled: definition.enabled,
            manufacturer: definition.manufacturer,
            device_model: definition.model.clone(),
            model: definition.model,
            type_code: definition.codec.clone(),
            codec: definition.codec,
            threshold: definition.threshold,
            heartbeat_sec: definition.heartbeat_sec,
            display_type: definition.display_type,
            location: definition.location,
            config: definition.config,
            metadata: definition.metadata,
            site_id,
            space_id: device.space_id,
            space_code,
            space_name,
            assigned_space,
            assigned_at: device.assigned_at.map(Instant::utc),
            last_seen_at: device.last_seen_at.map(Instant::utc),
            uplink_count: device.uplink_count,
            sensor_state: device.occupancy,
            battery_v: device.battery_v,
            battery_pct: device.battery_pct,
            temperature_c: device.temperature_c,
            rssi: device.rssi,
            snr: device.snr,
            gateway: device.gateway.map(|gateway| gateway.to_uppercase()),
            device_type_name: device.profile.clone(),
            device_profile: device.profile,
            silent: device.silent,
            problem: device.problem,
            created_at: device.created_at.utc(),
            updated_at: device.updated_at.utc(),
        }
    }
}

/// A page of devices, on request with the counts of all devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceListing {
    #[serde(flatten)]
    pub(crate) listing: Listing<DeviceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stats: Option<DeviceCounts>,
}

/// Counts of a tenant's assigned and unassigned devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PoolView {
    /// One element: the caller's tenant.
    #[schema(max_items = 1)]
    tenants: Vec<PoolOfTenant>,
    total_devices: i64,
    total_assigned: i64,
    total_unassigned: i64,
    total_sensors: i64,
    unassigned_sensors: i64,
    total_displays: i64,
    unassigned_displays: i64,
}

/// The counts of one tenant's devices.
#[derive(Debug, Serialize, ToSchema)]
struct PoolOfTenant {
    tenant_id: Uuid,
    name: Option<String>,
    total: i64,
    assigned: i64,
    unassigned: i64,
}

impl PoolView {
    pub(crate) fn of(tenant_id: Uuid, name: Option<String>, stats: &devices::Stats) -> Self {
        let devices::Counts { total, assigned, unassigned, .. } = stats.all();
        Self {
            tenants: vec![PoolOfTenant { tenant_id, name, total, assigned, unassigned }],
            total_devices: total,
            total_assigned: assigned,
            total_unassigned: unassigned,
            total_sensors: stats.sensors.total,
            unassigned_sensors: stats.sensors.unassigned,
            total_displays: stats.displays.total,
            unassigned_displays: stats.displays.unassigned,
        }
    }
}

/// The result of a command on a device.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceDone)]
pub(crate) struct DeviceCommandView {
    success: bool,
    device_id: Uuid,
    dev_eui: String,
    /// Same as `dev_eui`.
    device_eui: String,
    /// The space that the device was assigned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    space_id: Option<Uuid>,
    message: &'static str,
}

impl DeviceCommandView {
    pub(crate) fn of(dev_eui: DevEui, message: &'static str) -> Self {
        let eui = format!("{dev_eui:X}");
        Self {
            success: true,
            device_id: device_id(dev_eui),
            device_eui: eui.clone(),
            dev_eui: eui,
            space_id: None,
            message,
        }
    }

    pub(crate) fn at(self, space_id: Uuid) -> Self {
        Self { space_id: Some(space_id), ..self }
    }
}
