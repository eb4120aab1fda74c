//! The answer to a request whose head cannot be read: no middleware sees such a request.

use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use tracing::debug;

use crate::http::kit::app::App;
use crate::http::kit::hardening::harden;
use crate::http::kit::problem::Problem;
use crate::http::kit::request::X_REQUEST_ID;

/// The whole answer, as the client gets it: a problem document with the headers of every answer. The connection ends with it.
pub(crate) fn answer(app: &App, status: StatusCode) -> Vec<u8> {
    let (id, problem) = (app.ids.next().to_string(), Problem::of(status));
    debug!(request_id = id, %status, "the head of a request could not be read");
    app.metrics.refused(problem.code());
    let document = problem.document(&id);
    let mut headers = HeaderMap::new();
    harden(&mut headers, false);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, document.len().into());
    let date = app.clock.now().utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    for (name, text) in [(DATE, date), (X_REQUEST_ID, id)] {
        headers.extend(HeaderValue::from_str(&text).map(|value| (name, value)));
    }
    let mut answer = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in &headers {
        answer.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&document);
    answer
}
