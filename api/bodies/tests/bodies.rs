//! Every body that is encoded decodes to the same bytes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::{Path, PathBuf};

use parking_bodies::{DecodeError, Decoder, Encoder, FIRST, FIRST_DICTIONARY, RAW, sha256, train};
use proptest::prelude::*;

fn decoder() -> Decoder {
    Decoder::new([(FIRST, FIRST_DICTIONARY)])
}

/// Compresses and reads again; the length of what is stored.
fn there_and_back(body: &[u8]) -> usize {
    let encoder = Encoder::new(FIRST, FIRST_DICTIONARY);
    let Some(stored) = encoder.encode(body) else { return body.len() };
    assert_eq!(stored.encoding, FIRST);
    assert!(stored.bytes.len() < body.len());
    assert_eq!(decoder().decode(stored.encoding, &stored.bytes).unwrap(), body);
    stored.bytes.len()
}

/// The bodies of all real events, as they lie in their files.
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
fn every_real_event_comes_back_and_is_a_fraction_of_its_size() {
    let bodies = fixtures(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures"));
    assert!(bodies.len() > 50, "{} files", bodies.len());
    let stored: usize = bodies.iter().map(|body| there_and_back(body)).sum();
    let size: usize = bodies.iter().map(Vec::len).sum();
    assert!(stored * 4 < size, "{stored} of {size} bytes");
}

#[test]
fn what_is_empty_or_large_comes_back() {
    assert_eq!(there_and_back(b""), 0);
    let large: Vec<u8> = (0..256 * 1024_u32).map(|n| n.to_le_bytes()[(n % 3) as usize]).collect();
    assert!(there_and_back(&large) < large.len());
}

#[test]
fn what_cannot_be_read_is_said() {
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
    fn any_bytes_come_back(body in proptest::collection::vec(any::<u8>(), 0..5000)) {
        there_and_back(&body);
    }

    #[test]
    fn any_bytes_in_a_frame_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _read = decoder().decode(FIRST, &bytes);
    }
}
