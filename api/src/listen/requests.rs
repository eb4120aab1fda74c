//! Passes the requests of one connection to the router, and records their phases.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Response;
use hyper::body::Incoming;
use parking_edge::Connection;
use tower::Service;

use super::activity::Activity;
use super::body::NotedBody;

/// The paths of webhooks for reports.
const REPORTS: [&str; 2] = ["/api/v1/uplink", "/webhooks/chirpstack"];

/// Paths that are served even when every other connection has a request in flight.
const ALWAYS: [&str; 4] = [REPORTS[0], "/webhooks", "/health", "/metrics"];

/// Marks a request that must be refused, because every connection except the reserve has a request in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowded;

/// The service of one connection.
pub(super) struct Requests {
    router: Router,
    activity: Arc<Activity>,
    connection: Connection,
}

impl Requests {
    pub(super) fn new(router: Router, activity: Arc<Activity>, connection: Connection) -> Self {
        Self { router, activity, connection }
    }
}

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response<NotedBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let (mut router, activity) = (self.router.clone(), self.activity.clone());
        request.extensions_mut().insert(self.connection);
        let path = request.uri().path();
        let (is_report, is_always_served) = (is_report(path), is_always_served(path));
        Box::pin(async move {
            // hyper may read a head while the answer before it is unsent, and polls this afterwards: until then the deadline
            // of that answer holds.
            activity.request_begun();
            if activity.slot().is_reserved() && !is_always_served {
                activity.slot().count_refused();
                request.extensions_mut().insert(Crowded);
            }
            let answer = router.call(request).await?;
            activity.answered(is_report && answer.status().is_success());
            Ok(answer.map(|body| NotedBody::new(body, activity)))
        })
    }
}

/// True for webhooks.
pub(crate) fn is_report(path: &str) -> bool {
    begins_with_one_of(path, &REPORTS)
}

/// True for webhooks, health checks and metrics.
pub(crate) fn is_always_served(path: &str) -> bool {
    begins_with_one_of(path, &ALWAYS)
}

fn begins_with_one_of(path: &str, paths: &[&str]) -> bool {
    paths.iter().any(|begin| path.starts_with(begin))
}
