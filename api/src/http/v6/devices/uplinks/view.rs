//! What a device reported, and the types of devices whose reports can be read.

use chrono::{DateTime, Utc};
use parking_domain::device::device_id;
use parking_domain::sensors::{Codec, Occupancy, heartbeat_sec};
use parking_domain::uplinks::Standing;
use parking_projections::uplinks::read::Uplink;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::Item;

/// An uplink, with what was read in it or why it could not be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UplinkView {
    /// The event.
    position: i64,
    device_id: Uuid,
    dev_eui: String,
    /// When the platform received it.
    received_at: DateTime<Utc>,
    /// When the network heard it, as far as it says.
    heard_at: DateTime<Utc>,
    f_cnt: Option<u32>,
    /// The frame counter.
    fcnt: Option<u32>,
    f_port: u8,
    /// The LoRaWAN session it belongs to, counted from the first.
    session: u32,
    /// `in_order`, `late`, `repeated` or `uncounted`.
    #[schema(value_type = String)]
    standing: Standing,
    /// What the device said of its space with it: `occupied`, `vacant` or `unknown`.
    #[schema(value_type = String)]
    occupancy: Occupancy,
    /// The same as yes or no.
    occupied: Option<bool>,
    /// Volts.
    battery_v: Option<f64>,
    /// Per cent of what a new battery holds.
    battery_pct: Option<f64>,
    /// Degrees Celsius.
    temperature_c: Option<f64>,
    /// Signal strength at the best gateway, in dBm.
    rssi: Option<i32>,
    /// Signal-to-noise ratio there, in dB.
    snr: Option<f64>,
    /// That gateway.
    gateway: Option<String>,
    /// All that its codec read in it.
    #[schema(value_type = Option<Object>)]
    reading: Option<Value>,
    /// Why it could not be read.
    problem: Option<String>,
}

impl Item for UplinkView {
    const PLURAL: &'static str = "uplinks";
}

impl UplinkView {
    pub(crate) fn of(row: Uplink) -> Self {
        let number = |name: &str| row.reading.as_ref().and_then(|reading| reading.get(name)?.as_f64());
        Self {
            position: row.position,
            device_id: device_id(row.dev_eui),
            dev_eui: format!("{:X}", row.dev_eui),
            received_at: row.received_at.utc(),
            heard_at: row.heard_at.utc(),
            f_cnt: row.f_cnt,
            fcnt: row.f_cnt,
            f_port: row.f_port,
            session: row.session,
            standing: row.standing,
            occupancy: row.occupancy,
            occupied: match row.occupancy {
                Occupancy::Occupied => Some(true),
                Occupancy::Vacant => Some(false),
                Occupancy::Unknown => None,
            },
            battery_v: number("battery_v"),
            battery_pct: number("battery_pct"),
            temperature_c: number("temperature_c"),
            rssi: row.rssi,
            snr: row.snr,
            gateway: row.gateway.map(|gateway| gateway.to_uppercase()),
            reading: row.reading,
            problem: row.problem,
        }
    }
}

/// A type of devices whose reports can be read: what `codec` of a device may say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceTypeView {
    /// The codec's name.
    id: &'static str,
    /// The codec's name.
    type_code: &'static str,
    /// Whose reports it reads, for people.
    name: &'static str,
    /// Raised whenever the same bytes give another reading.
    version: u16,
    /// The ports on which they report; none means that the port tells nothing.
    ports: Vec<u8>,
    /// How often they report when nothing changes, in seconds.
    heartbeat_sec: u32,
    enabled: bool,
}

impl Item for DeviceTypeView {
    const PLURAL: &'static str = "device_types";
}

impl DeviceTypeView {
    pub(crate) fn of(codec: &Codec) -> Self {
        Self {
            id: codec.name,
            type_code: codec.name,
            name: codec.models,
            version: codec.version,
            ports: codec.ports.to_vec(),
            heartbeat_sec: heartbeat_sec(Some(codec.name)),
            enabled: true,
        }
    }
}
