//! The errors of the layers below as refusals. What the server is at fault for is logged here, once, and not disclosed.

use axum::http::StatusCode;
use parking_commands::append::AppendError;
use parking_commands::ingest::IngestError;
use parking_commands::store::{FindRequestError, LoadError};
use parking_domain::chirpstack::ParseError;
use parking_projections::engine::outage::is_outage;
use tracing::{debug, error, warn};

use super::{OVERLOADED, Problem};
use crate::http::kit::refusals::taken;

impl From<ParseError> for Problem {
    fn from(error: ParseError) -> Self {
        let (status, code) = match error {
            ParseError::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed_json"),
            ParseError::DevEuiMissing => (StatusCode::UNPROCESSABLE_ENTITY, "dev_eui_missing"),
            ParseError::DevEuiInvalid => (StatusCode::UNPROCESSABLE_ENTITY, "dev_eui_invalid"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl From<IngestError> for Problem {
    /// The database's error is only logged, not disclosed to the caller.
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::TimedOut => {
                warn!(%error, "a report was not recorded");
                Self::unavailable("too_slow", error.to_string()).logged()
            }
            IngestError::Append(error) => error.into(),
            IngestError::Load(error) => error.into(),
        }
    }
}

impl From<LoadError> for Problem {
    fn from(error: LoadError) -> Self {
        let problem = match &error {
            LoadError::Database(error) => Self::of_database(error, Self::nothing_stored()),
            LoadError::Damaged { .. } => Self::new(StatusCode::CONFLICT, "stream_damaged", error.to_string()),
            // A stream that cannot be decoded is damaged.
            LoadError::Undecodable { .. } | LoadError::Gap { .. } => {
                Self::of(StatusCode::INTERNAL_SERVER_ERROR)
            }
        };
        if problem.is_frequent() {
            debug!(%error, "a stream was not loaded");
            return problem;
        }
        warn!(%error, "a stream was not loaded");
        problem.logged()
    }
}

impl From<FindRequestError> for Problem {
    fn from(error: FindRequestError) -> Self {
        match error {
            FindRequestError::Load(error) => error.into(),
            FindRequestError::Append(error) => error.into(),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        let is_logged = match &error {
            // The caller's key or claim is already taken: not a server error. An overload is frequent.
            AppendError::RequestKeyReused { .. }
            | AppendError::ClaimHeld { .. }
            | AppendError::Overloaded => false,
            // A limit check is missing in the decision of the command.
            AppendError::Unreadable { .. } => {
                error!(%error, "an event could not be read back");
                true
            }
            _ => {
                warn!(%error, "nothing was appended");
                true
            }
        };
        let problem = match &error {
            AppendError::Overloaded => Self::unavailable(OVERLOADED, error.to_string()),
            AppendError::Stopped => Self::unavailable("shutting_down", error.to_string()),
            AppendError::Unavailable(_) => Self::nothing_stored(),
            AppendError::Unsettled(_) => Self::unavailable(
                "unsettled",
                "it is unknown whether the request was stored: send it again; with the same id it is stored at most once",
            ),
            AppendError::Conflict { .. } => {
                Self::unavailable("busy", "other writers append to the same stream: send the request again")
            }
            AppendError::TooLarge { .. } => Self::of(StatusCode::PAYLOAD_TOO_LARGE),
            AppendError::Unreadable { .. } => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unreadable",
                "a value in the request could not be read back, so nothing was stored: send simpler values",
            ),
            AppendError::RequestKeyReused { .. } => {
                Self::new(StatusCode::CONFLICT, "request_key_reused", error.to_string())
            }
            AppendError::ClaimHeld { claim, .. } => taken(claim),
            AppendError::Rejected(_) | AppendError::Malformed => Self::of(StatusCode::INTERNAL_SERVER_ERROR),
        };
        Self { is_logged, ..problem }
    }
}

/// True when the statement was cancelled, by its time limit or by an operator.
fn is_cut_off(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(refusal) if refusal.code().as_deref() == Some("57014"))
}

/// The SQLSTATE with which the database refuses reads while a projection holds back events of the tenant.
const HELD_BACK: &str = "PK001";

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(refusal) = &error
            && refusal.code().as_deref() == Some(HELD_BACK)
        {
            warn!(%error, "a reading was refused");
            let detail = format!("{}: an operator must skip the event or fix the cause", refusal.message());
            return Self::unavailable("projection_stopped", detail).logged();
        }
        let problem = if is_cut_off(&error) {
            let detail = "the query took too long and was cancelled: request less (a smaller page, a narrower filter, a \
                          shorter period), or try again in a moment";
            Self::unavailable("too_slow", detail)
        } else if is_outage(&error) {
            let detail = "the database is unavailable: try again in a moment";
            Self::of_database(&error, Self::unavailable("database_unavailable", detail))
        } else {
            Self::of(StatusCode::INTERNAL_SERVER_ERROR)
        };
        if problem.is_frequent() {
            debug!(%error, "a query failed");
            return problem;
        }
        error!(%error, "a query failed");
        problem.logged()
    }
}
