//! Counts of spaces and of devices.

use parking_projections::devices::inventory::read as devices;
use parking_projections::registry::spaces::read as spaces;
use serde::Serialize;
use utoipa::ToSchema;

/// Counts of spaces by state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountsView {
    total_spaces: i64,
    /// Same as `total_spaces`.
    total: i64,
    free: i64,
    occupied: i64,
    reserved: i64,
    maintenance: i64,
    unknown: i64,
    /// Free spaces that are not disabled.
    available: i64,
    /// Occupied spaces in per cent of all spaces, to two decimals.
    occupancy_rate: f64,
}

impl From<&spaces::Counts> for CountsView {
    fn from(counts: &spaces::Counts) -> Self {
        Self {
            total_spaces: counts.total,
            total: counts.total,
            free: counts.free,
            occupied: counts.occupied,
            reserved: counts.reserved,
            maintenance: counts.maintenance,
            unknown: counts.unknown,
            available: counts.available,
            occupancy_rate: counts.occupancy_rate(),
        }
    }
}

/// Counts of devices, without retired devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceCounts {
    total: i64,
    /// Devices assigned to a space.
    assigned: i64,
    /// Devices assigned to no space.
    unassigned: i64,
    /// Enabled devices that have been heard and are not silent.
    active: i64,
    /// All other devices.
    inactive: i64,
}

impl From<devices::Counts> for DeviceCounts {
    fn from(counts: devices::Counts) -> Self {
        let devices::Counts { total, assigned, unassigned, active, inactive } = counts;
        Self { total, assigned, unassigned, active, inactive }
    }
}
