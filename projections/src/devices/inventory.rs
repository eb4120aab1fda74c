//! Read model `devices`: devices with an owner, and retired ones, with the last values that they reported.

pub mod read;

use parking_domain::device::{Category, Definition, DeviceEvent, Lifecycle, Status};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::sensors::{Occupancy, Reading};
use parking_domain::uplinks::{NetworkReport, Standing, UplinkEvent, UplinkReceived};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::devices::orphan_devices::{Orphaned, best};
use crate::devices::uplinks::Uplinks;
use crate::engine::projection::Tables;
use crate::engine::rows::Row;

pub(super) const TABLES: Tables =
    Tables { names: &["devices"], internal: &[], schema: include_str!("inventory.sql") };

/// A device with an owner, or a retired device with its last owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// The device.
    pub dev_eui: DevEui,
    /// Its owner; of a retired device, its last owner.
    pub tenant_id: Uuid,
    /// Sensor or display.
    pub category: Category,
    /// Its assignment status.
    pub status: Status,
    /// Its stage of life.
    pub lifecycle: Lifecycle,
    /// The space it is assigned to.
    pub space_id: Option<Uuid>,
    /// When it was assigned.
    pub assigned_at: Option<Instant>,
    /// When the platform last received an uplink or a join from it.
    pub last_seen_at: Option<Instant>,
    /// When the platform last received something new from it: no late or repeated frame. From then on it may be silent.
    pub last_heard_at: Option<Instant>,
    /// Uplinks since it last became ownerless, without repetitions of one transmission.
    pub uplink_count: i64,
    /// The occupancy it last reported.
    pub occupancy: Occupancy,
    /// Volts.
    pub battery_v: Option<f64>,
    /// Per cent of a new battery's charge.
    pub battery_pct: Option<u8>,
    /// Degrees Celsius.
    pub temperature_c: Option<f64>,
    /// Signal strength at the best gateway of the last uplink, in dBm.
    pub rssi: Option<i32>,
    /// Signal-to-noise ratio at that gateway, in dB.
    pub snr: Option<f64>,
    /// That gateway, 16 lower-case hex digits.
    pub gateway: Option<String>,
    /// The device profile's name in ChirpStack.
    pub profile: Option<String>,
    /// The codec that decoded its last decodable uplink.
    pub read_by: Option<String>,
    /// True from the moment it is reported silent until something new is received from it.
    pub silent: bool,
    /// Why its last uplink could not be decoded.
    pub problem: Option<String>,
    /// The definition its owner gave it.
    pub definition: Definition,
    /// When it was claimed.
    pub created_at: Instant,
    /// When anything other than its reports last changed.
    pub updated_at: Instant,
    /// The position of the event that last changed it.
    pub position: i64,
}

impl Row for Device {
    const TABLE: &'static str = "devices";
    const KEY: &'static str = "dev_eui";
    const KEY_TYPE: &'static str = "text";
    type Key = DevEui;

    fn key(&self) -> DevEui {
        self.dev_eui
    }
}

impl Device {
    pub(super) fn claimed(
        dev_eui: DevEui,
        tenant_id: Uuid,
        category: Category,
        definition: &Definition,
        at: Instant,
    ) -> Self {
        Self {
            dev_eui,
            tenant_id,
            category,
            status: Status::Unassigned,
            lifecycle: Lifecycle::Provisioned,
            space_id: None,
            assigned_at: None,
            last_seen_at: None,
            last_heard_at: None,
            uplink_count: 0,
            occupancy: Occupancy::Unknown,
            battery_v: None,
            battery_pct: None,
            temperature_c: None,
            rssi: None,
            snr: None,
            gateway: None,
            profile: None,
            read_by: None,
            silent: false,
            problem: None,
            definition: definition.clone(),
            created_at: at,
            updated_at: at,
            position: 0,
        }
    }

    /// Takes over what the orphan's row holds, which reaches back beyond the claim's horizon.
    pub(super) fn take_over(&mut self, orphan: Option<Orphaned>) {
        let Some(Orphaned { messages, last_seen, profile }) = orphan else { return };
        self.uplink_count = messages;
        self.last_seen_at = self.last_seen_at.max(Some(last_seen));
        self.last_heard_at = self.last_heard_at.or(Some(last_seen));
        self.profile = self.profile.take().or(profile);
    }

