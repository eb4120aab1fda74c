//! The handlers that the webhook is compared with: one that stores nothing, and one on stock cqrs-es and postgres-es.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use cqrs_es::AggregateError;
use hmac::{Hmac, KeyInit, Mac};
use parking_domain::uplinks::Uplinks;
use postgres_es::PostgresCqrs;
use serde_json::json;
use sha2::Sha256;
use tokio::net::TcpListener;

use super::generator::SECRET;
use crate::environment::now;
use crate::report::say;
use crate::{BenchError, stock, uplinks};

/// Verifies and parses: the upper limit.
pub(crate) async fn serve_ceiling() -> Result<(), BenchError> {
    serve(Router::new().route("/api/v1/uplink", post(parse_only))).await
}

/// Verifies, parses, and executes the command with the stock framework, which updates its view.
pub(crate) async fn serve_stock() -> Result<(), BenchError> {
    let framework = Arc::new(stock::framework_with_view(&std::env::var("DATABASE_URL")?).await);
    serve(Router::new().route("/api/v1/uplink", post(execute)).with_state(framework)).await
}

async fn serve(router: Router) -> Result<(), BenchError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(format_args!("serving on http://{}", listener.local_addr()?));
    Ok(axum::serve(listener, router).await?)
}

async fn parse_only(headers: HeaderMap, body: Bytes) -> Response {
    if !signed(&headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match uplinks::command(&body, now()) {
        Ok((id, _)) => accepted(&id),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn execute(
    State(framework): State<Arc<PostgresCqrs<Uplinks>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !signed(&headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let (id, command) = match uplinks::command(&body, now()) {
        Ok(command) => command,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    match stock::execute(&framework, &id, command, Some(&body)).await {
        Ok(()) => accepted(&id),
        Err(AggregateError::AggregateConflict) => StatusCode::CONFLICT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn accepted(id: &str) -> Response {
    Json(json!({"status": "accepted", "stream": id})).into_response()
}

/// As in the platform: hex HMAC-SHA256 over the raw body.
fn signed(headers: &HeaderMap, body: &[u8]) -> bool {
    let signature = headers.get("x-signature").and_then(|signature| hex::decode(signature).ok());
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("an HMAC takes a key of any length");
    signature.is_some_and(|signature| mac.chain_update(body).verify_slice(&signature).is_ok())
}
