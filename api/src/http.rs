//! The HTTP layer: issues commands, reads projections, decides nothing.

mod document;
pub(crate) mod kit;
mod ops;
mod v6;
mod webhooks;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use kit::app::AppState;
use kit::request;
use ops::{health, metrics, openapi};

/// The largest body taken, in bytes: a hundred times what ChirpStack sends.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;

/// Every route of the server. What shows data is open, so it is only there on loopback until there are logins.
pub(crate) fn router(app: AppState, on_loopback: bool) -> Router {
    let frame = OpenApiRouter::with_openapi(openapi::Frame::openapi());
    let operations = frame.merge(webhooks::routes()).merge(health::routes());
    let router = if on_loopback {
        let (router, document) = operations.merge(metrics::routes()).merge(v6::routes()).split_for_parts();
        router.merge(openapi::routes(&document))
    } else {
        operations.into()
    };
    router
        // One layer: each would box every request and its answer once more.
        .layer((from_fn_with_state(app.clone(), request::handle), DefaultBodyLimit::max(BODY_LIMIT)))
        .with_state(app)
}