    pub(super) fn apply_event(&mut self, event: &DeviceEvent) {
        match event {
            DeviceEvent::DeviceUpdated { definition, at, .. } => {
                self.definition.clone_from(definition);
                self.updated_at = *at;
            }
            DeviceEvent::DeviceAssigned { space_id, at, .. }
            | DeviceEvent::DeviceReassigned { to: space_id, at, .. } => {
                (self.status, self.lifecycle) = (Status::Assigned, Lifecycle::Operational);
                (self.space_id, self.assigned_at, self.updated_at) = (Some(space_id.uuid()), Some(*at), *at);
            }
            DeviceEvent::DeviceUnassigned { at, .. } => {
                (self.status, self.lifecycle) = (Status::Unassigned, Lifecycle::Commissioned);
                (self.space_id, self.assigned_at, self.updated_at) = (None, None, *at);
            }
            DeviceEvent::DeviceRetired { at, .. } => {
                (self.status, self.lifecycle) = (Status::Retired, Lifecycle::Decommissioned);
                self.updated_at = *at;
            }
            DeviceEvent::DeviceFellSilent { last_heard_at, .. } => {
                self.silent = self.last_heard_at.is_none_or(|heard| heard <= *last_heard_at);
            }
            DeviceEvent::DeviceClaimed { .. }
            | DeviceEvent::DeviceReleased { .. }
            | DeviceEvent::OrphanDismissed { .. } => {}
        }
    }

    pub(super) fn hear(&mut self, event: &UplinkEvent, position: i64, uplinks: &mut Uplinks) {
        match event {
            UplinkEvent::UplinkReceived(uplink) => self.receive(uplink, position, uplinks),
            UplinkEvent::DeviceJoined(join) => self.mark_seen(&join.report, join.standing),
            // Reports of the network server itself do not come from the device.
            _ => {}
        }
    }

    fn receive(&mut self, uplink: &UplinkReceived, position: i64, uplinks: &mut Uplinks) {
        self.mark_seen(&uplink.report, uplink.standing);
        self.position = position;
        self.uplink_count += i64::from(uplink.standing != Standing::Repeated);
        let read = uplinks.read(uplink, self.definition.codec.as_deref());
        if uplink.standing.is_new() {
            self.measure(uplink, &read);
        }
        uplinks.take((self.tenant_id, self.dev_eui, position), uplink, read, self.occupancy);
    }

    /// It is heard again only by something new: a sensor that delivers old frames may still be silent.
    fn mark_seen(&mut self, report: &NetworkReport, standing: Standing) {
        self.last_seen_at = self.last_seen_at.max(Some(report.received_at));
        if standing.is_new() {
            self.last_heard_at = self.last_heard_at.max(Some(report.received_at));
            self.silent = false;
        }
        if let Some(profile) = &report.device.profile_name {
            self.profile = Some(profile.clone());
        }
    }

    /// Takes the values of the newest uplink. A value that it lacks stays unchanged.
    fn measure(&mut self, uplink: &UplinkReceived, read: &Result<Reading, String>) {
        if let Some(reception) = best(&uplink.rx_info) {
            (self.rssi, self.snr) = (Some(reception.rssi), Some(reception.snr));
            self.gateway = reception.gateway_id.map(|id| id.to_string());
        }
        match read {
            Ok(reading) => {
                self.problem = None;
                self.read_by = Some(reading.codec.name.to_owned());
                self.battery_v = reading.battery_v.or(self.battery_v);
                self.battery_pct = reading.battery_pct.or(self.battery_pct);
                self.temperature_c = reading.temperature_c.or(self.temperature_c);
                let reported = self
                    .definition
                    .threshold
                    .map_or(reading.occupancy, |threshold| threshold.occupancy(self.occupancy, reading));
                if reported != Occupancy::Unknown {
                    self.occupancy = reported;
                }
            }
            Err(problem) => self.problem = Some(problem.clone()),
        }
    }
}
