//! Numbers of spaces and of devices.

use parking_projections::{devices, spaces};
use serde::Serialize;
use utoipa::ToSchema;

/// Numbers of spaces by state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountsView {
    total_spaces: i64,
    /// The total.
    total: i64,
    free: i64,
    occupied: i64,
    reserved: i64,
    maintenance: i64,
    unknown: i64,
    /// Those that are free.
    available: i64,
    /// Per cent of the spaces that are occupied, to two decimals.
    occupancy_rate: f64,
}

impl From<&spaces::read::Counts> for CountsView {
    fn from(counts: &spaces::read::Counts) -> Self {
        Self {
            total_spaces: counts.total,
            total: counts.total,
            free: counts.free,
            occupied: counts.occupied,
            reserved: counts.reserved,
            maintenance: counts.maintenance,
            unknown: counts.unknown,
            available: counts.free,
            occupancy_rate: counts.occupancy_rate(),
        }
    }
}

/// Numbers of devices, those taken out of use left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceCounts {
    total: i64,
    /// At a space.
    assigned: i64,
    /// At no space.
    unassigned: i64,
    /// Enabled, heard before, and not silent.
    active: i64,
    /// The others.
    inactive: i64,
}

impl From<devices::read::Counts> for DeviceCounts {
    fn from(counts: devices::read::Counts) -> Self {
        let devices::read::Counts { total, assigned, unassigned, active, inactive } = counts;
        Self { total, assigned, unassigned, active, inactive }
    }
}
