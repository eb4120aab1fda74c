//! Decoding of device payloads: named and versioned codecs, and the pure choice among them.
//!
//! A codec turns a [`Frame`] into a [`Reading`] or an error ([`Undecodable`]); it never guesses and never panics. Every
//! frame, decodable or not, shows that its device is alive. The log stores frames, not readings, so an improved codec
//! needs only a new version and a rebuild.

mod bosch;
mod browan;
mod bytes;
mod choice;
mod decentlab;
mod dingtek;
mod dragino;
mod heartbeat;
mod kuando;
mod libelium;
mod milesight;
mod moko;
mod netvox;
mod nwave;
mod object;
mod placepod;
mod reading;
mod registry;
mod threshold;
mod undecodable;

use serde_json::{Map, Value};

use crate::uplinks::UplinkReceived;

pub use choice::{by_model, choose};
pub use heartbeat::{DEFAULT_HEARTBEAT_SEC, SHORTEST_HEARTBEAT_SEC, heartbeat_sec};
pub use reading::{CodecId, Extra, Fault, Kind, Measured, Occupancy, Reading};
pub use registry::{CODECS, Codec, by_name};
pub use threshold::Threshold;
pub use undecodable::Undecodable;

/// The input of a codec.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// The port; 0 for frames of MAC commands only.
    pub f_port: u8,
    /// The application's payload.
    pub data: &'a [u8],
    /// The network server's decoding of the payload.
    pub object: Option<&'a Map<String, Value>>,
    /// True when `data` is still encrypted.
    pub encrypted: bool,
}

impl Frame<'_> {
    /// The lowest port that LoRaWAN reserves for tests and for itself.
    pub const FIRST_RESERVED_PORT: u8 = 224;

    /// The reason why no codec can read the frame, if any. An empty frame is refused even with an object, because
    /// network server codecs decode missing bytes as "vacant".
    pub fn refused(&self) -> Option<Undecodable> {
        match self.f_port {
            0 => Some(Undecodable::MacOnly),
            port @ Self::FIRST_RESERVED_PORT.. => Some(Undecodable::ReservedPort { port }),
            _ if self.encrypted => Some(Undecodable::Encrypted),
            _ if self.data.is_empty() => Some(Undecodable::Empty),
            _ => None,
        }
    }

    fn wrong_length(&self) -> Undecodable {
        Undecodable::WrongLength { found: self.data.len() }
    }
}

impl<'a> From<&'a UplinkReceived> for Frame<'a> {
    fn from(uplink: &'a UplinkReceived) -> Self {
        Self {
            f_port: uplink.f_port,
            data: uplink.data.as_bytes(),
            object: uplink.object.as_ref(),
            encrypted: uplink.encrypted,
        }
    }
}

/// Decodes an uplink with the codec that the owner chose, or else with the one that [`choose`] finds.
pub fn interpret(uplink: &UplinkReceived, chosen: Option<&str>) -> Result<Reading, Undecodable> {
    let frame = Frame::from(uplink);
    choose(chosen, uplink.report.device.profile_name.as_deref(), &frame)?.decode(&frame)
}
