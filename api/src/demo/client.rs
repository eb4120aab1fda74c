//! A client of the platform in the same process: requests skip only the socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tower::ServiceExt;

use super::log_refusal;
use crate::http::BODY_LIMIT;

/// Sends requests to the router.
pub(super) struct Client {
    router: Router,
    token: Option<SecretString>,
}

impl Client {
    /// `token` is the webhook secret, if there is one.
    pub(super) fn new(router: Router, token: Option<SecretString>) -> Self {
        Self { router, token }
    }

    /// Posts JSON, with an idempotency key if given; returns the answer if it was accepted.
    pub(super) async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Option<Value> {
        let mut request = Request::post(path).header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(token) = &self.token {
            request = request.header("x-webhook-token", token.expose_secret());
        }
        let request = request.body(Body::from(body.to_string())).ok()?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), BODY_LIMIT).await.ok()?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Some(answer);
        }
        log_refusal(path, status.as_u16(), &answer);
        None
    }
}
