//! A client that survives restarts of the server, and records every answer that must not happen.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::BenchError;
use crate::ingest::generator::SECRET;

/// Longer than the server's limit for any request.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most failures that are reported. A broken invariant usually fails many times in one run.
const REPORTED: usize = 20;

/// Talks to the current server. Clones share their records.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    shared: Arc<Shared>,
}

struct Shared {
    address: Mutex<SocketAddr>,
    failures: Mutex<Vec<String>>,
}

/// The server's answer; none when it was not reachable.
pub(crate) type Answer = Option<(u16, Value)>;

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Result<Self, BenchError> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let shared = Shared { address: Mutex::new(address), failures: Mutex::default() };
        Ok(Self { http, shared: Arc::new(shared) })
    }

    /// Sets the address of a restarted server.
    pub(crate) fn moved_to(&self, address: SocketAddr) {
        *self.shared.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        *self.shared.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request. An answer of 5xx other than 503 is a failure.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&str>) -> Answer {
        let url = format!("http://{}{path}", self.address());
        let mut request = self.http.request(method.clone(), url).bearer_auth(SECRET);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        if status >= 500 && status != 503 {
            self.fail(format!("{method} {path} answered {status}: {text}"));
        }
        Some((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// The answer to a request that must succeed.
    pub(crate) async fn must(
        &self,
        method: Method,
        path: &str,
        body: Option<&str>,
    ) -> Result<Value, BenchError> {
        match self.ask(method, path, body).await {
            Some((200..300, value)) => Ok(value),
            other => Err(format!("{path} was answered {other:?}").into()),
        }
    }

    /// Records something that must not happen.
    pub(crate) fn fail(&self, what: String) {
        let mut failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < REPORTED {
            failures.push(what);
        }
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
