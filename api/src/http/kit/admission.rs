//! What a request must be before its handler runs. Until there are logins, a server on loopback trusts whoever reaches it, so
//! it makes sure that this is a program of this machine: no page of another site, and nothing that a proxy passes on.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};

use crate::http::kit::problem::Problem;

/// Headers that decide whether a request is accepted and how it is read. Given twice, one proxy or program would go by the
/// first and another one by the last. The names in one list are names of the same thing.
const ONCE: [&[&str]; 8] = [
    &["authorization"],
    &["content-type"],
    &["host"],
    &["idempotency-key"],
    &["origin"],
    &["sec-fetch-site"],
    &["x-signature", "x-webhook-signature"],
    &["x-webhook-token"],
];

/// What proxies add.
const BY_PROXIES: [&str; 3] = ["forwarded", "via", "x-real-ip"];

/// What is served through a proxy too, as it is on other addresses than loopback.
const HEALTH: [&str; 2] = ["/health", "/webhooks/health"];

/// Whom a server serves without a credential.
pub(crate) enum Admission {
    /// On loopback: programs of this machine, which use a name of it or one of these.
    ThisMachine { hosts: Vec<String> },
    /// On other addresses: everyone, but there is nothing that shows data.
    Everyone,
}

/// Refuses a request that has a header twice that may decide.
pub(crate) fn refuse_repeated(headers: &HeaderMap) -> Result<(), Problem> {
    let given = |names: &&&[&str]| names.iter().flat_map(|name| headers.get_all(*name)).nth(1).is_some();
    match ONCE.iter().find(given) {
        Some(names) => {
            let detail = format!("the request has more than one header {}: send one", names.join(" or "));
            Err(Problem::new(StatusCode::BAD_REQUEST, "header_repeated", detail))
        }
        None => Ok(()),
    }
}

impl Admission {
    /// Refuses a request without a credential that does not come from a program of this machine.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Problem> {
        let Self::ThisMachine { hosts } = self else { return Ok(()) };
        let headers = request.headers();
        let host = headers.get(HOST).map(|host| Authority::try_from(host.as_bytes()));
        let target = request.uri().authority().cloned().map(Ok);
        // Every browser sends a Host.
        if host.into_iter().chain(target).any(|name| !name.is_ok_and(|name| is_known(&name, hosts))) {
            return Err(host_unknown());
        }
        if is_cross_site(request.method(), headers) {
            return Err(cross_site());
        }
        if is_forwarded(headers) && !HEALTH.iter().any(|path| request.uri().path().starts_with(path)) {
            return Err(forwarded());
        }
        Ok(())
    }
}

/// True if the body is declared to be JSON. No page of another site can do that without asking first.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = declared.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

/// A page whose name was made to resolve to this machine still sends that name as the host.
fn is_known(name: &Authority, hosts: &[String]) -> bool {
    let host = name.host();
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    address.is_ok_and(|address| address.to_canonical().is_loopback())
        || host.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
}

/// True for a request by a page of another origin. A link to a page of this server is followed.
fn is_cross_site(method: &Method, headers: &HeaderMap) -> bool {
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if *method == Method::GET && value("sec-fetch-mode") == Some("navigate") {
        return false;
    }
    let is_foreign = value("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    is_foreign || value(ORIGIN.as_str()).is_some_and(|origin| !is_own(origin, headers))
}

fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let name = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    name.zip(host).is_some_and(|(name, host)| name.eq_ignore_ascii_case(host))
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(HeaderName::as_str);
    names.any(|name| name.starts_with("x-forwarded-") || BY_PROXIES.contains(&name))
}

fn host_unknown() -> Problem {
    let detail = "this server is not called by the name in the Host header: use localhost or a loopback address, or add the \
                  name to PARKING_ALLOWED_HOSTS";
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "host_unknown", detail)
}

fn cross_site() -> Problem {
    let detail =
        "a page of another site sent this request: send it from a program, or from a page of this server";
    Problem::new(StatusCode::FORBIDDEN, "cross_site", detail)
}

fn forwarded() -> Problem {
    let detail = "a proxy forwarded this request, so its sender may be on another machine: until there are logins, only health \
                  checks and webhooks with a secret (CHIRPSTACK_WEBHOOK_SECRET) are served through a proxy";
    Problem::new(StatusCode::FORBIDDEN, "forwarded", detail)
}
