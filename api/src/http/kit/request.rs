//! Middleware around every request: it assigns the request id, which responses and the server's log contain; it refuses
//! what no handler may get, limits the duration, catches panics, and counts large answers until they are sent; and it writes
//! the problem document of a refusal and the headers of every answer.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::timeout;
use tracing::field::display;
use tracing::{Instrument, debug, error, info_span};

use crate::http::kit::admission;
use crate::http::kit::app::{App, AppState};
use crate::http::kit::authentication;
use crate::http::kit::budget::Share;
use crate::http::kit::edge::Passage;
use crate::http::kit::guarded::Guarded;
use crate::http::kit::hardening::harden;
use crate::http::kit::permission::Needs;
use crate::http::kit::problem::{self, OVERLOADED, Problem};
use crate::http::kit::reply::{Executed, X_POSITION};
use crate::listen::{Crowded, is_always_served, is_report};
use crate::metrics::{Route, word};

/// The id of the request.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The log that `X-Position` is a position of.
const X_LOG_ID: HeaderName = HeaderName::from_static("x-log-id");

/// The longest accepted id: longer than any tracing system generates.
const MAX_LENGTH: usize = 128;

/// A request that takes longer is aborted: its sender is slow or gone.
const LIMIT: Duration = Duration::from_secs(15);

/// The id of the current request, which handlers extract as an extension.
#[derive(Clone, Debug)]
pub(crate) struct RequestId {
    /// The id.
    pub(crate) id: Arc<str>,
    /// True when the caller chose it.
    pub(crate) is_given: bool,
}

/// What the middleware needs.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) app: AppState,
    pub(crate) guarded: Arc<Guarded>,
}

