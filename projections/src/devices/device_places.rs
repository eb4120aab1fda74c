//! Read model `device_places`: every device that a space has had, and what the device reported there, with the event
//! from which on it holds.

use parking_domain::device::{Category, Status};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::sensors::Occupancy;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::devices::inventory::Device;
use crate::engine::feed::RecordedEvent;
use crate::engine::projection::Tables;
use crate::engine::rows::insert;
use crate::registry::spaces::read::Standing;

pub(super) const TABLES: Tables =
    Tables { names: &["device_places"], internal: &[], schema: include_str!("device_places.sql") };

/// The sensor or the display of a space, from an event on; none once the device has left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DevicePlace {
    pub(crate) space_id: Uuid,
    pub(crate) category: Category,
    pub(crate) position: i64,
    pub(crate) recorded_at: Instant,
    pub(crate) tenant_id: Uuid,
    pub(crate) dev_eui: Option<DevEui>,
    pub(crate) name: Option<String>,
    pub(crate) status: Option<Status>,
    /// None also where it is older than the retention.
    pub(crate) occupancy: Option<Occupancy>,
    /// Only the reading changed.
    pub(crate) reported: bool,
}

impl DevicePlace {
    /// The device at its space; none if it is at none.
    fn of(device: &Device, recorded: &RecordedEvent) -> Option<Self> {
        Some(Self {
            dev_eui: Some(device.dev_eui),
            name: Some(device.definition.name.clone()),
            status: Some(device.status),
            occupancy: Some(device.occupancy),
            ..Self::left(device, recorded)?
        })
    }

    /// The device's space without it; none if it is at none.
    fn left(device: &Device, recorded: &RecordedEvent) -> Option<Self> {
        Some(Self {
            space_id: device.space_id?,
            category: device.category,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            tenant_id: device.tenant_id,
            dev_eui: None,
            name: None,
            status: None,
            occupancy: None,
            reported: false,
        })
    }

    /// The device; none once it has left.
    pub(crate) fn standing(self) -> Option<Standing> {
        Some(Standing {
            dev_eui: self.dev_eui?,
            name: self.name?,
            status: self.status?,
            occupancy: self.occupancy.unwrap_or_default(),
        })
    }
}

/// Collects the rows of a batch.
#[derive(Default)]
pub(super) struct DevicePlaces(Vec<DevicePlace>);

impl DevicePlaces {
    /// Adds what an event changed at the device's spaces.
    pub(super) fn take(&mut self, before: Option<&Device>, after: Option<&Device>, recorded: &RecordedEvent) {
        let was = before.and_then(|device| DevicePlace::of(device, recorded));
        let is = after.and_then(|device| DevicePlace::of(device, recorded));
        if was == is {
            return;
        }
        let place = |of: &DevicePlace| (of.space_id, of.category);
        if was.as_ref().map(place) != is.as_ref().map(place) {
            self.0.extend(before.and_then(|device| DevicePlace::left(device, recorded)));
        }
        self.0.extend(is);
    }

    /// Adds a reading of a device that differs from the one before.
    pub(super) fn report(&mut self, device: &Device, recorded: &RecordedEvent) {
        self.0.extend(DevicePlace::of(device, recorded).map(|place| DevicePlace { reported: true, ..place }));
    }

    pub(super) async fn save(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        insert(connection, "device_places", &std::mem::take(&mut self.0)).await
    }
}
