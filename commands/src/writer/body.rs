//! Bodies in the form in which they are stored.

use bytes::Bytes;
use parking_bodies::{Encoded, Encoder, RAW};

use crate::append::Append;

/// A body as it will be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredBody {
    /// The number of its encoding.
    pub(super) encoding: i16,
    pub(super) bytes: Bytes,
}

/// Takes the body of each event out of the append, compressed where that makes it shorter.
pub(super) fn take(append: &mut Append, encoder: Option<&Encoder>) -> Vec<Option<StoredBody>> {
    let events = append.streams.iter_mut().flat_map(|stream| &mut stream.events);
    events.map(|event| Some(stored(event.body.take()?, encoder))).collect()
}

fn stored(body: Bytes, encoder: Option<&Encoder>) -> StoredBody {
    match encoder.and_then(|encoder| encoder.encode(&body)) {
        Some(Encoded { encoding, bytes }) => StoredBody { encoding, bytes: bytes.into() },
        None => StoredBody { encoding: RAW, bytes: body },
    }
}
