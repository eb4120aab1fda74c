//! Path and query parameters: ids, EUIs, times and positions. Invalid values are refused with 422.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use parking_domain::device;
use parking_domain::lorawan::DevEui;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, de};
use uuid::Uuid;

use crate::http::kit::lenient::{self, SeveralValues};
use crate::http::kit::problem::Problem;

/// Refuses an invalid parameter.
pub(crate) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "parameter_invalid", detail)
}

/// Refuses an invalid body.
pub(crate) fn invalid_body(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_invalid", detail)
}

/// The value of a parameter that both the path and the query can give.
pub(crate) fn one_of<T: PartialEq>(
    name: &str,
    value: Option<T>,
    other: Option<T>,
) -> Result<Option<T>, Problem> {
    same(name, value, other).map_err(invalid)
}

/// The value of a field that the path or the query can give, and the body too.
pub(crate) fn one_with_body<T: PartialEq>(
    field: &str,
    value: Option<T>,
    of_body: Option<T>,
) -> Result<Option<T>, Problem> {
    same(field, value, of_body).map_err(invalid_body)
}

fn same<T: PartialEq>(name: &str, value: Option<T>, other: Option<T>) -> Result<Option<T>, String> {
    if value.is_some() && other.is_some() && value != other {
        return Err(format!("{name} is given twice with different values: give it once"));
    }
    Ok(value.or(other))
}

/// The parameters of a query.
pub(crate) trait Parameters: DeserializeOwned + PartialEq {
    /// The parameters that have several names: the documented name, then its aliases. Where there are such, every parameter may
    /// be absent.
    const NAMES: &'static [&'static [&'static str]] = &[];
}

/// The query, deserialized into a struct. Values that count as absent are removed; unknown names are ignored.
pub(crate) struct QueryParams<T>(pub(crate) T);

impl<T: Parameters> QueryParams<T> {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        let query = lenient::present(uri.query().unwrap_or_default());
        let query = query.map_err(|SeveralValues { name }| {
            invalid(format!("the parameter {name} has several values: send it once, as {name}=VALUE"))
        })?;
        if query.contains("%00") {
            return Err(invalid("a string must not contain the character U+0000"));
        }
        let query = joined::<T>(&query)?;
        let present: Uri = format!("/?{query}").parse().map_err(|_| invalid("the query is malformed"))?;
        let read = Query::try_from_uri(&present);
        read.map(|Query(value)| Self(value)).map_err(|rejection| {
            let text = rejection.body_text();
            invalid(text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text))
        })
    }
}

/// The query with one value for each parameter that has several names. Different ones are refused.
fn joined<T: Parameters>(query: &str) -> Result<String, Problem> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let is_joined = |name: &str| T::NAMES.iter().any(|names| names.contains(&name));
    let pairs = || pairs.iter().map(|(name, value)| (&**name, &**value));
    let mut joined: Vec<(&str, &str)> = pairs().filter(|(name, _)| !is_joined(name)).collect();
    for names in T::NAMES {
        let mut first: Option<(&str, T)> = None;
        for (name, value) in pairs().filter(|(name, _)| names.contains(name)) {
            let read = one::<T>(names[0], value).map_err(|error| invalid(format!("{name}: {error}")))?;
            match &first {
                None => {
                    joined.push((names[0], value));
                    first = Some((name, read));
                }
                Some((other, earlier)) if read != *earlier => {
                    return Err(invalid(format!(
                        "{other} and {name} are the same parameter with different values: send one of them"
                    )));
                }
                Some(_) => {}
            }
        }
    }
    Ok(serde_urlencoded::to_string(joined).unwrap_or_default())
}

/// The parameters with only this one.
fn one<T: Parameters>(name: &str, value: &str) -> Result<T, serde_urlencoded::de::Error> {
    let query = serde_urlencoded::to_string([(name, value)]).unwrap_or_default();
    serde_urlencoded::from_str(&query)
}

impl<T: Parameters, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of(&parts.uri)
    }
}

/// The path parameters, in the order of the placeholders.
pub(crate) struct PathParam<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathParam<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name)).map_err(|rejection| {
            let text = rejection.body_text();
            invalid(text.strip_prefix("Invalid URL: ").unwrap_or(&text))
        })
    }
}

/// An EUI in upper or lower case, with or without separators, or a device id, which contains the EUI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnyEui(pub(crate) DevEui);

impl<'de> Deserialize<'de> for AnyEui {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read_eui(&text).map(Self).ok_or_else(|| de::Error::custom("expected the EUI or the id of a device"))
    }
}

fn read_eui(text: &str) -> Option<DevEui> {
    match text.parse::<Uuid>() {
        Ok(id) => device::dev_eui_of(id),
        Err(_) => text.parse().ok(),
    }
}
