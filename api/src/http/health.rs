//! Is it well? The word "healthy" is only said when it is true.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use tracing::warn;

use super::App;
use super::problem::Problem;

/// `GET /health`.
pub(crate) async fn health(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    check_database(&app).await?;
    Ok(Json(json!({
        "status": "healthy",
        "version": env!("CARGO_PKG_VERSION"),
        "checks": {"database": "ok"},
        "timestamp": app.clock.now(),
    })))
}

/// `GET /webhooks/health`: well when the database answers and the writer takes appends.
pub(crate) async fn webhooks(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    check_database(&app).await?;
    if !app.writer.is_running() {
        return Err(Problem::unavailable("unhealthy", "the writer has stopped: nothing can be recorded"));
    }
    Ok(Json(json!({"status": "healthy", "service": "parking-webhooks", "timestamp": app.clock.now()})))
}

async fn check_database(app: &App) -> Result<(), Problem> {
    let head =
        sqlx::query_scalar::<_, i64>("select position from log_head").fetch_one(app.reader.pool()).await;
    head.map(|_| ()).map_err(|error| {
        warn!(%error, "the health check does not reach the database");
        Problem::unavailable("unhealthy", "the database does not answer")
    })
}
