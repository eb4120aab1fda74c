//! Path and query parameters: ids, EUIs, times and positions. Invalid values are refused with 422.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use parking_domain::device;
use parking_domain::lorawan::DevEui;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, de};
use uuid::Uuid;

use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;

/// Refuses an invalid parameter.
pub(crate) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "parameter_invalid", detail)
}

/// The query, deserialized into a struct. Values that count as absent are removed; unknown names are ignored.
pub(crate) struct QueryParams<T>(pub(crate) T);

impl<T: DeserializeOwned> QueryParams<T> {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        let query = lenient::present(uri.query().unwrap_or_default());
        if query.contains("%00") {
            return Err(invalid("a string must not contain the character U+0000"));
        }
        let present: Uri = format!("/?{query}").parse().map_err(|_| invalid("the query is malformed"))?;
        let read = Query::try_from_uri(&present);
        read.map(|Query(value)| Self(value)).map_err(|rejection| {
            let text = rejection.body_text();
            invalid(text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text))
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
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
