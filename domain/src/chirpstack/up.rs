//! `up`: a data uplink as the network server received it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::Fields;
use crate::instant::Instant;
use crate::lorawan::{DevAddr, GatewayEui};
use crate::payload::Payload;

/// The maximum number of receptions kept, more than any frame has had; the body retains the rest.
const MAX_RECEPTIONS: usize = 64;

/// An uninterpreted data uplink.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Up {
    /// The device's address within its session.
    pub dev_addr: Option<DevAddr>,
    /// The full 32-bit frame counter. 0 when absent in the report; `None` when present but unreadable.
    pub f_cnt: Option<u32>,
    /// The port; 0 for frames with MAC commands only and for frames without a port.
    pub f_port: u8,
    /// True when the device requests an acknowledgement.
    pub confirmed: bool,
    /// The index of the data rate in its region.
    pub dr: u8,
    /// The carrier frequency, in hertz.
    pub frequency: Option<u32>,
    /// The application's payload.
    pub data: Payload,
    /// ChirpStack's decoding of `data`, if a codec is configured there.
    pub object: Option<Map<String, Value>>,
    /// True when the network server could not decrypt `data` because the join server kept the key.
    pub encrypted: bool,
    /// The gateways that received the frame, unordered, at most 64.
    pub rx_info: Vec<Reception>,
    /// The network server's clock when it received the last gateway's copy.
    pub ns_time: Option<Instant>,
}

/// One gateway's reception of a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reception {
    /// The gateway; `None` when its id is not an EUI.
    pub gateway_id: Option<GatewayEui>,
    /// Signal strength, in dBm.
    #[serde(default)]
    pub rssi: i32,
    /// Signal-to-noise ratio, in dB.
    #[serde(default)]
    pub snr: f64,
}

impl Up {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let mut copies = fields.list("rxInfo");
        copies.truncate(MAX_RECEPTIONS);
        Self {
            dev_addr: fields.parsed("devAddr"),
            f_cnt: if fields.has("fCnt") { fields.integer("fCnt") } else { Some(0) },
            f_port: fields.integer("fPort").unwrap_or_default(),
            confirmed: fields.flag("confirmed"),
            dr: fields.integer("dr").unwrap_or_default(),
            frequency: fields.object("txInfo").and_then(|tx| tx.integer("frequency")),
            data: fields.payload("data").unwrap_or_default(),
            object: fields.map("object"),
            encrypted: fields.has("joinServerContext"),
            rx_info: copies.iter().map(Reception::read).collect(),
            ns_time: copies.iter().filter_map(|copy| copy.time("nsTime")).max(),
        }
    }
}

impl Reception {
    fn read(fields: &Fields<'_>) -> Self {
        Self {
            gateway_id: fields.parsed("gatewayId"),
            rssi: fields.integer("rssi").unwrap_or_default(),
            snr: fields.number("snr").unwrap_or_default(),
        }
    }
}
