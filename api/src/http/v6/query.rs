//! What paths and queries say: ids, times, places in the log.

use axum::http::StatusCode;
use parking_projections::spaces::read::AsOf;
use uuid::Uuid;

use crate::http::page::Parameters;
use crate::http::problem::Problem;

fn invalid(name: &str, what: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "parameter_invalid", format!("{name} must be {what}"))
}

/// The UUID in a path.
pub(crate) fn id_in_path<T: From<Uuid>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse::<Uuid>().map(T::from).map_err(|_| invalid(name, "a UUID"))
}

/// A UUID in the query.
pub(crate) fn uuid(parameters: &Parameters, name: &str) -> Result<Option<Uuid>, Problem> {
    parameters.text(name).map(|text| text.parse().map_err(|_| invalid(name, "a UUID"))).transpose()
}

/// Yes or no in the query, in all the ways V6 took it.
pub(crate) fn flag(parameters: &Parameters, name: &str) -> Result<bool, Problem> {
    match parameters.text(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0" | "no" | "off") => Ok(false),
        Some("true" | "1" | "yes" | "on") => Ok(true),
        Some(_) => Err(invalid(name, "true or false")),
    }
}

/// A place in the log: a position, or a time with its offset.
pub(crate) fn as_of(parameters: &Parameters) -> Result<Option<AsOf>, Problem> {
    let Some(text) = parameters.text("as_of") else { return Ok(None) };
    if let Ok(position) = text.parse::<u32>() {
        return Ok(Some(AsOf::Position(position.into())));
    }
    // A plus in a query is a space by the time it arrives.
    match text.replace(' ', "+").parse() {
        Ok(time) => Ok(Some(AsOf::Time(time))),
        Err(_) => Err(invalid("as_of", "a position or a time such as 2026-11-23T08:00:00Z")),
    }
}
