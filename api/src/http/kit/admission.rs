//! What a request must be before its handler runs. No page of another site sends one. Where no login is needed, whoever reaches
//! the server is trusted, so there it must be a program of this machine, and nothing that a proxy passes on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::http::kit::edge::Passage;
use crate::http::kit::problem::Problem;

/// Headers that decide whether a request is accepted and how it is read. Given twice, one proxy or program would go by the
/// first and another one by the last. The names in one list are names of the same thing.
const ONCE: [&[&str]; 9] = [
    &["authorization"],
    &["content-type"],
    &["host"],
    &["idempotency-key"],
    &["origin"],
    &["sec-fetch-site"],
    &["x-signature", "x-webhook-signature"],
    &["x-tenant-slug"],
    &["x-webhook-token"],
];

/// What proxies add, besides what begins with `X-Forwarded`.
const BY_PROXIES: [&str; 15] = [
    "cdn-loop",
    "cf-connecting-ip",
    "cf-ray",
    "client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "true-client-ip",
    "via",
    "x-azure-clientip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-original-forwarded-for",
    "x-real-ip",
];

/// A scheme, and its port if none is given.
const HTTP: (&str, u16) = ("http", 80);
const HTTPS: (&str, u16) = ("https", 443);

/// What an open server serves through a proxy too: it shows nothing of a tenant.
const HEALTH: [&str; 2] = ["/health", "/webhooks/health"];

/// Without `--open` there are no further names.
const NO_NAMES: &[String] = &[];

/// Whom a server serves without a login.
pub(crate) enum Admission {
    /// Nobody, but for the operations that need none.
    Logins,
    /// Programs of this machine, which use a name of it or one of these: `--open`, on loopback only.
    ThisMachine { hosts: Vec<String> },
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
    /// True if no login is needed.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::ThisMachine { .. })
    }

    /// Refuses a request by a page of another site. Where no login is needed, or for a report without a secret
    /// (`is_unchecked`), also one that does not come from a program of this machine.
    pub(crate) fn check(&self, request: &Request, is_unchecked: bool) -> Result<(), Problem> {
        let headers = request.headers();
        let hosts: Option<&[String]> = match self {
            Self::ThisMachine { hosts } => Some(hosts),
            Self::Logins => is_unchecked.then_some(NO_NAMES),
        };
        if let Some(hosts) = hosts {
            let host = headers.get(HOST).map(|host| Place::of(host.as_bytes(), HTTP.1));
            let target =
                request.uri().authority().map(|target| Place::of(target.as_str().as_bytes(), HTTP.1));
            // Every browser sends a Host.
            if host.into_iter().chain(target).any(|place| !place.is_some_and(|place| place.is_known(hosts))) {
                return Err(host_unknown());
            }
        }
        // Nothing else stops a listed page that sends a report without a secret.
        if is_cross_site(request) || is_unchecked && is_of_listed_page(request) {
            return Err(cross_site());
        }
        let is_health = HEALTH.iter().any(|path| request.uri().path().starts_with(path));
        if hosts.is_some() && is_forwarded(headers) && !is_health {
            return Err(forwarded());
        }
        Ok(())
    }
}

/// True if the body is declared to be JSON. No page of another site can do that without asking first.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    is_declared(headers, "application/json")
}

/// True if the body is declared to be a form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    is_declared(headers, "application/x-www-form-urlencoded")
}

fn is_declared(headers: &HeaderMap, name: &str) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = declared.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(name))
}

/// A host and a port, as `Host` names them: without a user, and with a port that is a number or absent.
#[derive(PartialEq, Eq)]
struct Place {
    /// In lower case.
    host: String,
    port: u16,
}

impl Place {
    /// Reads `host[:port]` of HTTP (RFC 9110, 7.2; RFC 3986, 3.2.2 and 3.2.3).
    fn of(text: &[u8], usual_port: u16) -> Option<Self> {
        let authority = Authority::try_from(text).ok()?;
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host)? {
            "" | ":" => usual_port,
            port => port
                .strip_prefix(':')
                .filter(|port| port.bytes().all(|b| b.is_ascii_digit()))?
                .parse()
                .ok()?,
        };
        Some(Self { host: host.to_ascii_lowercase(), port })
    }

    /// A page whose name was made to resolve to this machine still sends that name as the host.
    fn is_known(&self, hosts: &[String]) -> bool {
        self.address().is_some_and(|address| address.to_canonical().is_loopback())
            || self.host == "localhost"
            || hosts.iter().any(|known| known.eq_ignore_ascii_case(&self.host))
    }

    /// Its address, if it is not a name. An IPv6 address stands in brackets.
    fn address(&self) -> Option<IpAddr> {
        match self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().ok().map(IpAddr::from),
            None => self.host.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        }
    }
}

fn is_of_listed_page(request: &Request) -> bool {
    request.extensions().get::<Arc<Passage>>().is_some_and(|passage| passage.is_of_listed_origin())
}

/// True for a request by a page of another origin that is not listed. A link to a page of this server is followed.
fn is_cross_site(request: &Request) -> bool {
    let (method, headers) = (request.method(), request.headers());
    let passage = request.extensions().get::<Arc<Passage>>().map(|passage| &**passage);
    if passage.is_some_and(Passage::is_of_listed_origin) {
        return false;
    }
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if *method == Method::GET && value("sec-fetch-mode") == Some("navigate") {
        return false;
    }
    let is_foreign = value("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    is_foreign || value(ORIGIN.as_str()).is_some_and(|origin| !is_own(origin, headers, passage))
}

/// True if the origin is this server: its scheme, host and port, as a trusted proxy or the connection says.
pub(super) fn is_own(origin: &str, headers: &HeaderMap, passage: Option<&Passage>) -> bool {
    let (scheme, port) = if passage.is_some_and(Passage::is_https) { HTTPS } else { HTTP };
    let place = origin.split_once("://").filter(|(of, _)| of.eq_ignore_ascii_case(scheme));
    let place = place.and_then(|(_, place)| Place::of(place.as_bytes(), port));
    let host = passage.and_then(Passage::forwarded_host).map(str::as_bytes);
    let host = host.or_else(|| headers.get(HOST).map(HeaderValue::as_bytes));
    place.is_some() && place == host.and_then(|host| Place::of(host, port))
}

/// Some proxies and programs take `_` for `-` in the names of headers.
fn is_forwarded(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(|name| name.as_str().replace('_', "-"));
    names.any(|name| name.starts_with("x-forwarded") || BY_PROXIES.contains(&&*name))
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
    let detail = "a proxy forwarded this request, so its sender may be on another machine: start the server without --open, and \
                  with a secret for webhooks (CHIRPSTACK_WEBHOOK_SECRET), to serve through a proxy";
    Problem::new(StatusCode::FORBIDDEN, "forwarded", detail)
}
