//! The moment that a read shows: now, or a past one (`as_of`).

use axum::http::{StatusCode, Uri};
use parking_projections::engine::as_of::{AsOf, AsOfError, LastEvent, Then};
use parking_projections::engine::feed::FeedError;
use parking_projections::engine::progress::Sources;
use serde::{Deserialize, Deserializer, de};
use utoipa::IntoParams;

use crate::http::kit::app::App;
use crate::http::kit::documented::Coded;
use crate::http::kit::freshness::Freshness;
use crate::http::kit::iso8601::read_time;
use crate::http::kit::problem::Problem;
use crate::http::kit::progress;
use crate::http::kit::query::{Parameters, QueryParams, invalid};
use crate::http::kit::time::Time;

/// The past moment that a read looks at.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsOfQuery {
    /// A position, or a time of recording such as `2026-11-23T08:00:00Z`: everything in the response is as of then. Defaults
    /// to now. `as_of_position` and `recorded_at` of the response name the last event that it contains; passed as `as_of`, each
    /// gives the same response again.
    #[serde(default, deserialize_with = "as_of")]
    #[param(value_type = Option<String>)]
    as_of: Option<AsOf>,
}

impl Parameters for AsOfQuery {}

/// What a read shows that can look back: a past moment, or the present as fresh as the client requires.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    as_of: Option<AsOf>,
    freshness: Freshness,
}

impl Time for Moment {
    fn of(uri: &Uri) -> Result<Self, Problem> {
        let QueryParams(AsOfQuery { as_of }) = QueryParams::of(uri)?;
        Ok(Self { as_of, freshness: Freshness::of(uri)? })
    }
}

impl Moment {
    /// The position of the past moment, none for now, once the projections have reached it. A position beyond the end of the
    /// log and a time in the future are refused.
    pub(crate) async fn reached<S: Sources>(&self, app: &App) -> Result<Option<i64>, Problem> {
        app.wait_until::<S>(self.freshness).await?;
        let Some(as_of) = self.as_of else { return Ok(None) };
        let position = match as_of {
            AsOf::Position(position) => position,
            AsOf::Time(_) => as_of.position(&mut *app.auditor.acquire().await?).await?,
        };
        progress::wait_for_requested::<S>(app, position).await?;
        Ok(Some(position))
    }
}

/// The thing as it was, or a refusal that says why it is not found.
pub(crate) fn found<T, R: Coded>(then: Then<T>, noun: &str, not_found: R) -> Result<T, Problem> {
    let reason = match then {
        Then::Found(thing) => return Ok(thing),
        Then::Never => return Err(not_found.into()),
        Then::NotYet(LastEvent { position, recorded_at }) => {
            format!("the {noun} did not exist yet: ask as of position {position} ({recorded_at}) or later")
        }
        Then::Ended(LastEvent { position, recorded_at }) => {
            format!("the {noun} had ended: ask as of a moment before position {position} ({recorded_at})")
        }
    };
    let (status, code) = not_found.code();
    Err(Problem::new(status, code, reason))
}

impl From<AsOfError> for Problem {
    fn from(error: AsOfError) -> Self {
        match error {
            AsOfError::Beyond { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "position_unknown", error.to_string())
            }
            AsOfError::Future(_) => invalid(error.to_string()),
            AsOfError::Feed(FeedError::Database(error)) => error.into(),
            // No other error comes of reading single rows.
            AsOfError::Feed(_) => Self::of(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

fn as_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AsOf>, D::Error> {
    let text = String::deserialize(deserializer)?;
    AsOf::read(&text, read_time).map(Some).map_err(de::Error::custom)
}
