//! Compatibility with V6's clients beyond the routes themselves.
//!
//! Every path is served with and without a trailing slash, without a redirect, because V6's test scripts do not follow
//! redirects. The paths that V6's front end requests below `/api/` are served too. The query values `undefined`, `null` and
//! the empty string count as absent. Numbers, flags and times are accepted in the forms that V6 accepted.

use std::fmt;

use parking_domain::instant::Instant;
use parking_domain::patch::Patch;
use serde::Deserialize;
use serde::de::value::{self, StrDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde_json::Value;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::http::kit::app::AppState;
use crate::http::kit::iso8601::read_time;

/// Serves routes under every path that clients use for them. The documentation lists only the first path.
pub(crate) trait ServeCompatibly {
    fn serve(self, routes: UtoipaMethodRouter<AppState>) -> Self;
}

impl ServeCompatibly for OpenApiRouter<AppState> {
    fn serve(self, routes: UtoipaMethodRouter<AppState>) -> Self {
        let methods = routes.2.clone();
        let others: Vec<String> = routes.1.paths.keys().flat_map(|path| other_paths(path)).collect();
        others.iter().fold(self.routes(routes), |router, path| router.route(path, methods.clone()))
    }
}

/// The alternative paths of a path: with a trailing slash, and as V6's front end or V5's clients request it.
pub(crate) fn other_paths(path: &str) -> Vec<String> {
    let mut paths = vec![format!("{path}/")];
    let front_end = ["devices", "reservations", "sites"].map(|name| format!("/api/v6/{name}"));
    if front_end.iter().any(|prefix| path.starts_with(prefix)) {
        let short = path.replacen("/api/v6/", "/api/", 1);
        paths.extend([format!("{short}/"), short]);
    }
    if let Some(rest) = path.strip_prefix("/api/v6/overrides") {
        let v5 = format!("/api/v6/display-policies/admin-overrides{rest}");
        paths.extend([format!("{v5}/"), v5]);
    }
    paths
}

/// The path under which an operation is documented, in lower case, for any path under which it is served.
pub(crate) fn own_path(path: &str) -> String {
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    if let Some(rest) = path.strip_prefix("/api/v6/display-policies/admin-overrides") {
        return format!("/api/v6/overrides{rest}");
    }
    let is_short = ["devices", "reservations", "sites"]
        .iter()
        .any(|name| path.strip_prefix("/api/").is_some_and(|rest| rest.starts_with(name)));
    if is_short { path.replacen("/api/", "/api/v6/", 1) } else { path }
}

/// The parameters that are present, in order of their names: two queries that ask for the same are equal.
pub(crate) fn own_query(query: &str) -> String {
    let present = present(query).unwrap_or_default();
    let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(&present).unwrap_or_default();
    pairs.sort();
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

/// True if the query has a `confirm` that does not say yes: an empty one confirms nothing either.
pub(crate) fn is_unconfirmed(query: &str) -> bool {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    pairs.iter().any(|(name, value)| name == "confirm" && read_flag(value.trim()) != Some(true))
}

/// Removes parameters whose value counts as absent. Refuses a parameter with several values: some servers and proxies would
/// go by the first one, others by the last, and no parameter is a list.
pub(crate) fn present(query: &str) -> Result<String, SeveralValues> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let mut present: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    for (name, value) in pairs.into_iter().filter(|(_, value)| is_present(value)) {
        if name.ends_with(']') || present.iter().any(|(earlier, _)| *earlier == name) {
            let name = name.split('[').next().unwrap_or_default().to_owned();
            return Err(SeveralValues { name });
        }
        present.push((name, value.trim().to_owned()));
    }
    Ok(serde_urlencoded::to_string(present).unwrap_or_default())
}

/// A parameter of a query is given twice, or as a list such as `status[]=`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SeveralValues {
    pub(crate) name: String,
}

/// False for values that count as absent.
pub(crate) fn is_present(value: &str) -> bool {
    !matches!(value.trim(), "" | "undefined" | "null")
}

/// An integer, or a string with an integer.
pub(crate) fn integer<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let number = deserializer.deserialize_any(Lax::<i64>::new("a whole number", |text| text.parse().ok()))?;
    number.map(|number| T::try_from(number).map_err(|_| out_of_range(number))).transpose()
}

fn out_of_range<E: de::Error>(number: i64) -> E {
    E::custom(format!("{number} is out of range"))
}

/// A boolean, in all forms that V6 accepted.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    deserializer.deserialize_any(Lax::<bool>::new("true or false", read_flag))
}

fn read_flag(text: &str) -> Option<bool> {
    match &*text.to_ascii_lowercase() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// A number, or a string with a number.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let read = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
    deserializer.deserialize_any(Lax::<f64>::new("a number", read))
}

/// The change that a value which was sent makes: `null` and an empty string clear the field.
fn change<T>(value: Option<T>) -> Patch<T> {
    value.map_or(Patch::Clear, Patch::Set)
}

