//! What a device's bytes mean: named and versioned codecs, and the pure choice among them.
//!
//! A codec makes a [`Reading`] of a [`Frame`] or says why it cannot ([`Undecodable`]); it never guesses and never
//! panics. Every frame, decodable or not, shows that its device is alive. The log keeps frames, not readings: a better
//! codec is a new version and a rebuild.

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

/// What an uplink gives a codec to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// The port; 0 for frames of MAC commands only.
    pub f_port: u8,
    /// The application's bytes.
    pub data: &'a [u8],
    /// What a codec in the network server made of them.
    pub object: Option<&'a Map<String, Value>>,
    /// True when `data` is still encrypted.
    pub encrypted: bool,
}

impl Frame<'_> {
    /// The lowest of the ports that LoRaWAN keeps for tests and for itself.
    pub const FIRST_RESERVED_PORT: u8 = 224;

    /// Says why no codec can read the frame, if that is so. An empty frame is refused even when it comes with an
    /// object: codecs in network servers make "vacant" of bytes that are not there.
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

/// Reads an uplink by the codec that the device's owner chose, or else by the one that [`choose`] finds.
pub fn interpret(uplink: &UplinkReceived, chosen: Option<&str>) -> Result<Reading, Undecodable> {
    let frame = Frame::from(uplink);
    choose(chosen, uplink.report.device.profile_name.as_deref(), &frame)?.decode(&frame)
}
