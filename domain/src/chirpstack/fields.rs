//! A JSON object whose fields are read one by one, so that a malformed field affects only itself.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::characters;
use crate::instant::Instant;
use crate::limits::{self, Limit, without_nul};
use crate::payload::Payload;

/// The maximum payload of one frame, in bytes.
const MOST_DATA: usize = 255;

/// The unparsed fields of one object. For a repeated name the last value counts, as in most JSON readers.
#[derive(Debug)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The raw text of a field named in lowerCamelCase, or else in `snake_case`. `null` is absent.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        let find = |name: &str| self.0.iter().rfind(|(key, _)| key == name);
        let (_, raw) = find(name).or_else(|| find(&snake_case(name)))?;
        Some(raw.get()).filter(|text| *text != "null")
    }

    /// True when the field is present, whatever its type.
    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A non-empty text, without NUL.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text: String = serde_json::from_str(self.raw(name)?).ok()?;
        Some(without_nul(text)).filter(|text| !text.is_empty())
    }

    /// A text that parses as a `T`.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// An RFC 3339 time; absent if it is not a valid [`Instant`].
    pub(super) fn time(&self, name: &str) -> Option<Instant> {
        self.parsed(name)
    }

    /// A display name, cut to the maximum length, with U+FFFD for what no line of text may hold.
    pub(super) fn name(&self, name: &str) -> Option<String> {
        let text = limits::cut(self.text(name)?, limits::LABEL);
        let is_clean = characters::fault_in_line(&text).is_none();
        Some(if is_clean { text } else { characters::clean_line(&text) })
    }

    /// An id. One that is too long counts as absent: a truncated id could equal another id.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !limits::is_longer(text, limits::REPORTED_ID))
    }

    /// A base64 text. An empty one counts as absent, and so does one longer than a frame can carry.
    pub(super) fn payload(&self, name: &str) -> Option<Payload> {
        let payload = Payload::from_base64(&self.text(name)?).ok()?;
        Some(payload).filter(|payload| payload.as_bytes().len() <= MOST_DATA)
    }

    /// A number; numeric text is accepted, as proto3's JSON form allows.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match serde_json::from_str(self.raw(name)?).ok()? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
        .filter(|number: &f64| number.is_finite())
    }

    /// A whole number that fits into `T`.
    pub(super) fn integer<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        let number = self.number(name).filter(|n| n.fract() == 0.0 && n.abs() < 9e15)?;
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53: exact")]
        let integer = number as i64;
        T::try_from(integer).ok()
    }

    /// A boolean; absent means false.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.raw(name) == Some("true")
    }

    /// An object with unparsed fields.
    pub(super) fn object(&self, name: &str) -> Option<Fields<'a>> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// An object, fully parsed. One that a later reader could refuse (a number out of range, half a surrogate pair) or
    /// that exceeds the [`limits`] counts as absent; the body retains it. U+0000 becomes U+FFFD.
    pub(super) fn map(&self, name: &str) -> Option<Map<String, Value>> {
        let Value::Object(map) = serde_json::from_str(self.raw(name)?).ok()? else { return None };
        match limits::check_object(&map) {
            Ok(()) => Some(map),
            Err(Limit::Nul) => Some(cleaned(map)).filter(|map| limits::check_object(map).is_ok()),
            Err(_) => None,
        }
    }

    /// A list of objects; entries of other types are ignored.
    pub(super) fn list(&self, name: &str) -> Vec<Fields<'a>> {
        let entries: Option<Vec<&RawValue>> = self.raw(name).and_then(|raw| serde_json::from_str(raw).ok());
        entries.into_iter().flatten().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect()
    }
}

/// Replaces U+0000 in the object.
fn cleaned(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter().map(|(name, value)| (without_nul(name), cleaned_value(value))).collect()
}

fn cleaned_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_nul(text)),
        Value::Array(items) => items.into_iter().map(cleaned_value).collect(),
        Value::Object(map) => Value::Object(cleaned(map)),
        other => other,
    }
}

