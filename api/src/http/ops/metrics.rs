//! `GET /metrics`: everything the server counts, as Prometheus reads it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use parking_projections::standing;
use tracing::warn;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::app::AppState;
use crate::http::kit::documented::{Code, CodeSet, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::problem::Problem;

/// Why nothing is said.
enum Uncounted {}

impl CodeSet for Uncounted {
    fn codes() -> Vec<Code> {
        vec![(StatusCode::INTERNAL_SERVER_ERROR, "internal")]
    }
}

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(metrics))
}

/// What the server counts, for Prometheus.
// What the database knows is left as it was if the database is away: the rest is worth the more then.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"), Refusals<Uncounted>))]
async fn metrics(State(app): State<AppState>) -> Result<Response, Problem> {
    let standing = async { standing::read(&mut *app.auditor.acquire().await?).await };
    match standing.await {
        Ok(standing) => app.metrics.note_standing(&standing),
        Err(error) => warn!(%error, "how the projections stand cannot be read"),
    }
    app.metrics.note_writer(app.writer.counts());
    let text = app.metrics.text().map_err(|_| Problem::of(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}
