//! The fields of a request body, under all their names: equal values of one field are one value.
//!
//! Answers show a field under several names, and clients send back what they got with one of the names changed. So of two
//! different values of a field the one that differs from the stored value counts.

mod pairs;

use std::slice;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde_json::Value;

use crate::http::kit::iso8601::read_time;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid_body;

/// The body of a command.
pub(crate) trait Body: DeserializeOwned + PartialEq {
    /// The fields that have several names: the documented name, then its aliases. `a.b` is the field `b` of the object `a`.
    const NAMES: &'static [&'static [&'static str]] = &[];
    /// The fields that an update may repeat but not change, each with what to do instead.
    const FIXED: &'static [(&'static str, &'static str)] = &[];
    /// The fields that count in an update only where they differ from what is shown, because no client has set what is shown,
    /// each with the names of the time since when it is shown.
    const SHOWN: &'static [(&'static str, &'static [&'static str])] = &[];
    /// Whether the request may have no body.
    const OPTIONAL: bool = false;
    /// Whether the body may be a form.
    const FORM: bool = false;
}

/// A body that may be absent.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Optional<T>(pub(crate) T);

impl<T: Body> Body for Optional<T> {
    const NAMES: &'static [&'static [&'static str]] = T::NAMES;
    const OPTIONAL: bool = true;
}

/// What is made of the fields of a body.
pub(crate) trait FromFields: Sized {
    fn from_fields(fields: Fields) -> Result<Self, Problem>;
}

impl<T: Body> FromFields for T {
    fn from_fields(fields: Fields) -> Result<Self, Problem> {
        fields.check::<T>()?;
        fields.read()
    }
}

/// The fields of a body in the order in which they were sent, a repeated name too. None of a request without a body.
// Without `Debug`: passwords are among them.
pub(crate) struct Fields(Option<Vec<(String, Value)>>);

/// A value of a field, under the name that it was sent with.
type Sent<'a> = (&'static str, &'a Value);

impl Fields {
    /// The fields of a JSON object; of nothing and of `null`, those of an absent body.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        match json.trim_ascii() {
            b"" | b"null" => Ok(Self(None)),
            json => pairs::read(json).map(|pairs| Self(Some(pairs))),
        }
    }

    /// The fields of a form.
    pub(crate) fn of_form(pairs: Vec<(String, String)>) -> Self {
        Self(Some(pairs.into_iter().map(|(name, value)| (name, value.into())).collect()))
    }

    /// Refuses an absent body where one is needed, and a value of the wrong type under any name.
    pub(crate) fn check<T: Body>(&self) -> Result<(), Problem> {
        if self.0.is_none() && !T::OPTIONAL {
            return Err(invalid_body("the body is missing: send a JSON object"));
        }
        let compared = T::FIXED.iter().map(|(name, _)| name).chain(T::SHOWN.iter().map(|(name, _)| name));
        for names in T::NAMES.iter().copied().chain(compared.map(names_of::<T>)) {
            for (name, value) in self.sent(names) {
                one::<T>(names[0], value).map_err(|error| wrong(name, &error))?;
            }
        }
        Ok(())
    }

    /// Whether the stored resource decides what the body means.
    pub(crate) fn depend_on_stored<T: Body>(&self) -> bool {
        let shown = T::SHOWN.iter().map(|(name, _)| name);
        let mut compared = T::FIXED.iter().map(|(name, _)| name).chain(shown);
        let are_sent = |name| !self.sent(names_of::<T>(name)).is_empty();
        let differ = |names: &[&'static str]| {
            let sent = self.sent(names);
            sent.iter().any(|(_, value)| *value != sent[0].1)
        };
        compared.any(are_sent) || T::NAMES.iter().any(|names| differ(names))
    }

    /// The body. Different values of one field are refused.
    pub(crate) fn read<T: Body>(&self) -> Result<T, Problem> {
        self.joined(|names, sent| one_value::<T>(names, &sent))
    }

    /// The body of an update that is executed already: of different values of one field, any.
    pub(crate) fn read_any<T: Body>(&self) -> Result<T, Problem> {
        self.joined(|_, sent| Ok(sent.first().copied()))
    }

    /// The body of an update of this resource.
    pub(crate) fn read_onto<T: Body>(&self, stored: &Value) -> Result<T, Problem> {
        let is_stored = |names: &[&'static str], value: &Value| {
            let shown = names.iter().find_map(|name| at(stored, name));
            shown.is_some_and(|shown| same::<T>(names[0], value, shown))
        };
        for (field, instead) in T::FIXED {
            let names = names_of::<T>(field);
            let differs =
                |(_, value): &Sent<'_>| says_something::<T>(names[0], value) && !is_stored(names, value);
            if let Some((name, _)) = self.sent(names).into_iter().find(differs) {
                return Err(invalid_body(format!("{name} cannot be changed here: {instead}")));
            }
        }
        self.joined(|names, mut sent| {
            let shown = T::SHOWN.iter().find(|(name, _)| *name == names[0]);
            let is_one = sent.iter().all(|(_, value)| same::<T>(names[0], value, sent[0].1));
            // A client that changes the value changes one of its names. Here all names agree, so the client read this value
            // before.
            if is_one && shown.is_some_and(|(_, since)| self.is_of_before(since, stored)) {
                return Ok(None);
            }
            if !is_one || shown.is_some() {
                sent.retain(|(_, value)| !is_stored(names, value));
            }
            one_value::<T>(names, &sent)
        })
    }

    /// Whether one of these times was sent and is not the stored one: the client has read what was shown before.
    fn is_of_before(&self, since: &[&'static str], stored: &Value) -> bool {
        let stored = since.iter().find_map(|name| at(stored, name));
        let time = |value: &Value| value.as_str().and_then(read_time);
        self.sent(since).iter().any(|(_, value)| !value.is_null() && time(value) != stored.and_then(time))
    }

    /// The body, with one value for each field that has several names: `choose` takes it from what was sent under these names.
    fn joined<'a, T: Body>(
        &'a self,
        choose: impl Fn(&[&'static str], Vec<Sent<'a>>) -> Result<Option<Sent<'a>>, Problem>,
    ) -> Result<T, Problem> {
        let shown = T::SHOWN.iter().map(|(name, _)| name);
        let alone = shown.filter(|name| names_of::<T>(name).len() == 1).map(slice::from_ref);
        let fields: Vec<_> = T::NAMES.iter().copied().chain(alone).collect();
        let is_joined = |name: &str| fields.iter().any(|names| names.contains(&name));
        let pairs = self.0.iter().flatten().map(|(name, value)| (&**name, value));
        let mut joined: Vec<(&str, &Value)> = pairs.filter(|(name, _)| !is_joined(name)).collect();
        for names in fields {
            let mut sent = self.sent(names);
            sent.retain(|(_, value)| says_something::<T>(names[0], value));
            joined.extend(choose(names, sent)?.map(|(_, value)| (names[0], value)));
        }
        of(&joined).map_err(|error| {
            let at_fault = joined.iter().find_map(|(name, value)| Some((name, one::<T>(name, value).err()?)));
            at_fault.map_or_else(|| invalid_body(error.to_string()), |(name, error)| wrong(name, &error))
        })
    }

    /// The values that were sent under these names.
    fn sent(&self, names: &[&'static str]) -> Vec<Sent<'_>> {
        let pairs = || self.0.iter().flatten();
        let of = |name: &'static str| {
            pairs().filter_map(move |(key, value)| {
                let inner = name.strip_prefix(&**key)?;
                let value = if inner.is_empty() { value } else { at(value, inner.strip_prefix('.')?)? };
                Some((name, value))
            })
        };
        names.iter().copied().flat_map(of).collect()
    }
}

/// All names of a field.
fn names_of<T: Body>(field: &'static &'static str) -> &'static [&'static str] {
    let several = T::NAMES.iter().find(|names| names[0] == *field);
    several.copied().unwrap_or_else(|| slice::from_ref(field))
}

