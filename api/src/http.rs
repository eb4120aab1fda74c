//! The HTTP layer: issues commands, reads projections, decides nothing.

pub(crate) mod credential;
mod health;
mod orphan_devices;
mod page;
mod problem;
mod request;
mod webhooks;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use parking_commands::ids::Ids;
use parking_commands::ingest::Ingest;
use parking_commands::writer::Writer;
use parking_projections::progress::Progress;
use sqlx::PgPool;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::error;

use crate::environment::Clock;
use credential::Credential;
use problem::Problem;

/// The largest body taken, in bytes: a hundred times what ChirpStack sends.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;

/// A request that takes longer is cut off: its sender is slow or gone.
const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// What the handlers work with.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) reader: PgPool,
    pub(crate) orphan_devices: Progress,
    pub(crate) writer: Writer,
    pub(crate) credential: Arc<Credential>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
}

/// Every route of the server. What shows data is open, so it is only there on loopback until there are logins.
pub(crate) fn router(app: App, on_loopback: bool) -> Router {
    let mut reads = Router::new();
    if on_loopback {
        reads = reads.route("/api/v6/orphan-devices", get(orphan_devices::list));
    }
    Router::new()
        .route("/api/v1/uplink", post(webhooks::event))
        .route("/webhooks/chirpstack/uplink", post(webhooks::event))
        .route("/webhooks/chirpstack/join", post(webhooks::join))
        .route("/webhooks/health", get(health::webhooks))
        .route("/health", get(health::health))
        .merge(reads)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_LIMIT))
        .layer(from_fn(problem::render))
        .layer(from_fn_with_state(app.clone(), request::identify))
        .with_state(app)
}

#[expect(clippy::needless_pass_by_value, reason = "the form CatchPanicLayer asks for")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<&str>().map(ToString::to_string);
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
    error!(message, "a handler panicked");
    Problem::of(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
