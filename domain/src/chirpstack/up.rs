//! `up`: a data uplink as the network server heard it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::Fields;
use crate::instant::Instant;
use crate::lorawan::{DevAddr, GatewayEui};
use crate::payload::Payload;

/// More gateways than ever heard one frame; what is beyond stays in the body.
const MAX_RECEPTIONS: usize = 64;

/// A data uplink, uninterpreted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Up {
    /// The device's address within its session.
    pub dev_addr: Option<DevAddr>,
    /// The full 32-bit frame counter. Absent on the wire means 0; `None` means present but unreadable.
    pub f_cnt: Option<u32>,
    /// The port; 0 for frames of MAC commands only and for frames without a port.
    pub f_port: u8,
    /// True when the device asked for an acknowledgement.
    pub confirmed: bool,
    /// The data rate's index in its region.
    pub dr: u8,
    /// The carrier, in hertz.
    pub frequency: Option<u32>,
    /// The application's bytes.
    pub data: Payload,
    /// What the codec in ChirpStack made of `data`, if there is one.
    pub object: Option<Map<String, Value>>,
    /// True when the network server could not decrypt `data`: the join server kept the key.
    pub encrypted: bool,
    /// The gateways that heard the frame, in no order, 64 at most.
    pub rx_info: Vec<Reception>,
    /// The best estimate of when the network server heard the frame: its own clock at the last gateway's copy.
    pub ns_time: Option<Instant>,
}

/// One gateway's hearing of a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reception {
    /// The gateway; `None` when its id is no EUI.
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
