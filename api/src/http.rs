//! The HTTP layer: issues commands, reads projections, decides nothing.

mod document;
pub(crate) mod kit;
mod ops;
mod v6;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use kit::app::AppState;
use kit::request::{self, Door};
use ops::{health, metrics, openapi};

/// The largest body taken, in bytes: a hundred times what ChirpStack sends.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;

/// Every route of the server.
pub(crate) fn router(app: AppState) -> Router {
    let frame = OpenApiRouter::with_openapi(openapi::Frame::openapi());
    let operations = frame.merge(webhooks::routes()).merge(health::routes()).merge(metrics::routes());
    let (router, document) = operations.merge(v6::routes()).split_for_parts();
    let door = Door { app: app.clone(), guarded: Arc::new(document::guarded(&document)) };
    router
        .merge(openapi::routes(&document))
        // One layer: each would box every request and its answer once more.
        .layer((from_fn_with_state(door, request::handle), DefaultBodyLimit::max(BODY_LIMIT)))
        .with_state(app)
}
