//! `GET /metrics`: everything the server counts, as Prometheus reads it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use parking_projections::standing;
use tracing::warn;

use super::App;
use super::problem::Problem;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the database knows is left as it was if the database is away: the rest is worth the more then.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let standing = async { standing::read(&mut *app.auditor.acquire().await?).await };
    match standing.await {
        Ok(standing) => app.metrics.note_standing(&standing),
        Err(error) => warn!(%error, "how the projections stand cannot be read"),
    }
    app.metrics.note_writer(app.writer.counts());
    let text = app.metrics.text().map_err(|_| Problem::of(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}
