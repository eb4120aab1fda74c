//! Every encoded body decodes to the same bytes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::{Path, PathBuf};

use parking_bodies::{DecodeError, Decoder, Encoder, FIRST, FIRST_DICTIONARY, RAW, sha256, train};
use proptest::prelude::*;

fn decoder() -> Decoder {
    Decoder::new([(FIRST, FIRST_DICTIONARY)])
}

/// Encodes and decodes a body; returns the stored length.
fn round_trip(body: &[u8]) -> usize {
    let encoder = Encoder::new(FIRST, FIRST_DICTIONARY);
    let Some(stored) = encoder.encode(body) else { return body.len() };
    assert_eq!(stored.encoding, FIRST);
    assert!(stored.bytes.len() < body.len());
    assert_eq!(decoder().decode(stored.encoding, &stored.bytes).unwrap(), body);
    stored.bytes.len()
}

/// The bodies of all real events, as stored in their files.
fn fixtures(directory: &Path) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bodies.extend(fixtures(&path));
        } else {
            bodies.push(std::fs::read(&path).unwrap());
        }
    }
    bodies
}

#[test]
fn every_real_event_round_trips_at_a_fraction_of_its_size() {
    let bodies = fixtures(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures"));
    assert!(bodies.len() > 50, "{} files", bodies.len());
    let stored: usize = bodies.iter().map(|body| round_trip(body)).sum();
    let size: usize = bodies.iter().map(Vec::len).sum();
    assert!(stored * 4 < size, "{stored} of {size} bytes");
}

#[test]
fn empty_and_large_bodies_round_trip() {
    assert_eq!(round_trip(b""), 0);
    let large: Vec<u8> = (0..256 * 1024_u32).map(|n| n.to_le_bytes()[(n % 3) as usize]).collect();
    assert!(round_trip(&large) < large.len());
}

#[test]
fn an_undecodable_body_is_an_error() {
    let stored = Encoder::new(FIRST, FIRST_DICTIONARY).encode(&FIRST_DICTIONARY[..4000]).unwrap();
    assert_eq!(decoder().decode(RAW, b"as it is").unwrap(), b"as it is");
    assert_eq!(decoder().decode(7, &stored.bytes), Err(DecodeError::Unknown(7)));
    for damaged in [&b""[..], b"no frame", &stored.bytes[..stored.bytes.len() / 2]] {
        let read = decoder().decode(FIRST, damaged);
        assert!(matches!(read, Err(DecodeError::Damaged(_))), "{read:?}");
    }
    let other: Vec<Vec<u8>> =
        (0..2000).map(|n| format!("{{\"number\": {n}, \"text\": \"other\"}}").into_bytes()).collect();
    let other = train(&other).unwrap();
    let read = Decoder::new([(FIRST, &other[..])]).decode(FIRST, &stored.bytes);
    assert!(matches!(read, Err(DecodeError::Damaged(_))), "another dictionary: {read:?}");
}

#[test]
fn the_first_dictionary_never_changes() {
    assert_eq!(sha256(FIRST_DICTIONARY), include_str!("first.sha256").trim());
}

proptest! {
    #[test]
    fn any_bytes_round_trip(body in proptest::collection::vec(any::<u8>(), 0..5000)) {
        round_trip(&body);
    }

    #[test]
    fn any_bytes_as_a_frame_decode_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _read = decoder().decode(FIRST, &bytes);
    }
}
