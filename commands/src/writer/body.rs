//! Event bodies in their stored form.

use bytes::Bytes;
use parking_bodies::{Encoded, Encoder, RAW};

use crate::append::Append;

/// Moves the bodies out of the append, compressed if that makes them shorter.
pub(super) fn take(append: &mut Append, encoder: Option<&Encoder>) -> Vec<Option<Encoded>> {
    let events = append.streams.iter_mut().flat_map(|stream| &mut stream.events);
    events.map(|event| Some(stored(event.body.take()?, encoder))).collect()
}

fn stored(body: Bytes, encoder: Option<&Encoder>) -> Encoded {
    let shorter = encoder.and_then(|encoder| encoder.encode(&body));
    shorter.unwrap_or(Encoded { encoding: RAW, bytes: body })
}