/// A value of a field that `null` and an empty string clear.
pub(crate) fn clearable<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Patch<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(Patch::Clear);
    }
    Option::deserialize(value).map(change).map_err(de::Error::custom)
}

/// As [`number`], for a field that can be cleared.
pub(crate) fn number_change<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Patch<f64>, D::Error> {
    number(deserializer).map(change)
}

/// As [`integer`], for a field that can be cleared.
pub(crate) fn integer_change<'de, D, T>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    integer(deserializer).map(change)
}

/// As [`text`], for a field that can be cleared.
pub(crate) fn text_change<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Patch<String>, D::Error> {
    text(deserializer).map(change)
}

/// One of the names of an enum, in upper or lower case.
pub(crate) fn word<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    let word = |text: String| T::deserialize(StrDeserializer::new(&text.trim().to_ascii_lowercase()));
    text.map(word).transpose()
}

/// A value by its name, in upper or lower case.
pub(crate) fn name<T: DeserializeOwned>(text: &str) -> Option<T> {
    let lower = text.to_ascii_lowercase();
    T::deserialize(StrDeserializer::<value::Error>::new(&lower)).ok()
}

/// A string or a number: clients send amounts of money as either.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Lax::<String>::new("a text", |text| Some(text.to_owned())))
}

/// A time: see [`read_time`].
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    let what = "a time such as 2026-11-23T08:00:00Z, in the years 1 to 9998 and without a leap second";
    deserializer.deserialize_any(Lax::<Instant>::new(what, read_time))
}

/// What `read` makes of a text; `what` says what it takes.
pub(crate) fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    what: &'static str,
    read: fn(&str) -> Option<T>,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Lax::new(what, read))
}

/// Deserializes a value that may also be a string or null.
struct Lax<T> {
    what: &'static str,
    read: fn(&str) -> Option<T>,
}

impl<T> Lax<T> {
    fn new(what: &'static str, read: fn(&str) -> Option<T>) -> Self {
        Self { what, read }
    }

    fn read_or<E: de::Error>(&self, text: &str) -> Result<Option<T>, E> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let refused = || E::invalid_value(de::Unexpected::Str(text), &self.what);
        (self.read)(text.trim()).map(Some).ok_or_else(refused)
    }
}

impl<'de, T> Visitor<'de> for Lax<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        self.read_or(text)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        self.read_or(&number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        self.read_or(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        self.read_or(&number.to_string())
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Self::Value, E> {
        self.read_or(if flag { "true" } else { "false" })
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_parameters_are_removed() {
        assert_eq!(present("a=&b=undefined&c=null&d=1&d=&e=+x+").as_deref(), Ok("d=1&e=x"));
        assert_eq!(present("a=undefined&a=1").as_deref(), Ok("a=1"));
    }

    #[test]
    fn a_parameter_has_one_value() {
        for query in ["a=1&a=2", "a=1&b=2&a=1", "a[]=1", "a[0]=1", "a%5B%5D=1", "b=1&a[b]=2"] {
            assert_eq!(present(query), Err(SeveralValues { name: "a".to_owned() }), "{query}");
        }
    }

    #[test]
    fn every_path_of_an_operation_leads_to_its_own_one() {
        for own in [
            "/api/v6/spaces",
            "/api/v6/spaces/{space_id}/overrides/{override_id}",
            "/api/v6/devices/{device_id}/assign",
            "/api/v6/reservations",
            "/api/v6/sites/{site_id}",
            "/api/v6/overrides",
            "/api/v6/overrides/{override_id}",
            "/api/v6/display-policies/{policy_id}",
        ] {
            for path in other_paths(own).iter().map(String::as_str).chain([own]) {
                assert_eq!(own_path(path), own, "{path}");
            }
        }
        assert_eq!(own_path("/api/v6/devices/58A0CB0000100001/"), "/api/v6/devices/58a0cb0000100001");
    }

    #[test]
    fn queries_that_ask_for_the_same_are_equal() {
        assert_eq!(own_query("b=1&a=x+y&c="), own_query("a=x%20y&b=&b=1&d=null"));
        assert_ne!(own_query("a=1"), own_query("a=2"));
    }

    #[test]
    fn only_yes_confirms() {
        for query in ["", "a=false", "confirm=true", "confirm=1", "confirm=YES", "confirm=on&a="] {
            assert!(!is_unconfirmed(query), "{query}");
        }
        for query in [
            "confirm=false",
            "confirm=0",
            "confirm=no",
            "confirm=off",
            "confirm=",
            "confirm",
            "confirm=null",
            "confirm=maybe",
            "confirm=true&confirm=false",
        ] {
            assert!(is_unconfirmed(query), "{query}");
        }
    }

    #[test]
    fn front_end_paths_are_served_beside_v6_paths() {
        let expected = ["/api/v6/devices/", "/api/devices/", "/api/devices"];
        assert_eq!(other_paths("/api/v6/devices"), expected);
        assert_eq!(other_paths("/api/v6/spaces/{space_id}"), ["/api/v6/spaces/{space_id}/"]);
    }
}