/// The value of a field, if one was sent. Different ones are refused.
fn one_value<'a, T: Body>(names: &[&'static str], sent: &[Sent<'a>]) -> Result<Option<Sent<'a>>, Problem> {
    let Some((name, value)) = sent.first().copied() else { return Ok(None) };
    match sent.iter().find(|(_, other)| !same::<T>(names[0], other, value)) {
        None => Ok(Some((name, value))),
        Some((other, _)) => Err(invalid_body(format!(
            "{name} and {other} are the same field with different values: send one of them"
        ))),
    }
}

/// A value inside an object, by its name or its path.
fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(object, |value, name| value.get(name))
}

/// Whether two values of a field mean the same: the same text, EUI, time, ….
fn same<T: Body>(field: &str, one_value: &Value, other: &Value) -> bool {
    let read = |value| one::<T>(field, value).ok();
    one_value == other || read(one_value).is_some_and(|read_value| Some(read_value) == read(other))
}

/// False for a value that counts as absent, such as `null` for a field that cannot be cleared.
fn says_something<T: Body>(field: &str, value: &Value) -> bool {
    one::<T>(field, value).ok() != of::<T>(&[]).ok()
}

/// The body with only this field.
fn one<T: Body>(field: &str, value: &Value) -> Result<T, serde_json::Error> {
    of(&[(field, value)])
}

fn of<T: Body>(fields: &[(&str, &Value)]) -> Result<T, serde_json::Error> {
    T::deserialize(MapDeserializer::new(fields.iter().copied()))
}

