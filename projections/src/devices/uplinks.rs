//! Read model `uplinks`: the uplinks of owned devices, decoded by their codecs.

pub mod read;

use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::Profiles;
use parking_domain::sensors::{Frame, Occupancy, Reading};
use parking_domain::uplinks::{Standing, UplinkReceived};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::devices::orphan_devices::best;
use crate::engine::projection::Tables;
use crate::engine::rows::insert;

pub(crate) const TABLES: Tables =
    Tables { names: &["uplinks"], internal: &[], schema: include_str!("uplinks.sql") };

/// An uplink of an owned device.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Uplink {
    position: i64,
    tenant_id: Uuid,
    dev_eui: DevEui,
    received_at: Instant,
    heard_at: Instant,
    f_cnt: Option<u32>,
    f_port: u8,
    session: u32,
    standing: Standing,
    occupancy: Occupancy,
    reading: Option<Reading>,
    problem: Option<String>,
    rssi: Option<i32>,
    snr: Option<f64>,
    gateway: Option<String>,
}

/// Decodes uplinks and collects those of a batch.
#[derive(Default)]
pub(crate) struct Uplinks {
    profiles: Profiles,
    gathered: Vec<Uplink>,
}

impl Uplinks {
    /// Decodes an uplink with the codec that the device's owner chose, or else with a detected one.
    pub(crate) fn read(&mut self, uplink: &UplinkReceived, chosen: Option<&str>) -> Result<Reading, String> {
        let (frame, profile_name) = (Frame::from(uplink), uplink.report.device.profile_name.as_deref());
        let read = self.profiles.choose(chosen, profile_name, &frame).and_then(|codec| codec.decode(&frame));
        read.map_err(|reason| reason.to_string())
    }

    /// Collects an uplink with its reading; `occupancy` is the device's state after it, hysteresis included.
    pub(crate) fn take(
        &mut self,
        (tenant_id, dev_eui, position): (Uuid, DevEui, i64),
        uplink: &UplinkReceived,
        read: Result<Reading, String>,
        occupancy: Occupancy,
    ) {
        let reception = best(&uplink.rx_info);
        let (reading, problem) = match read {
            Ok(reading) => (Some(reading), None),
            Err(problem) => (None, Some(problem)),
        };
        self.gathered.push(Uplink {
            position,
            tenant_id,
            dev_eui,
            received_at: uplink.report.received_at,
            heard_at: uplink.heard_at,
            f_cnt: uplink.f_cnt,
            f_port: uplink.f_port,
            session: uplink.session,
            standing: uplink.standing,
            occupancy,
            reading,
            problem,
            rssi: reception.map(|reception| reception.rssi),
            snr: reception.map(|reception| reception.snr),
            gateway: reception.and_then(|reception| reception.gateway_id).map(|id| id.to_string()),
        });
    }

    /// Deletes a device's uplinks when its ownership changes.
    pub(crate) async fn forget(
        &mut self,
        connection: &mut PgConnection,
        dev_eui: DevEui,
    ) -> Result<(), sqlx::Error> {
        self.gathered.retain(|uplink| uplink.dev_eui != dev_eui);
        sqlx::query("delete from uplinks where dev_eui = $1")
            .bind(dev_eui.to_string())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Drops what was collected.
    pub(crate) fn discard(&mut self) {
        self.gathered.clear();
    }

    pub(crate) async fn save(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        insert(connection, "uplinks", &std::mem::take(&mut self.gathered)).await
    }
}
