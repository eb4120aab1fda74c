//! A user's JSON object, which the platform stores and does not interpret.
//!
//! It is stored as text: a tree of values takes twenty times the memory, and a reader of the log would build it only to
//! serialise it again.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::limits::{LimitExceeded, check_object};

/// A JSON object within the limits of [`crate::limits`]. [`Document::new`] is the only way to create one from input;
/// stored documents are read back without a check.
#[derive(Clone, Default)]
pub struct Document(
    /// Compact, keys sorted; `None` for the empty object.
    Option<Arc<RawValue>>,
);

impl Document {
    /// The document of a field, if it is within the limits.
    pub fn new(field: &'static str, object: Map<String, Value>) -> Result<Self, LimitExceeded> {
        check_object(&object).map_err(|limit| LimitExceeded { field, limit })?;
        if object.is_empty() {
            return Ok(Self(None));
        }
        let text = Value::Object(object).to_string();
        let raw = RawValue::from_string(text).expect("what serde_json writes is JSON");
        Ok(Self(Some(raw.into())))
    }

    /// True for the empty object.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The object as JSON.
    pub fn as_json(&self) -> &str {
        self.0.as_deref().map_or("{}", RawValue::get)
    }

    fn value(&self) -> Option<Value> {
        serde_json::from_str(self.as_json()).ok()
    }
}

/// Compares the objects, not their texts.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
            || matches!((self.value(), other.value()), (Some(own), Some(others)) if own == others)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(raw) => (**raw).serialize(serializer),
            None => Map::new().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().strip_prefix('{').map(str::trim_start) {
            None => Err(de::Error::custom("an object is needed")),
            Some("}") => Ok(Self(None)),
            Some(_) => Ok(Self(Some(raw.into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::limits::{Limit, MAX_BYTES, MAX_DEPTH};

    fn document(value: Value) -> Result<Document, Limit> {
        let Value::Object(object) = value else { panic!("{value} is not an object") };
        Document::new("metadata", object).map_err(|error| error.limit)
    }

    fn nested(levels: usize) -> Value {
        (1..levels).fold(
            json!({}),
            |inner, level| {
                if level % 2 == 0 { json!({"a": inner}) } else { json!({"a": [inner]}) }
            },
        )
    }

    #[test]
    fn it_reads_back_as_written() {
        let written = json!({"b": [1, -0.0, 1e308, "\u{1F600}\"\\"], "a": {"c": null}});
        let kept = document(written.clone()).expect("within the limits");
        assert_eq!(serde_json::from_str::<Value>(kept.as_json()).expect("JSON"), written);
        let text = serde_json::to_string(&[&kept]).expect("it serialises");
        assert_eq!(
            serde_json::from_str::<Vec<Document>>(&text).expect("it reads"),
            std::slice::from_ref(&kept)
        );
        let value = serde_json::to_value(&kept).expect("it serialises");
        assert_eq!(serde_json::from_value::<Document>(value).expect("it reads"), kept);
        assert_eq!(
            serde_json::from_str::<Document>(r#"{ "a":{"c":null}, "b":[1,-0.0,1e308,"😀\"\\"]}"#).ok(),
            Some(kept)
        );
    }

    #[test]
    fn the_empty_object_is_the_default() {
        for text in ["{}", "{ }"] {
            let empty: Document = serde_json::from_str(text).expect("an object");
            assert!(empty.is_empty());
            assert_eq!((empty.as_json(), &empty), ("{}", &Document::default()));
        }
        assert_eq!(document(json!({})), Ok(Document::default()));
        for text in ["[]", "1", "null", "\"{}\""] {
            assert!(serde_json::from_str::<Document>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_document_that_exceeds_a_limit_is_refused() {
        assert!(document(nested(9)).is_ok_and(|deep| !deep.is_empty()));
        let deep = (1..MAX_DEPTH).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(document(deep.clone()).is_ok());
        assert_eq!(document(json!({"a": deep})), Err(Limit::Depth));
        assert_eq!(document(nested(125)), Err(Limit::Depth));
        let filled = |length: usize| document(json!({"a": "x".repeat(length)}));
        assert!(filled(MAX_BYTES - r#"{"a":""}"#.len()).is_ok());
        assert_eq!(filled(MAX_BYTES - r#"{"a":""}"#.len() + 1), Err(Limit::Bytes));
        for nul in [json!({"a": "\0"}), json!({"\0": 1}), json!({"a": [{"b\0": 1}]})] {
            assert_eq!(document(nul), Err(Limit::Nul));
        }
    }
}
