//! The change that an update makes to each field of a definition: keep it, clear it, or set it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The change of an optional field. A mandatory field is patched by an `Option` instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Leave it unchanged.
    #[default]
    Keep,
    /// Remove the value.
    Clear,
    /// Set the value.
    Set(T),
}

impl<T> Patch<T> {
    /// The value of the field of something new.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Applies the change to the field.
    pub fn apply_to(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    /// `null` clears; with `#[serde(default)]` on the field, an absent one is kept.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    /// The value that it sets; null if it sets none. Nothing is stored or sent in this form, which does not tell `Keep` from
    /// `Clear`: a body with defaults cannot have a schema unless the defaults of its fields have a JSON form.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

/// Sets a mandatory field, if there is a new value.
pub fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Body {
        #[serde(default)]
        city: Patch<String>,
    }

    #[test]
    fn absent_keeps_null_clears_and_a_value_sets() {
        let cases =
            [("{}", Some("Lyon")), (r#"{"city": null}"#, None), (r#"{"city": "Paris"}"#, Some("Paris"))];
        for (body, expected) in cases {
            let body: Body = serde_json::from_str(body).expect("a body");
            let mut city = Some("Lyon".to_owned());
            body.city.apply_to(&mut city);
            assert_eq!(city.as_deref(), expected);
        }
    }

    #[test]
    fn a_mandatory_field_is_replaced_or_kept() {
        let mut field = 1;
        replace(&mut field, None);
        assert_eq!(field, 1);
        replace(&mut field, Some(2));
        assert_eq!(field, 2);
    }
}
