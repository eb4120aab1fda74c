//! The members of a JSON object as they stand, a repeated name too.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// Reads the members of an object in the order in which they were sent.
pub(super) fn read(json: &[u8]) -> Result<Vec<(String, Value)>, serde_json::Error> {
    let mut text = serde_json::Deserializer::from_slice(json);
    let pairs = text.deserialize_map(Pairs)?;
    text.end()?;
    Ok(pairs)
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(8));
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
