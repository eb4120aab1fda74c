//! `GET /metrics`: the server's metrics in Prometheus's text format.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use parking_projections::engine::standing;
use tracing::warn;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::app::AppState;
use crate::http::kit::documented::{Code, CodeSet, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::problem::Problem;

/// The refusals of the metrics endpoint.
enum MetricsRefusals {}

impl CodeSet for MetricsRefusals {
    fn codes() -> Vec<Code> {
        vec![(StatusCode::INTERNAL_SERVER_ERROR, "internal")]
    }
}

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(metrics))
}

/// Returns the server's metrics for Prometheus.
// Without the database, the metrics that come from it keep their last values: the others matter all the more then.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "application/openmetrics-text"), Refusals<MetricsRefusals>))]
async fn metrics(State(app): State<AppState>) -> Result<Response, Problem> {
    let standing = async { standing::read(&mut *app.auditor.acquire().await?).await };
    match standing.await {
        Ok(standing) => app.metrics.note_standing(&standing),
        Err(error) => warn!(%error, "the status of the projections cannot be read"),
    }
    app.metrics.note_writer(app.writer.counts());
    app.metrics.note_unsent(app.answers.unsent());
    let text = app.metrics.text().map_err(|_| Problem::of(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}
