//! Decompression.

use std::collections::HashMap;

use zstd::zstd_safe::{DCtx, DDict, get_error_name, get_frame_content_size};

use crate::RAW;

/// The maximum size of a body in bytes; a frame that declares more is damaged.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Decodes bodies in all encodings of a log.
pub struct Decoder {
    context: DCtx<'static>,
    dictionaries: HashMap<i16, DDict<'static>>,
}

/// Why a stored body cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Its dictionary is missing.
    #[error("its dictionary {0} is missing")]
    Unknown(i16),
    /// The bytes are not a valid frame.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl Decoder {
    /// A decoder with these dictionaries, by number.
    pub fn new<'a>(dictionaries: impl IntoIterator<Item = (i16, &'a [u8])>) -> Self {
        let made = dictionaries.into_iter().map(|(number, bytes)| (number, DDict::create(bytes)));
        Self { context: DCtx::create(), dictionaries: made.collect() }
    }

    /// The body as received.
    pub fn decode(&mut self, encoding: i16, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
        if encoding == RAW {
            return Ok(bytes.to_vec());
        }
        let dictionary = self.dictionaries.get(&encoding).ok_or(DecodeError::Unknown(encoding))?;
        let damaged = |what: &str| DecodeError::Damaged(what.to_owned());
        let size = get_frame_content_size(bytes).ok().flatten().filter(|size| *size <= LARGEST);
        let size = size.and_then(|size| usize::try_from(size).ok()).ok_or_else(|| damaged("no frame"))?;
        let mut body = Vec::with_capacity(size);
        let read = self.context.decompress_using_ddict(&mut body, bytes, dictionary);
        read.map_err(|code| damaged(get_error_name(code)))?;
        if body.len() == size { Ok(body) } else { Err(damaged("it ends early")) }
    }
}