/// `fCnt` → `f_cnt`: ChirpStack's own parser accepts either spelling.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// An object key, borrowed from the body unless it contains escapes. Half a surrogate pair becomes U+FFFD.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl<'de> Visitor<'de> for Bytes {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Key(String::from_utf8_lossy(bytes)))
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(String::from_utf8_lossy(bytes).into_owned())))
            }
        }

        // Read as bytes: as text, serde_json would refuse the whole object because of one malformed name.
        deserializer.deserialize_bytes(Bytes)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::with_capacity(20);
                while let Some((Key(key), value)) = map.next_entry()? {
                    fields.push((key, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_BYTES, MAX_DEPTH};

    fn read(text: &str) -> Fields<'_> {
        serde_json::from_str(text).expect("an object")
    }

    #[test]
    fn a_field_of_the_wrong_type_is_absent() {
        let fields =
            read(r#"{"fCnt": {}, "fPort": "x", "data": 7, "time": "yesterday", "rxInfo": {}, "ok": true}"#);
        assert_eq!(fields.integer::<u32>("fCnt"), None);
        assert_eq!(fields.integer::<u8>("fPort"), None);
        assert_eq!(fields.payload("data"), None);
        assert_eq!(fields.time("time"), None);
        assert!(fields.list("rxInfo").is_empty());
        assert!(fields.flag("ok"));
    }

    #[test]
    fn both_spellings_null_and_repeated_names_are_handled() {
        let fields = read(r#"{"f_cnt": 7.0, "fPort": "102", "data": null, "dr": 1, "dr": 5}"#);
        assert_eq!(fields.integer::<u32>("fCnt"), Some(7));
        assert_eq!(fields.integer::<u8>("fPort"), Some(102));
        assert!(!fields.has("data"));
        assert_eq!(fields.integer::<u8>("dr"), Some(5));
    }

    #[test]
    fn an_object_that_the_store_could_not_read_back_is_absent() {
        let nested = |depth| format!(r#"{{"object": {}1{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).map("object").is_some());
        for depth in [MAX_DEPTH + 1, 126, 200, 100_000] {
            assert_eq!(read(&nested(depth)).map("object"), None, "{depth}");
        }
        let long = format!(r#"{{"object": {{"a": "{}"}}}}"#, "x".repeat(MAX_BYTES));
        assert_eq!(read(&long).map("object"), None);
        assert_eq!(read(r#"{"object": {"n": 1e999999}}"#).map("object"), None);
        assert_eq!(read(r#"{"object": {"s": "\ud800"}}"#).map("object"), None);
        let cleaned = read(r#"{"object": {"a\u0000": ["\u0000b"]}}"#)
            .map("object")
            .map(|map| Value::from(map).to_string());
        assert_eq!(cleaned.as_deref(), Some("{\"a\u{fffd}\":[\"\u{fffd}b\"]}"));
    }

    #[test]
    fn a_long_name_is_cut_and_a_long_id_or_payload_is_absent() {
        let with_text = |text: &str| format!(r#"{{"a": "{text}"}}"#);
        assert_eq!(read(&with_text(&"é".repeat(300))).name("a"), Some("é".repeat(255)));
        assert_eq!(read(&with_text(&"é".repeat(64))).id("a"), Some("é".repeat(64)));
        assert_eq!(read(&with_text(&"é".repeat(65))).id("a"), None);
        assert!(
            read(&with_text(&"AAAA".repeat(85)))
                .payload("a")
                .is_some_and(|data| data.as_bytes().len() == 255)
        );
        assert_eq!(read(&with_text(&"AAAA".repeat(86))).payload("a"), None);
    }

    #[test]
    fn a_malformed_name_affects_only_its_own_field() {
        assert_eq!(read(r#"{"\ud800": 1, "f\u0043nt": 7, "a\u0000": 2}"#).integer::<u32>("fCnt"), Some(7));
    }
}