/// The only middleware.
pub(crate) async fn handle(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let app = door.app;
    let needs = door.guarded.needs(&request);
    let given = request.headers().get(X_REQUEST_ID).and_then(valid_id);
    let is_given = given.is_some();
    let id: Arc<str> = given.unwrap_or_else(|| app.ids.next().to_string().into());
    request.extensions_mut().insert(RequestId { id: id.clone(), is_given });
    let route = Route(request.extensions().get::<MatchedPath>().cloned());
    // Not the path: it may contain what is of a person, and it is as long as the client likes.
    let template = route.0.as_ref().map_or("unmatched", MatchedPath::as_str);
    let span = info_span!("request", id = &*id, method = word(request.method()), route = template);
    let content_type = problem::content_type(request.headers());
    let passage = app.edge.enter(&mut request);

    let (begun, method) = (Instant::now(), request.method().clone());
    let is_always_served = is_always_served(request.uri().path());
    let has_room = method.is_safe() || is_always_served || app.answers.has_room();
    let is_page = request.uri().path().starts_with("/docs");

    let mut response = match request.extensions().get::<Crowded>() {
        Some(Crowded) => refuse_crowded(),
        None if !has_room => Problem::overloaded().into_response(),
        None => match admit(&app, &passage, needs, &request) {
            Ok(Some(answer)) => answer,
            Ok(None) => {
                let handling = serve(&app, needs, request, next);
                bounded(handling, LIMIT).instrument(span.clone()).await
            }
            Err(refusal) => refusal.into_response(),
        },
    };
    let is_matched = route.0.is_some();
    if response.extensions().get().is_some_and(Problem::had_no_connection) && app.probe.answers().await {
        response = Problem::overloaded().into_response();
    }
    response = app.edge.charge_refusal(&passage, response, app.clock.now());
    // The body of an answer to `HEAD` is not sent, and refusals are small.
    if method != Method::HEAD {
        let share = share_of(&response, is_always_served);
        response = app.answers.hold(response, share).await;
    }
    app.metrics.answered(&method, route, response.status(), begun.elapsed());
    if response.status().is_client_error() || response.status().is_server_error() {
        let problem = response.extensions_mut().remove().unwrap_or_else(|| Problem::of(response.status()));
        app.metrics.refused(problem.code());
        if !problem.is_logged() {
            span.in_scope(|| app.turned_away.refusal(&problem, is_matched, &passage, app.clock.now()));
        }
        response = problem::render(response, &problem, content_type, &id);
    }
    // A position has no meaning without the log that it belongs to.
    if response.headers().contains_key(X_POSITION) {
        response.headers_mut().insert(X_LOG_ID, app.log_id.clone());
    }
    harden(response.headers_mut(), is_page);
    app.edge.leave(&passage, response.headers_mut());
    span.in_scope(|| {
        let (status, client) = (response.status().as_u16(), passage.network().map(display));
        let user = passage.user().map(display);
        debug!(status, client, user, time = ?begun.elapsed(), "the request is answered");
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// Finds out who the caller is, then runs the handler.
async fn serve(app: &App, needs: Needs, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match authentication::authenticate(&mut parts, app, needs).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Refuses what no handler may get, and answers what needs none. Reports with a secret are free: their handlers check it, and
/// ChirpStack may call the server by any name.
fn admit(app: &App, passage: &Passage, needs: Needs, request: &Request) -> Result<Option<Response>, Problem> {
    admission::refuse_repeated(request.headers())?;
    if let Some(answer) = passage.preflight()? {
        return Ok(Some(answer));
    }
    app.edge.admit(passage, needs, request, app.clock.now())?;
    let is_report = is_report(request.uri().path());
    if !(app.credential.is_secret() && is_report) {
        app.admission.check(request, is_report)?;
    }
    Ok(None)
}

/// What a large answer may take of the budget of unsent answers.
fn share_of(response: &Response, is_always_served: bool) -> Share {
    match response.extensions().get::<Executed>() {
        Some(Executed) => Share::Done,
        None if is_always_served => Share::Watch,
        None => Share::Read,
    }
}

/// The handler's response, or a refusal when the handler takes longer than `limit` or panics.
async fn bounded(handler: impl Future<Output = Response>, limit: Duration) -> Response {
    match timeout(limit, AssertUnwindSafe(handler).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => panicked(&*panic),
        Err(_) => Problem::of(StatusCode::REQUEST_TIMEOUT).into_response(),
    }
}

/// Refuses a request while only webhooks, health checks and metrics are served. Closing the connection frees it for them.
fn refuse_crowded() -> Response {
    let detail = "all connections of the server are in use: send the request again in a moment";
    let refusal = Problem::unavailable(OVERLOADED, detail);
    ([(CONNECTION, HeaderValue::from_static("close"))], refusal).into_response()
}

fn valid_id(id: &HeaderValue) -> Option<Arc<str>> {
    let id = id.to_str().ok()?;
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    (!id.is_empty() && id.len() <= MAX_LENGTH && id.chars().all(is_valid)).then(|| id.into())
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    error!(message, "a handler panicked");
    Problem::of(StatusCode::INTERNAL_SERVER_ERROR).logged().into_response()
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use axum::body::to_bytes;
    use serde_json::Value;

    use super::*;

    /// The status and the problem document of a response.
    async fn document(answer: Response) -> (u16, Value) {
        let problem = answer.extensions().get().cloned().expect("a refusal");
        let json = HeaderValue::from_static("application/json");
        let answer = problem::render(answer, &problem, json, "request-7");
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 10_000).await.expect("a body in memory");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn a_slow_or_panicking_handler_yields_a_problem_document() {
        let late = bounded(pending(), Duration::from_millis(1)).await;
        let broken = bounded(async { panic!("on purpose") }, LIMIT).await;
        for (answer, expected) in [(late, (408, "request_timeout")), (broken, (500, "internal"))] {
            let (status, document) = document(answer).await;
            assert_eq!((status, document["code"].as_str()), (expected.0, Some(expected.1)));
            assert_eq!((&document["status"], &document["request_id"]), (&status.into(), &"request-7".into()));
            let detail = document["detail"].as_str().expect("a text");
            assert!(!detail.is_empty() && !detail.contains("on purpose"), "{detail}");
        }
        assert_eq!(bounded(ready(StatusCode::OK.into_response()), LIMIT).await.status(), StatusCode::OK);
    }
}
