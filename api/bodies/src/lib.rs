//! Webhook bodies as the log stores them: compressed with a dictionary, byte for byte on reading.
//!
//! A body has the number of its encoding beside it: 0 is the body as it came, n is a zstd frame made with dictionary n.

mod decoder;
mod encoder;
mod training;

use sha2::{Digest, Sha256};

pub use decoder::{DecodeError, Decoder};
pub use encoder::{Encoded, Encoder};
pub use training::{TrainError, train};

/// The encoding of a body that is stored as it came.
pub const RAW: i16 = 0;

/// The number of the dictionary that every log begins with.
pub const FIRST: i16 = 1;

/// The dictionary that every log begins with, trained by `examples/first_dictionary.rs`. It never changes: logs name its hash.
pub const FIRST_DICTIONARY: &[u8] = include_bytes!("first.dictionary");

/// The hash by which a log names a dictionary, in hexadecimal digits.
pub fn sha256(dictionary: &[u8]) -> String {
    hex::encode(Sha256::digest(dictionary))
}
