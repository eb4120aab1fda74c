//! ChirpStack reports about a device, parsed leniently into the platform's own types.
//!
//! Layout: ChirpStack v4 `api/proto/integration/integration.proto` in its JSON form. Every field except
//! `deviceInfo.devEui` is optional with its proto3 default; `null` means absent; unknown fields are ignored; a field of
//! the wrong type counts as absent. A malformed field loses that field, never the report.

mod device;
mod fields;
mod key;
mod up;

use crate::instant::Instant;
use crate::lorawan::{DevAddr, DevEui};
use fields::Fields;

pub use device::DeviceInfo;
pub use key::EventKey;
pub use up::{Reception, Up};

/// The event types ChirpStack names in the query parameter `event`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A data uplink.
    Up,
    /// A join-request was accepted.
    Join,
    /// The battery level and link margin that the device reported to the network server.
    Status,
    /// A confirmed downlink was acknowledged, or timed out.
    Ack,
    /// A gateway took a downlink for transmission.
    TxAck,
    /// A warning or error of the network server about the device.
    Log,
    /// A resolved position.
    Location,
}

impl EventKind {
    /// Parses ChirpStack's name of the type; `None` for an unknown name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "up" => Self::Up,
            "join" => Self::Join,
            "status" => Self::Status,
            "ack" => Self::Ack,
            "txack" => Self::TxAck,
            "log" => Self::Log,
            "location" => Self::Location,
            _ => return None,
        })
    }

    /// ChirpStack's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Join => "join",
            Self::Status => "status",
            Self::Ack => "ack",
            Self::TxAck => "txack",
            Self::Log => "log",
            Self::Location => "location",
        }
    }
}

/// One event of the network server about one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The device it is about.
    pub dev_eui: DevEui,
    /// The key by which a repeated delivery of the same report is recognised.
    pub key: EventKey,
    /// ChirpStack's `time`, which may be wrong by any amount.
    pub time: Option<Instant>,
    /// ChirpStack's data about the device.
    pub device: DeviceInfo,
    /// The content specific to the event type.
    pub content: Content,
}

/// The content specific to an event type. Types that are not interpreted yet carry nothing; their bodies are stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A data uplink.
    Up(Box<Up>),
    /// A join, with the address of the new session.
    Join(Option<DevAddr>),
    /// A device status.
    Status,
    /// An acknowledgement.
    Ack,
    /// A transmission.
    TxAck,
    /// A log line.
    Log,
    /// A position.
    Location,
}

/// Why a body is not a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON, not UTF-8, or not an object.
    #[error("the body is not a JSON object: {0}")]
    Malformed(String),
    /// No device is named.
    #[error("deviceInfo.devEui is missing: without it the event belongs to no device")]
    DevEuiMissing,
    /// A device is named, but not by an EUI.
    #[error("deviceInfo.devEui is not an EUI: give 16 hexadecimal digits, such as 58a0cb0000100001")]
    DevEuiInvalid,
}

/// Parses a JSON body that ChirpStack posted as an event of type `kind`.
pub fn parse(kind: EventKind, body: &[u8]) -> Result<Report, ParseError> {
    let text = std::str::from_utf8(body).map_err(|e| ParseError::Malformed(e.to_string()))?;
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|e| ParseError::Malformed(e.to_string()))?;
    let device_info = fields.object("deviceInfo").ok_or(ParseError::DevEuiMissing)?;
    let dev_eui = device_info.text("devEui").ok_or(ParseError::DevEuiMissing)?;
    let dev_eui = dev_eui.parse().map_err(|_| ParseError::DevEuiInvalid)?;
    let key = key::of(kind, dev_eui, &fields, text);
    Ok(Report {
        dev_eui,
        key,
        time: fields.time("time"),
        device: DeviceInfo::read(&device_info),
        content: match kind {
            EventKind::Up => Content::Up(Box::new(Up::read(&fields))),
            EventKind::Join => Content::Join(fields.parsed("devAddr")),
            EventKind::Status => Content::Status,
            EventKind::Ack => Content::Ack,
            EventKind::TxAck => Content::TxAck,
            EventKind::Log => Content::Log,
            EventKind::Location => Content::Location,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn only_chirpstacks_event_names_are_known() {
        let names = ["up", "join", "status", "ack", "txack", "log", "location"];
        for name in names {
            assert_eq!(EventKind::from_name(name).map(EventKind::name), Some(name));
        }
        for name in ["", "UP", "integration", "error"] {
            assert_eq!(EventKind::from_name(name), None, "{name}");
        }
    }
}
