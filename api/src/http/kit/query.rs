//! Path and query parameters: ids, EUIs, times and positions. Invalid values are refused with 422.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use parking_domain::device;
use parking_domain::lorawan::DevEui;
use parking_projections::engine::progress::Sources;
use parking_projections::occupancy::space_history::read::AsOf;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, de};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::http::kit::app::App;
use crate::http::kit::iso8601::read_time;
use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;
use crate::http::kit::progress;

/// Refuses an invalid parameter.
pub(crate) fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "parameter_invalid", detail)
}

/// Refuses an invalid body.
pub(crate) fn invalid_body(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_invalid", detail)
}

/// The value of a field that a request can give in two places, such as the path and the body.
pub(crate) fn one_of<T: PartialEq>(
    field: &str,
    value: Option<T>,
    other: Option<T>,
) -> Result<Option<T>, Problem> {
    if value.is_some() && other.is_some() && value != other {
        return Err(invalid(format!("{field} is given twice with different values: give it once")));
    }
    Ok(value.or(other))
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

/// The past moment that a read looks at.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsOfQuery {
    /// A position, or a time such as `2026-11-23T08:00:00Z`: the state according to the log up to there. Defaults to now.
    #[serde(default, deserialize_with = "as_of")]
    #[param(value_type = Option<String>)]
    pub(crate) as_of: Option<AsOf>,
}

impl AsOfQuery {
    /// The requested moment, once the projections have reached it. A position beyond the end of the log and a time in the
    /// future are refused.
    pub(crate) async fn resolve<S: Sources>(&self, app: &App) -> Result<Option<AsOf>, Problem> {
        match self.as_of {
            None => {}
            Some(AsOf::Position(position)) => progress::wait_for_requested::<S>(app, position).await?,
            Some(AsOf::Time(time)) if time > app.clock.now() => {
                return Err(invalid(
                    "as_of is in the future: pass a time in the past, or omit as_of for now",
                ));
            }
            // The current end of the log is at or after that time.
            Some(AsOf::Time(_)) => progress::wait_for_head::<S>(app).await?,
        }
        Ok(self.as_of)
    }
}

fn as_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AsOf>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if let Ok(position) = text.parse::<u32>() {
        return Ok(Some(AsOf::Position(position.into())));
    }
    let refused = || de::Error::custom("expected a position or a time such as 2026-11-23T08:00:00Z");
    read_time(&text).map(|time| Some(AsOf::Time(time))).ok_or_else(refused)
}