fn wrong(name: &str, error: &serde_json::Error) -> Problem {
    invalid_body(format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    use parking_domain::patch::Patch;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Thing {
        code: Option<String>,
        model: Patch<u8>,
        status: Option<String>,
        site: Option<u8>,
    }

    impl Body for Thing {
        const NAMES: &'static [&'static [&'static str]] = &[&["code", "number"], &["model", "parts.model"]];
        const FIXED: &'static [(&'static str, &'static str)] = &[("site", "it stays")];
        const SHOWN: &'static [(&'static str, &'static [&'static str])] = &[("status", &["since", "at"])];
    }

    fn fields(body: &Value) -> Fields {
        Fields::parse(body.to_string().as_bytes()).expect("JSON")
    }

    fn new(body: &Value) -> Option<Thing> {
        Thing::from_fields(fields(body)).ok()
    }

    fn onto(body: &Value) -> Option<Thing> {
        let stored = json!({"code": "A", "number": "A", "parts": {"model": 1}, "status": "free", "site": 7,
                            "since": "2026-11-23T08:00:00Z", "at": "2026-11-23T08:00:00Z"});
        fields(body).read_onto(&stored).ok()
    }

    fn code(code: &str) -> Thing {
        Thing { code: Some(code.to_owned()), ..Thing::default() }
    }

    #[test]
    fn of_two_values_the_one_that_is_not_stored_counts() {
        assert_eq!(new(&json!({"number": "B"})), Some(code("B")));
        assert_eq!(new(&json!({"code": "B", "number": "B"})), Some(code("B")));
        assert_eq!(new(&json!({"code": "B", "number": null})), Some(code("B")));
        assert_eq!(new(&json!({"code": "A", "number": "B"})), None);
        assert_eq!(onto(&json!({"code": "A", "number": "B"})), Some(code("B")));
        assert_eq!(onto(&json!({"code": "B", "number": "A"})), Some(code("B")));
        assert_eq!(onto(&json!({"code": "B", "number": "C"})), None);
        assert_eq!(onto(&json!({"code": "A", "number": 7, "other": 1})), None);
    }

    #[test]
    fn null_is_a_value_of_a_field_that_can_be_cleared() {
        let model = |model| Some(Thing { model, ..Thing::default() });
        assert_eq!(onto(&json!({"model": null, "parts": {"model": 1}})), model(Patch::Clear));
        assert_eq!(onto(&json!({"model": 1, "parts": {"model": 2}})), model(Patch::Set(2)));
        assert_eq!(new(&json!({"parts": {"model": null}})), model(Patch::Clear));
        assert_eq!(new(&json!({"parts": 7})), model(Patch::Keep));
    }

    #[test]
    fn a_fixed_field_may_be_repeated_and_a_shown_value_is_not_set() {
        assert_eq!(
            onto(&json!({"site": 7, "status": "free"})),
            Some(Thing { site: Some(7), ..Thing::default() })
        );
        assert_eq!(onto(&json!({"site": null})), Some(Thing::default()));
        assert_eq!(onto(&json!({"site": 8})), None);
        // Two values that cannot be read are not the same one.
        let unread = fields(&json!({"site": "east"}));
        assert!(unread.check::<Thing>().is_err());
        assert!(!same::<Thing>("site", &json!("east"), &json!("west")));
        assert_eq!(onto(&json!({"status": "busy"})).and_then(|thing| thing.status), Some("busy".to_owned()));
        let depends = |body: &Value| fields(body).depend_on_stored::<Thing>();
        assert!(
            depends(&json!({"site": 7}))
                && depends(&json!({"status": "a"}))
                && depends(&json!({"code": 1, "number": 2}))
        );
        assert!(!depends(&json!({"code": 1, "number": 1, "model": 2, "other": 3})));
    }

    #[test]
    fn a_value_that_was_shown_before_is_not_set() {
        let status = |body: &Value| onto(body).map(|thing| thing.status);
        let busy = || Some(Some("busy".to_owned()));
        assert_eq!(status(&json!({"status": "busy", "since": "2026-11-23T09:00+01:00"})), busy());
        assert_eq!(status(&json!({"status": "busy", "since": null})), busy());
        for since in ["2026-11-23T07:59:59Z", "long ago"] {
            assert_eq!(status(&json!({"status": "busy", "since": since})), Some(None));
            assert_eq!(status(&json!({"status": "busy", "at": since})), Some(None));
        }
    }

    #[test]
    fn an_absent_body_is_refused_unless_it_is_optional() {
        let absent = || Fields::parse(b" null ").expect("JSON");
        assert!(Thing::from_fields(absent()).is_err());
        let optional = Optional::<Thing>::from_fields(absent()).ok();
        assert_eq!(optional, Some(Optional(Thing::default())));
    }
}
