//! Webhook bodies as stored in the log: compressed with a dictionary, restored byte for byte.
//!
//! Each body is stored with the number of its encoding: 0 is uncompressed, n is a zstd frame made with dictionary n.

mod decoder;
mod encoder;
mod training;

use sha2::{Digest, Sha256};

pub use decoder::{DecodeError, Decoder};
pub use encoder::{Encoded, Encoder};
pub use training::{TrainError, train};

/// The encoding of an uncompressed body.
pub const RAW: i16 = 0;

/// The number of the dictionary that every log starts with.
pub const FIRST: i16 = 1;

/// The dictionary that every log starts with, trained by `examples/first_dictionary.rs`. It never changes, because logs
/// store its hash.
pub const FIRST_DICTIONARY: &[u8] = include_bytes!("first.dictionary");

/// The hash that identifies a dictionary, in hexadecimal.
pub fn sha256(dictionary: &[u8]) -> String {
    hex::encode(Sha256::digest(dictionary))
}
