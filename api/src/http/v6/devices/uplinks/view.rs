//! The views of uplinks and of device types.

use chrono::{DateTime, Utc};
use parking_domain::device::{Category, device_id};
use parking_domain::sensors::{Codec, Occupancy, heartbeat_sec};
use parking_domain::uplinks::Standing;
use parking_projections::devices::uplinks::read::Uplink;
use parking_projections::engine::seek::RowPosition;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::Item;
use crate::http::kit::seek::InLogOrder;
use crate::http::v6::shared::words;

/// An uplink with its decoded reading, or the reason why it could not be decoded.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UplinkView {
    /// The position of the event.
    position: i64,
    device_id: Uuid,
    dev_eui: String,
    /// When the platform received the uplink.
    received_at: DateTime<Utc>,
    /// When the network heard the uplink, by its best clock that can be right, else when it arrived.
    heard_at: DateTime<Utc>,
    f_cnt: Option<u32>,
    /// Same as `f_cnt`.
    fcnt: Option<u32>,
    f_port: u8,
    /// The number of the uplink's LoRaWAN session, counted from the device's first session.
    session: u32,
    #[schema(value_type = words::UplinkStanding)]
    standing: Standing,
    #[schema(value_type = words::Occupancy)]
    occupancy: Occupancy,
    /// The occupancy as a boolean; null if it is unknown.
    occupied: Option<bool>,
    /// Volts.
    battery_v: Option<f64>,
    /// Per cent of a new battery's capacity.
    battery_pct: Option<f64>,
    /// Degrees Celsius.
    temperature_c: Option<f64>,
    /// Signal strength at the best gateway, in dBm.
    rssi: Option<i32>,
    /// Signal-to-noise ratio at the same gateway, in dB.
    snr: Option<f64>,
    /// The best gateway.
    gateway: Option<String>,
    /// All values that the codec decoded.
    #[schema(value_type = Option<Object>)]
    reading: Option<Value>,
    /// The reason why the uplink could not be decoded.
    problem: Option<String>,
}

impl Item for UplinkView {
    const PLURAL: &'static str = "uplinks";
}

impl InLogOrder for UplinkView {
    fn row_position(&self) -> RowPosition {
        RowPosition { position: self.position, ordinal: 0 }
    }
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

/// A device type that has a codec: a possible value of a device's `codec`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceTypeView {
    /// The codec's name.
    id: &'static str,
    /// Same as `id`.
    type_code: &'static str,
    /// The supported models, as a readable name.
    name: &'static str,
    /// Incremented whenever the same bytes yield a different reading.
    version: u16,
    /// The ports of the models' uplinks. Empty: the port has no meaning.
    #[schema(max_items = 16)]
    ports: Vec<u8>,
    /// The interval of reports without a change, in seconds.
    heartbeat_sec: u32,
    enabled: bool,
    #[schema(value_type = words::DeviceCategory)]
    category: Category,
    /// Null for a codec of any manufacturer.
    manufacturer: Option<&'static str>,
    /// Same as `id`: the codec.
    handler_class: &'static str,
    /// Always empty: a device's own `config` is not preset.
    #[schema(value_type = Object)]
    default_config: Map<String, Value>,
    /// `occupancy` or `display`.
    #[schema(max_items = 1)]
    capabilities: [&'static str; 1],
    /// Always `confirmed`: the codec is part of the platform.
    status: &'static str,
    /// Always null: a codec is not bound to a device profile of ChirpStack.
    chirpstack_profile_name: Option<&'static str>,
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
            category: codec.category(),
            manufacturer: (codec.name != "object").then(|| codec.models.split(' ').next()).flatten(),
            handler_class: codec.name,
            default_config: Map::new(),
            capabilities: [if codec.category() == Category::Sensor { "occupancy" } else { "display" }],
            status: "confirmed",
            chirpstack_profile_name: None,
        }
    }
}
