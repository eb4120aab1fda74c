//! Any bytes on any port, with any object: every codec decodes or refuses them, deterministically, and the reading is
//! valid.
//!
//! The first two bytes are the port and the codec; the rest is the payload, and also the object if it is one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use parking_domain::sensors::{CODECS, Codec, Frame, Measured, Reading, Undecodable, choose};
use serde_json::{Map, Value};

fuzz_target!(|bytes: &[u8]| {
    let [f_port, which, data @ ..] = bytes else { return };
    let object: Option<Map<String, Value>> = serde_json::from_slice(data).ok();
    let frame = Frame { f_port: *f_port, data, object: object.as_ref(), encrypted: false };
    let codec = &CODECS[usize::from(*which) % CODECS.len()];
    check(codec, &frame);
    for f_port in codec.ports {
        check(codec, &Frame { f_port: *f_port, ..frame });
    }
    let profile_name = str::from_utf8(data).ok();
    for choice in [choose(None, None, &frame), choose(None, profile_name, &frame)] {
        match choice {
            Ok(codec) => check(codec, &frame),
            Err(reason) => assert!(!reason.to_string().is_empty()),
        }
    }
});

fn check(codec: &Codec, frame: &Frame<'_>) {
    let read = codec.decode(frame);
    assert_eq!(read, codec.decode(frame), "{} is pure", codec.name);
    match read {
        Ok(reading) => sound(codec, &reading),
        Err(Undecodable::NoCodec | Undecodable::UnknownCodec { .. }) => {
            panic!("{} blames the choice", codec.name)
        }
        Err(_) => {}
    }
}

fn sound(codec: &Codec, reading: &Reading) {
    assert_eq!((reading.codec.name, reading.codec.version), (codec.name, codec.version));
    assert!(reading.battery_pct.is_none_or(|percent| percent <= 100), "{reading:?}");
    let extras = reading.extra.iter().filter_map(|extra| match extra.value {
        Measured::Number(number) => Some(number),
        _ => None,
    });
    let numbers = reading.battery_v.into_iter().chain(reading.temperature_c).chain(extras);
    assert!(numbers.into_iter().all(f64::is_finite), "{reading:?}");
    for (i, fault) in reading.faults.iter().enumerate() {
        assert!(!reading.faults[..i].contains(fault), "{} reports a fault twice", codec.name);
    }
}
