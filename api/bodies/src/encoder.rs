//! Compression.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use zstd::zstd_safe::{CCtx, CDict, compress_bound};

/// The default level of zstd.
const LEVEL: i32 = 3;

thread_local! {
    /// A context takes some hundred kilobytes, so it is created once per thread, not per body.
    static CONTEXT: RefCell<CCtx<'static>> = RefCell::new(CCtx::create());
}

/// Compresses with one dictionary.
pub struct Encoder {
    number: i16,
    dictionary: CDict<'static>,
}

/// A body in its stored form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The number of its encoding.
    pub encoding: i16,
    /// Its bytes in that encoding.
    pub bytes: Bytes,
}

impl Encoder {
    /// Compresses with dictionary `number`.
    pub fn new(number: i16, dictionary: &[u8]) -> Self {
        Self { number, dictionary: CDict::create(dictionary, LEVEL) }
    }

    /// The compressed body; `None` if it would not be shorter.
    pub fn encode(&self, body: &[u8]) -> Option<Encoded> {
        let mut bytes = Vec::with_capacity(compress_bound(body.len()));
        let compressed = CONTEXT
            .with_borrow_mut(|context| context.compress_using_cdict(&mut bytes, body, &self.dictionary));
        // Compression fails only without memory; the body can then be stored uncompressed.
        let shorter = compressed.is_ok_and(|length| length < body.len());
        shorter.then(|| {
            bytes.shrink_to_fit();
            Encoded { encoding: self.number, bytes: bytes.into() }
        })
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("number", &self.number).finish_non_exhaustive()
    }
}
