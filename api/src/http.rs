//! The HTTP layer: issues commands, reads projections, decides nothing.

pub(crate) mod kit;
mod ops;
mod v6;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderValue;
use axum::middleware::from_fn_with_state;
use parking_commands::ids::Ids;
use parking_commands::ingest::Ingest;
use parking_commands::platform::Platform;
use parking_commands::writer::Writer;
use parking_processes::jobs::Jobs;
use parking_projections::reader::Reader;
use sqlx::PgPool;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::environment::Clock;
use crate::metrics::Metrics;
use kit::credential::Credential;
use kit::probe::Probe;
use kit::progress::Projections;
use kit::request;
use ops::{health, metrics, openapi};

/// The largest body taken, in bytes: a hundred times what ChirpStack sends.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;

/// What the handlers work with.
pub(crate) struct App {
    pub(crate) ingest: Ingest,
    pub(crate) platform: Arc<Platform>,
    pub(crate) jobs: Jobs,
    pub(crate) reader: Reader,
    pub(crate) probe: Probe,
    pub(crate) progress: Projections,
    pub(crate) writer: Writer,
    pub(crate) auditor: PgPool,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) credential: Credential,
    /// The log's id, as answers bear it beside a position.
    pub(crate) log_id: HeaderValue,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) ids: Box<dyn Ids>,
}

/// Every route of the server. What shows data is open, so it is only there on loopback until there are logins.
pub(crate) fn router(app: Arc<App>, on_loopback: bool) -> Router {
    let frame = OpenApiRouter::with_openapi(openapi::Frame::openapi());
    let operations = frame.merge(webhooks::routes()).merge(health::routes());
    let router = if on_loopback {
        let (router, document) = operations.merge(metrics::routes()).merge(v6::routes()).split_for_parts();
        router.merge(openapi::routes(document))
    } else {
        operations.into()
    };
    router
        // One layer: each would box every request and its answer once more.
        .layer((from_fn_with_state(app.clone(), request::handle), DefaultBodyLimit::max(BODY_LIMIT)))
        .with_state(app)
}
