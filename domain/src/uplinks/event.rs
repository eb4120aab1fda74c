//! What happened to a device on the network: the events of an `uplinks` stream, version 1.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::aggregate::events;
use crate::chirpstack::{DeviceInfo, EventKey, Reception};
use crate::instant::Instant;
use crate::lorawan::DevAddr;
use crate::payload::Payload;

/// An event of an `uplinks` stream. The reports that only carry their key wait for their interpretation; their bodies
/// are in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UplinkEvent {
    /// A data uplink came.
    UplinkReceived(Box<UplinkReceived>),
    /// The device joined: a session began.
    DeviceJoined(DeviceJoined),
    /// The device answered with battery and margin.
    DeviceStatusReported {
        /// What every report has.
        report: NetworkReport,
    },
    /// A confirmed downlink was acknowledged or timed out.
    DownlinkAcknowledged {
        /// What every report has.
        report: NetworkReport,
    },
    /// A gateway took a downlink for transmission.
    DownlinkTransmitted {
        /// What every report has.
        report: NetworkReport,
    },
    /// The network server warned about the device.
    NetworkLogged {
        /// What every report has.
        report: NetworkReport,
    },
    /// The network server resolved a position.
    DeviceLocated {
        /// What every report has.
        report: NetworkReport,
    },
}

/// What every report has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// Recognises the report when it comes again.
    pub key: EventKey,
    /// When the platform received it; never runs backwards within a stream. This is effective time.
    pub received_at: Instant,
    /// ChirpStack's `time`: information only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Instant>,
    /// What ChirpStack knew about the device.
    #[serde(default)]
    pub device: DeviceInfo,
}

/// Where a report stands in its LoRaWAN session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The newest of its session so far, or the one that opens it. Not written down: most are.
    #[default]
    InOrder,
    /// Older than what the stream already holds: counts for the device's health, never moves a space.
    Late,
    /// Its counter came before in this session: as far as can be told one transmission, reported twice.
    Repeated,
    /// Its counter could not be read, or is the newest one's with other content: nothing can be said about order.
    Uncounted,
}

/// A data uplink, with all that a later interpretation may need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UplinkReceived {
    /// What every report has.
    pub report: NetworkReport,
    /// When the network server heard the frame, by the best clock the report offers.
    pub heard_at: Instant,
    /// The session's number within the stream, from 1 in order of discovery.
    pub session: u32,
    /// Where the frame stands in its session.
    #[serde(default, skip_serializing_if = "is_in_order")]
    pub standing: Standing,
    /// The device's address in its session.
    pub dev_addr: Option<DevAddr>,
    /// The frame counter; `None` when it could not be read.
    pub f_cnt: Option<u32>,
    /// The port.
    pub f_port: u8,
    /// True when the device asked for an acknowledgement.
    #[serde(default, skip_serializing_if = "is_false")]
    pub confirmed: bool,
    /// The data rate's index.
    #[serde(default)]
    pub dr: u8,
    /// The carrier, in hertz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<u32>,
    /// The application's bytes.
    #[serde(default)]
    pub data: Payload,
    /// What ChirpStack's codec made of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Map<String, Value>>,
    /// True when `data` is still encrypted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub encrypted: bool,
    /// The gateways that heard the frame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rx_info: Vec<Reception>,
}

/// A join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceJoined {
    /// What every report has.
    pub report: NetworkReport,
    /// When the network server accepted the join.
    pub heard_at: Instant,
    /// The number of the session it began.
    pub session: u32,
    /// [`Standing::InOrder`], or [`Standing::Late`] when a younger session was known before.
    #[serde(default, skip_serializing_if = "is_in_order")]
    pub standing: Standing,
    /// The address given to the device.
    pub dev_addr: Option<DevAddr>,
}

impl UplinkEvent {
    /// What every report has.
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde's skip_serializing_if asks for")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde's skip_serializing_if asks for")]
fn is_in_order(standing: &Standing) -> bool {
    *standing == Standing::InOrder
}
