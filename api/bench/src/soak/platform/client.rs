//! A client that lives through restarts of the server, and remembers every answer that should never have been given.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::BenchError;
use crate::ingest::generator::SECRET;

/// Longer than the server lets any request take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The number of failures that are reported. A broken invariant usually fails many times in one run.
const TOLD: usize = 20;

/// Speaks to whichever server serves now. Clones share what they saw.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    shared: Arc<Shared>,
}

struct Shared {
    address: Mutex<SocketAddr>,
    failures: Mutex<Vec<String>>,
}

/// What the server answered; none when it was not there.
pub(super) type Answer = Option<(u16, Value)>;

impl Client {
    pub(super) fn new(address: SocketAddr) -> Result<Self, BenchError> {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let shared = Shared { address: Mutex::new(address), failures: Mutex::default() };
        Ok(Self { http, shared: Arc::new(shared) })
    }

    /// The server was started again, at another port.
    pub(super) fn moved_to(&self, address: SocketAddr) {
        *self.shared.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    pub(super) fn address(&self) -> SocketAddr {
        *self.shared.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a body, or none. An answer of 5xx other than 503 is a failure, whatever was asked.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&str>) -> Answer {
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
    pub(super) async fn must(
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

    /// Notes something that should never happen.
    pub(super) fn fail(&self, what: String) {
        let mut failures = self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() < TOLD {
            failures.push(what);
        }
    }

    pub(super) fn failures(&self) -> Vec<String> {
        self.shared.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
