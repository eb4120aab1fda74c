//! Compressing.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use zstd::zstd_safe::{CCtx, CDict, compress_bound};

/// The level that zstd itself takes.
const LEVEL: i32 = 3;

thread_local! {
    /// A context is some hundred kilobytes: made once a thread, not once a body.
    static CONTEXT: RefCell<CCtx<'static>> = RefCell::new(CCtx::create());
}

/// Compresses with one dictionary.
pub struct Encoder {
    number: i16,
    dictionary: CDict<'static>,
}

/// A body in the form in which it is stored.
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

    /// The body compressed; none when that would not make it shorter.
    pub fn encode(&self, body: &[u8]) -> Option<Encoded> {
        let mut bytes = Vec::with_capacity(compress_bound(body.len()));
        let compressed = CONTEXT
            .with_borrow_mut(|context| context.compress_using_cdict(&mut bytes, body, &self.dictionary));
        // It fails only for want of memory; the body can be stored as it is.
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
