//! The platform's front door, from inside the house: requests that go the whole way except for the socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tower::ServiceExt;

use super::not_taken;
use crate::http::BODY_LIMIT;

/// Sends requests to the router.
pub(super) struct Door {
    router: Router,
    token: Option<SecretString>,
}

impl Door {
    /// `token` is the webhook's secret, if it has one.
    pub(super) fn new(router: Router, token: Option<SecretString>) -> Self {
        Self { router, token }
    }

    /// Posts JSON, under a key if it is to be done once; what was answered, if it was taken.
    pub(super) async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Option<Value> {
        self.send(Method::POST, path, key, body).await
    }

    async fn send(&self, method: Method, path: &str, key: Option<&str>, body: &Value) -> Option<Value> {
        let mut request =
            Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose_secret()));
        }
        let request = request.body(Body::from(body.to_string())).ok()?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), BODY_LIMIT).await.ok()?;
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Some(answer);
        }
        not_taken(path, status.as_u16(), &answer);
        None
    }
}
