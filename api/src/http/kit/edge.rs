//! What is known about a request while it is executed: its sender, which page may read the answer, and what is left to its
//! tenant.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_edge::{Allowance, Connection, Cors, Network, Preflight, Proxies, RateLimits, Sender};

use crate::http::kit::problem::Problem;
use crate::listen::{is_always_served, is_report};

/// What the operator has configured about the network, and the limits of clients.
pub(crate) struct Edge {
    pub(crate) proxies: Proxies,
    pub(crate) cors: Cors,
    pub(crate) limits: RateLimits,
    /// True if everything may cross a network unencrypted.
    pub(crate) takes_clear: bool,
}

/// What is known about one request.
pub(crate) struct Passage {
    /// Who sent it; none if this process sent it to itself.
    pub(crate) sender: Option<Sender>,
    /// The origin whose pages may read the answer.
    origin: Option<HeaderValue>,
    preflight: Option<Preflight>,
    /// Set when the request belongs to a tenant with a limit.
    allowance: OnceLock<Allowance>,
}

impl Edge {
    /// Finds out about a request. Its handler and the answer need it.
    pub(crate) fn enter(&self, request: &mut Request) -> Arc<Passage> {
        let connection = request.extensions().get::<Connection>();
        let sender = connection.map(|connection| self.proxies.sender(*connection, request.headers()));
        let origin = self.cors.allowed(request.headers());
        let preflight = self.cors.preflight(request.method(), request.headers());
        let passage = Arc::new(Passage { sender, origin, preflight, allowance: OnceLock::new() });
        request.extensions_mut().insert(passage.clone());
        passage
    }

    /// Refuses what crossed a network unencrypted, and a client that has sent too much without a credential. Webhooks, health
    /// checks and metrics may come unencrypted: whether the network between is a private one, the operator knows.
    pub(crate) fn admit(&self, passage: &Passage, request: &Request, now: Instant) -> Result<(), Problem> {
        let path = request.uri().path();
        let Some(sender) = &passage.sender else { return Ok(()) };
        if sender.is_in_clear && !self.takes_clear && !is_always_served(path) {
            return Err(https_required());
        }
        if sender.is_local || needs_credential(request) {
            return Ok(());
        }
        self.limits.check_anonymous(sender.address, now).map_err(|allowance| {
            let detail = "this address sends too many requests without a credential: wait, or log in";
            rate_limited(detail, allowance)
        })
    }

    /// Counts a request of a tenant; `per_minute` is the limit of its tier. Its answer then says what is left.
    pub(crate) fn charge_tenant(
        &self,
        parts: &Parts,
        tenant_id: TenantId,
        per_minute: Option<u32>,
        now: Instant,
    ) -> Result<(), Problem> {
        let checked = self.limits.check_tenant(tenant_id, per_minute, now);
        let passage = parts.extensions.get::<Arc<Passage>>();
        if let (Some(passage), Ok(Some(allowance)) | Err(allowance)) = (passage, checked) {
            passage.allowance.get_or_init(|| allowance);
        }
        let detail =
            "the tenant has used up its requests of this minute: wait, send fewer, or ask for another tier";
        checked.map(|_| ()).map_err(|allowance| rate_limited(detail, allowance))
    }

    /// Counts a refusal for a wrong credential. After too many from one address, the response is 429 instead. Requests with a
    /// valid credential are not affected.
    pub(crate) fn charge_refusal(&self, passage: &Passage, response: Response, now: Instant) -> Response {
        let Some(sender) = passage.sender.as_ref().filter(|sender| !sender.is_local) else { return response };
        if response.status() != StatusCode::UNAUTHORIZED {
            return response;
        }
        let Err(allowance) = self.limits.check_refused(sender.address, now) else { return response };
        let detail =
            "this address sends too many wrong credentials: check the configuration of the sender, and wait";
        let problem = rate_limited(detail, allowance);
        let is_logged = response.extensions().get().is_some_and(Problem::is_logged);
        if is_logged { problem.logged() } else { problem }.into_response()
    }

