//! The view of an orphan.

use chrono::{DateTime, Utc};
use parking_domain::device::device_id;
use parking_domain::lorawan::DevEui;
use parking_projections::devices::orphan_devices::OrphanDevice;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::{Item, Listing};
use crate::http::kit::reply::Shown;
use crate::http::v6::devices::view::DeviceView;

/// A device that is heard but has no owner. EUIs are in upper case; `message_count` and `uplink_count` are the same.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphanView {
    id: Uuid,
    dev_eui: String,
    /// When it was first heard without an owner. Of a device that had an owner, when it was last heard before.
    first_seen: DateTime<Utc>,
    last_seen: DateTime<Utc>,
    /// Number of uplinks since it has no owner.
    message_count: i64,
    uplink_count: i64,
    last_rssi: Option<i32>,
    last_snr: Option<f64>,
    last_gateway: Option<String>,
    device_profile: Option<String>,
    device_name: Option<String>,
    /// The last uplink as decoded by the network server's codec.
    #[schema(value_type = Option<Object>)]
    last_object: Option<Box<RawValue>>,
    /// Always null: an assigned device is no orphan.
    assigned_to_space_id: Option<Uuid>,
    /// Always null.
    assigned_at: Option<DateTime<Utc>>,
}

/// A page of orphans, and the filters that were applied.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphanListing {
    #[serde(flatten)]
    pub(crate) listing: Listing<OrphanView>,
    pub(crate) filters: OrphanFilters,
}

/// The filters of a list of orphans.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphanFilters {
    pub(crate) include_assigned: bool,
    pub(crate) since_hours: Option<u32>,
}

/// A claimed and assigned orphan.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrphanAssigned {
    #[serde(flatten)]
    device: Shown<DeviceView>,
    success: bool,
    /// Same as `dev_eui`.
    device_eui: String,
    message: &'static str,
}

impl OrphanAssigned {
    pub(crate) fn of(dev_eui: DevEui, device: Shown<DeviceView>) -> Self {
        let message = "the device is claimed and assigned to the space";
        Self { device, success: true, device_eui: format!("{dev_eui:X}"), message }
    }
}

impl Item for OrphanView {
    const PLURAL: &'static str = "orphan_devices";
}

impl From<OrphanDevice> for OrphanView {
    fn from(row: OrphanDevice) -> Self {
        Self {
            id: row.dev_eui.parse().map(device_id).unwrap_or_default(),
            dev_eui: row.dev_eui.to_uppercase(),
            first_seen: row.first_seen.utc(),
            last_seen: row.last_seen.utc(),
            message_count: row.message_count,
            uplink_count: row.message_count,
            last_rssi: row.last_rssi,
            last_snr: row.last_snr,
            last_gateway: row.last_gateway.map(|gateway| gateway.to_uppercase()),
            device_profile: row.device_profile,
            device_name: row.device_name,
            last_object: row.last_object.map(|object| object.0),
            assigned_to_space_id: None,
            assigned_at: None,
        }
    }
}
