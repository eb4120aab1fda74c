//! Compatibility with V6's clients beyond the routes themselves.
//!
//! Every path is served with and without a trailing slash, without a redirect, because V6's test scripts do not follow
//! redirects. The paths that V6's front end requests below `/api/` are served too. The query values `undefined`, `null` and
//! the empty string count as absent. Numbers, flags and times are accepted in the forms that V6 accepted.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use parking_domain::instant::Instant;
use parking_domain::space::Status;
use serde::Deserialize;
use serde::de::value::{self, StrDeserializer};
use serde::de::{self, Deserializer, Visitor};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::http::kit::app::AppState;

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
    let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(&present(query)).unwrap_or_default();
    pairs.sort();
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

/// True if the query has a `confirm` that does not say yes: an empty one confirms nothing either.
pub(crate) fn is_unconfirmed(query: &str) -> bool {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    pairs.iter().any(|(name, value)| name == "confirm" && read_flag(value.trim()) != Some(true))
}

/// Removes parameters whose value counts as absent. Of several parameters with the same name, the last one wins.
pub(crate) fn present(query: &str) -> String {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let mut present: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        present.retain(|(earlier, _)| *earlier != name);
        if is_present(&value) {
            present.push((name, value.trim().to_owned()));
        }
    }
    serde_urlencoded::to_string(present).unwrap_or_default()
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

/// A string or a number: clients send amounts of money as either.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Lax::<String>::new("a text", |text| Some(text.to_owned())))
}

/// V5's names of a reservation's status `active`.
pub(crate) const V5_ACTIVE: [&str; 2] = ["pending", "confirmed"];

/// A reservation's status. V5's `pending` and `confirmed` mean `active`.
pub(crate) fn reservation_status<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Status>, D::Error> {
    let read = |text: &str| {
        if V5_ACTIVE.contains(&text) {
            return Some(Status::Active);
        }
        Status::deserialize(StrDeserializer::<value::Error>::new(text)).ok()
    };
    let what = "active, completed, cancelled, expired or no_show";
    deserializer.deserialize_any(Lax::<Status>::new(what, read))
}

/// A time with its offset. A time without an offset is in UTC, as V6 wrote it; a date means its first moment.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    let what = "a time such as 2026-11-23T08:00:00Z, in the years 1 to 9998 and without a leap second";
    deserializer.deserialize_any(Lax::<Instant>::new(what, read_time))
}

/// Parses a time. In a query, the `+` of an offset arrives as a space.
pub(crate) fn read_time(text: &str) -> Option<Instant> {
    let text = text.trim().replace(' ', if text.contains('T') { "+" } else { "T" });
    let without_offset = || text.parse::<NaiveDateTime>().ok();
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN));
    let in_utc = || without_offset().or_else(day).map(|time| time.and_utc());
    let time: DateTime<Utc> = text.parse().ok().or_else(in_utc)?;
    time.try_into().ok()
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
        assert_eq!(present("a=&b=undefined&c=null&d=1&d=2&e=+x+"), "d=2&e=x");
        assert_eq!(present("a=1&a=undefined"), "");
    }

    #[test]
    fn a_time_without_an_offset_is_in_utc() {
        let at = read_time("2026-11-23T08:00:00Z");
        assert!(at.is_some());
        for text in ["2026-11-23T08:00:00", "2026-11-23 08:00:00", "2026-11-23T10:00:00 02:00"] {
            assert_eq!(read_time(text), at, "{text}");
        }
        assert_eq!(read_time("2026-11-23"), read_time("2026-11-23T00:00:00Z"));
        for text in
            ["tomorrow", "0000-12-31T23:59:59Z", "+10000-01-01T00:00:00Z", "9999-12-31T23:30:00-01:00"]
        {
            assert_eq!(read_time(text), None, "{text}");
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
        assert_eq!(own_query("b=1&a=x+y&c="), own_query("a=x%20y&b=2&b=1&d=null"));
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