    /// Writes the headers for pages of other origins, and those of a tenant with a limit.
    pub(crate) fn leave(&self, passage: &Passage, headers: &mut HeaderMap) {
        self.cors.write(passage.origin.as_ref(), passage.preflight, headers);
        if let Some(allowance) = passage.allowance.get() {
            allowance.write(headers);
        }
    }
}

impl Passage {
    /// The answer to a browser that asks before it sends a page's request. It needs no credential, and gets none.
    pub(crate) fn preflight(&self) -> Result<Option<Response>, Problem> {
        match self.preflight {
            None => Ok(None),
            Some(Preflight::Allowed) => Ok(Some("OK".into_response())),
            Some(Preflight::OriginUnknown) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "origin_unknown",
                "pages of this origin may not call the server: add the origin to PARKING_CORS_ORIGINS",
            )),
            Some(Preflight::NotTaken) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "preflight_refused",
                "pages may send GET, POST, PUT, PATCH and DELETE, with the headers that docs/http.md lists",
            )),
        }
    }

    /// True if the page that sent the request belongs to a listed origin.
    pub(crate) fn is_of_listed_origin(&self) -> bool {
        self.origin.is_some()
    }

    /// True if the client used `https`.
    pub(crate) fn is_https(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| sender.is_https)
    }

    /// The host that the client asked a trusted proxy for.
    pub(crate) fn forwarded_host(&self) -> Option<&str> {
        self.sender.as_ref()?.host.as_deref()
    }

    /// The network of the client, for the log: an address would be a person's.
    pub(crate) fn network(&self) -> Option<Network> {
        self.sender.as_ref().map(|sender| Network::of_neighbours(sender.address))
    }
}

/// True for reports, whose handlers check a credential: of these only the refused ones count. A header alone proves nothing.
fn needs_credential(request: &Request) -> bool {
    let is_routed = request.extensions().get::<MatchedPath>().is_some();
    is_routed && request.method() == Method::POST && is_report(request.uri().path())
}

fn rate_limited(detail: &str, allowance: Allowance) -> Problem {
    Problem::rate_limited(detail, allowance.retry_after.unwrap_or(1))
}

fn https_required() -> Problem {
    let detail = "this request crossed a network unencrypted: send it with https, to the proxy or to the server's certificate \
                  (PARKING_TLS_CERT)";
    Problem::new(StatusCode::FORBIDDEN, "https_required", detail)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn an_answer_to_a_tenant_with_a_limit_says_what_is_left() {
        let edge = Edge {
            proxies: Proxies::default(),
            cors: Cors::default(),
            limits: RateLimits::default(),
            takes_clear: false,
        };
        let now = Instant::from_micros(1_800_000_000_000_000);
        let ask = |per_minute: Option<u32>| {
            let mut request = Request::new(Body::empty());
            let passage = edge.enter(&mut request);
            let charged = edge.charge_tenant(&request.into_parts().0, TenantId::DEFAULT, per_minute, now);
            let status = charged.as_ref().map_or_else(Problem::status, |()| StatusCode::OK);
            let mut answer = charged.into_response();
            edge.leave(&passage, answer.headers_mut());
            let header = |name: &str| {
                let value = answer.headers().get(name)?;
                value.to_str().ok().map(str::to_owned)
            };
            let limits = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
            (status.as_u16(), limits.map(|name| header(name).unwrap_or_default()).join(" "))
        };
        assert_eq!(ask(Some(2)), (200, "2 1 30 ".to_owned()));
        assert_eq!(ask(Some(2)), (200, "2 0 60 ".to_owned()));
        assert_eq!(ask(Some(2)), (429, "2 0 60 30".to_owned()));
        assert_eq!(ask(None), (200, "   ".to_owned()));
    }
}
