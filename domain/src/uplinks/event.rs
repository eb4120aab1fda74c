//! The events of an `uplinks` stream, version 1.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::aggregate::events;
use crate::chirpstack::{DeviceInfo, EventKey, Reception};
use crate::instant::Instant;
use crate::lorawan::DevAddr;
use crate::payload::Payload;

/// An event of an `uplinks` stream. Reports that carry only their key are not interpreted yet; their bodies are in the
/// log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UplinkEvent {
    /// A data uplink.
    UplinkReceived(Box<UplinkReceived>),
    /// The device joined: a session began.
    DeviceJoined(DeviceJoined),
    /// The device reported its battery level and link margin.
    DeviceStatusReported {
        /// The common fields.
        report: NetworkReport,
    },
    /// A confirmed downlink was acknowledged or timed out.
    DownlinkAcknowledged {
        /// The common fields.
        report: NetworkReport,
    },
    /// A gateway took a downlink for transmission.
    DownlinkTransmitted {
        /// The common fields.
        report: NetworkReport,
    },
    /// The network server logged a warning or an error about the device.
    NetworkLogged {
        /// The common fields.
        report: NetworkReport,
    },
    /// The network server resolved a position.
    DeviceLocated {
        /// The common fields.
        report: NetworkReport,
    },
}

/// The common fields of every report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// Identifies a repeated delivery of the report.
    pub key: EventKey,
    /// When the platform received it; never runs backwards within a stream. This is the effective time.
    pub received_at: Instant,
    /// ChirpStack's `time` as sent, however wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Instant>,
    /// ChirpStack's data about the device.
    #[serde(default)]
    pub device: DeviceInfo,
}

/// A report's order in its LoRaWAN session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The newest of its session, or the one that opens it. Not serialised, because most reports are in order.
    #[default]
    InOrder,
    /// Older than the newest frame: counts for the device's health, never changes a space.
    Late,
    /// Its counter was seen before in this session: most likely one transmission, reported twice.
    Repeated,
    /// Its counter is unreadable, or equals the newest one with other content: its order is unknown.
    Uncounted,
}

impl Standing {
    /// True if the report says something new: the device is heard by it. Late and repeated frames are of the past.
    pub fn is_new(self) -> bool {
        matches!(self, Self::InOrder | Self::Uncounted)
    }
}

/// A data uplink with everything that later interpretation may need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UplinkReceived {
    /// The common fields.
    pub report: NetworkReport,
    /// When the network server received the frame, by the report's best clock that can be right, else when it arrived.
    pub heard_at: Instant,
    /// The session's number within the stream, from 1 in order of discovery.
    pub session: u32,
    /// The frame's order in its session.
    #[serde(default, skip_serializing_if = "is_in_order")]
    pub standing: Standing,
    /// The device's address in its session.
    pub dev_addr: Option<DevAddr>,
    /// The frame counter; `None` when it could not be read.
    pub f_cnt: Option<u32>,
    /// The port.
    pub f_port: u8,
    /// True when the device requests an acknowledgement.
    #[serde(default, skip_serializing_if = "is_false")]
    pub confirmed: bool,
    /// The index of the data rate.
    #[serde(default)]
    pub dr: u8,
    /// The carrier frequency, in hertz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<u32>,
    /// The application's payload.
    #[serde(default)]
    pub data: Payload,
    /// ChirpStack's decoding of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Map<String, Value>>,
    /// True when `data` is still encrypted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub encrypted: bool,
    /// The gateways that received the frame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rx_info: Vec<Reception>,
}

/// A join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceJoined {
    /// The common fields.
    pub report: NetworkReport,
    /// When the network server accepted the join, as of an uplink.
    pub heard_at: Instant,
    /// The number of the session it began.
    pub session: u32,
    /// [`Standing::InOrder`], or [`Standing::Late`] if a newer session was known before.
    #[serde(default, skip_serializing_if = "is_in_order")]
    pub standing: Standing,
    /// The address assigned to the device.
    pub dev_addr: Option<DevAddr>,
}

impl UplinkEvent {
    /// The common fields.
    pub fn report(&self) -> &NetworkReport {
        match self {
            Self::UplinkReceived(uplink) => &uplink.report,
            Self::DeviceJoined(join) => &join.report,
            Self::DeviceStatusReported { report }
            | Self::DownlinkAcknowledged { report }
            | Self::DownlinkTransmitted { report }
            | Self::NetworkLogged { report }
            | Self::DeviceLocated { report } => report,
        }
    }
}

events!(UplinkEvent {
    UplinkReceived: "1",
    DeviceJoined: "1",
    DeviceStatusReported: "1",
    DownlinkAcknowledged: "1",
    DownlinkTransmitted: "1",
    NetworkLogged: "1",
    DeviceLocated: "1",
});

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde's skip_serializing_if requires"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde's skip_serializing_if requires"
)]
fn is_in_order(standing: &Standing) -> bool {
    *standing == Standing::InOrder
}
