//! Properties of every codec for any bytes and any object: more than 700,000 frames per run. None panics, and every reading
//! can be stored and read.

use parking_domain::limits::MAX_BYTES;
use parking_domain::sensors::{
    CODECS, Codec, Frame, Measured, Reading, Undecodable, by_model, by_name, choose,
};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// Decodes the frame twice and checks the properties of every reading.
fn check(codec: &Codec, frame: &Frame<'_>) -> Result<(), TestCaseError> {
    let read = codec.decode(frame);
    prop_assert_eq!(&read, &codec.decode(frame), "{} is pure", codec.name);
    match read {
        Ok(reading) => check_reading(codec, &reading),
        Err(reason) => {
            let is_choice_error = matches!(reason, Undecodable::NoCodec | Undecodable::UnknownCodec { .. });
            prop_assert!(!is_choice_error, "{} blames the choice", codec.name);
            Ok(())
        }
    }
}

fn check_reading(codec: &Codec, reading: &Reading) -> Result<(), TestCaseError> {
    prop_assert_eq!((reading.codec.name, reading.codec.version), (codec.name, codec.version));
    prop_assert!(reading.battery_pct.is_none_or(|percent| percent <= 100));
    let extras = reading.extra.iter().filter_map(|extra| match extra.value {
        Measured::Number(number) => Some(number),
        _ => None,
    });
    let numbers = reading.battery_v.into_iter().chain(reading.temperature_c).chain(extras);
    prop_assert!(numbers.into_iter().all(f64::is_finite));
    for (i, fault) in reading.faults.iter().enumerate() {
        prop_assert!(!reading.faults[..i].contains(fault), "{} reports a fault twice", codec.name);
    }
    check_storable(reading)
}

/// The rows hold a reading as JSON text: it must mean the same when it is read, be of limited size and hold no U+0000,
/// which PostgreSQL refuses to read as text.
fn check_storable(reading: &Reading) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(reading).expect("a reading serialises");
    let read: Value = serde_json::from_str(&text).expect("JSON");
    prop_assert_eq!(&read, &serde_json::to_value(reading).expect("a reading serialises"));
    prop_assert!(!text.contains("\\u0000"), "{}", text);
    prop_assert!(text.len() <= MAX_BYTES, "{} bytes", text.len());
    Ok(())
}

/// Any value of a field that a codec reads from an object, and of others.
fn object() -> impl Strategy<Value = Map<String, Value>> {
    const NAMES: [&str; 10] = [
        "occupied",
        "occupancy",
        "parking_status",
        "parkingStatus",
        "statusChanged",
        "battery",
        "battery_voltage",
        "batteryVoltage",
        "temperature",
        "other",
    ];
    let words = prop::sample::select(vec!["FREE", "BUSY", "occupied", "Vacant", "empty", "", "\0"]);
    let value = prop_oneof![
        any::<bool>().prop_map(Value::from),
        prop::num::f64::ANY.prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        words.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::Null),
    ];
    let name = prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned);
    vec((name, value), 0..6).prop_map(Map::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn random_bytes_decode_or_are_refused(data in vec(any::<u8>(), 0..=255), port in any::<u8>(), encrypted in any::<bool>()) {
        let frame = Frame { f_port: port, data: &data, object: None, encrypted: false };
        for codec in &CODECS {
            check(codec, &frame)?;
            check(codec, &Frame { encrypted, ..frame })?;
            for f_port in codec.ports {
                check(codec, &Frame { f_port: *f_port, ..frame })?;
            }
        }
        let _ = choose(None, None, &frame);
    }

    #[test]
    fn any_object_decodes_or_is_refused(
        object in object(),
        data in vec(any::<u8>(), 0..=24),
        port in any::<u8>(),
        profile_name in any::<Option<String>>(),
    ) {
        let frame = Frame { f_port: port, data: &data, object: Some(&object), encrypted: false };
        CODECS.iter().try_for_each(|codec| check(codec, &frame))?;
        if let Ok(codec) = choose(None, profile_name.as_deref(), &frame) {
            check(codec, &frame)?;
        }
    }

    #[test]
    fn damaged_messages_decode_or_are_refused(
        message in prop::sample::select(messages()),
        flips in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        length in 0..=255_usize,
        cut in any::<bool>(),
    ) {
        let (codec, port, mut data) = message;
        for (index, byte) in flips {
            let index = index.index(data.len());
            data[index] = byte;
        }
        if cut {
            data.resize(length, 0x03);
        }
        check(codec, &Frame { f_port: port, data: &data, ..Frame::default() })?;
        let any_port = Frame { f_port: port.max(1), data: &data, ..Frame::default() };
        CODECS.iter().try_for_each(|codec| check(codec, &any_port))?;
    }
}

/// Messages of models without published ones, whose headers random data would rarely match.
const UNPUBLISHED: [(&str, u8, &[u8]); 1] =
    [("moko-lw009", 1, &[0xed, 1, 0x66, 0, 0, 0, 0, 7, 0, 9, 1, 0, 0x02, 1, 0x0c, 0x32, 1, 1, 0x05, 1, 7])];

/// Messages with their codecs.
fn messages() -> Vec<(&'static Codec, u8, Vec<u8>)> {
    let unpublished =
        UNPUBLISHED.iter().map(|(name, port, data)| (by_name(name).expect("a codec"), *port, data.to_vec()));
    published().into_iter().chain(unpublished).collect()
}

/// Published messages with their codecs.
fn published() -> Vec<(&'static Codec, u8, Vec<u8>)> {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../vectors/sensor-vectors.json")).expect("JSON");
    let uplinks = vectors.iter().filter(|vector| vector["direction"] == "uplink");
    uplinks
        .map(|vector| {
            let name = format!("{} {}", vector["vendor"], vector["model"]);
            let hex = vector["hex"].as_str().expect("a text").as_bytes();
            let data = hex.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16));
            let port = vector["fPort"].as_u64().and_then(|port| u8::try_from(port).ok()).unwrap_or(1);
            (by_model(&name).expect("a codec"), port, data.map(|byte| byte.expect("hex")).collect())
        })
        .collect()
}

#[test]
fn every_port_decodes_or_is_refused() {
    let data = [0x01; 24];
    for codec in &CODECS {
        for f_port in 0..=u8::MAX {
            for length in [0, 1, 3, 11, 24] {
                check(codec, &Frame { f_port, data: &data[..length], ..Frame::default() }).expect("sound");
            }
        }
    }
}
