//! Each request has an id: the caller's own if it is a sane one, else a new one. It is in the answer and in the log.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, info_span};

use super::App;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids than any tracing system makes are not taken over.
const MAX_LENGTH: usize = 128;

/// The id of the request at hand, for handlers to take as an extension.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Middleware: names the request, and says the name in the answer.
pub(crate) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(X_REQUEST_ID).and_then(sane);
    let id = given.unwrap_or_else(|| app.ids.next().to_string());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = info_span!("request", id, method = %request.method(), path = request.uri().path());
    let mut response = next.run(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

fn sane(id: &HeaderValue) -> Option<String> {
    let id = id.to_str().ok()?;
    let sane = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!id.is_empty() && id.len() <= MAX_LENGTH && id.chars().all(sane)).then(|| id.to_owned())
}
