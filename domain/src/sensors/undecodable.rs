//! Why a frame gives no reading.

use serde::Serialize;

/// Why a frame cannot be decoded. The frame still shows that the device is alive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Undecodable {
    /// The frame carries MAC commands for the network server.
    #[error("port 0 carries MAC commands only")]
    MacOnly,
    /// The port is not an application port.
    #[error("port {port} is reserved by LoRaWAN: applications use 1 to 223")]
    ReservedPort {
        /// The port.
        port: u8,
    },
    /// The frame has no application payload.
    #[error("the frame carries no bytes")]
    Empty,
    /// The network server had no key for the payload.
    #[error("the payload is encrypted: the join server kept the key")]
    Encrypted,
    /// No codec is configured or identified.
    #[error("no codec: none is chosen, and neither profile name nor content tells one")]
    NoCodec,
    /// The chosen codec does not exist.
    #[error("there is no codec named {name}")]
    UnknownCodec {
        /// The chosen name.
        name: String,
    },
    /// The model does not use this port.
    #[error("the model sends nothing on port {port}")]
    UnknownPort {
        /// The port.
        port: u8,
    },
    /// The message is too short, too long, or ends within a value.
    #[error("the model has no message of {found} bytes on this port")]
    WrongLength {
        /// The number of bytes.
        found: usize,
    },
    /// The first bytes match no message of this model.
    #[error("the bytes are no message of the model")]
    UnknownMessage,
    /// All bytes are zero, which the model sends before it has measured.
    #[error("every byte is zero: the device has nothing to say yet")]
    Blank,
    /// The codec needs the network server's object, which is absent or has no occupancy.
    #[error("there is no decoded object that tells occupancy")]
    NoObject,
}
