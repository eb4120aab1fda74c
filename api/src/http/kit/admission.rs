//! What a request must be before its handler runs.

use axum::http::{HeaderMap, StatusCode};

use crate::http::kit::problem::Problem;

/// Headers that decide whether a request is accepted and how it is read. Given twice, one proxy or program would go by the
/// first and another one by the last. The names in one list are names of the same thing.
const ONCE: [&[&str]; 8] = [
    &["authorization"],
    &["content-type"],
    &["host"],
    &["idempotency-key"],
    &["origin"],
    &["sec-fetch-site"],
    &["x-signature", "x-webhook-signature"],
    &["x-webhook-token"],
];

/// Refuses a request that no handler may get.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let given = |names: &&&[&str]| names.iter().flat_map(|name| headers.get_all(*name)).nth(1).is_some();
    match ONCE.iter().find(given) {
        Some(names) => {
            let detail = format!("the request has more than one header {}: send one", names.join(" or "));
            Err(Problem::new(StatusCode::BAD_REQUEST, "header_repeated", detail))
        }
        None => Ok(()),
    }
}
