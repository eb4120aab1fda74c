//! A row as named fields, each as text that PostgreSQL parses.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a struct, from its JSON, in order.
pub(super) struct Fields<'a>(pub(super) Vec<(&'a str, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The n-th field for a column of this type; none for null.
    pub(super) fn text(&self, n: usize, sql_type: &str) -> Result<Option<Cow<'a, str>>, serde_json::Error> {
        let value = self.0.get(n).map_or("null", |(_, value)| value.get());
        if value == "null" {
            return Ok(None);
        }
        let text = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        match text.filter(|_| !sql_type.starts_with("JSON")) {
            None => Ok(Some(Cow::Borrowed(value))),
            Some(text) if !text.contains('\\') => Ok(Some(Cow::Borrowed(text))),
            Some(_) => Ok(Some(Cow::Owned(serde_json::from_str(value)?))),
        }
    }
}

impl<'a> Deserialize<'a> for Fields<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'a> Visitor<'a> for InOrder {
    type Value = Fields<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a struct with named fields")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Fields<'a>, A::Error> {
        let mut fields = Vec::with_capacity(24);
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}
