//! Which pages of other origins may read answers: those of a configured list, named exactly.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method};

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const HEADERS: [&str; 10] = [
    "Content-Type",
    "Authorization",
    "Accept",
    "Origin",
    "X-Requested-With",
    "X-API-Key",
    "X-Tenant-Slug",
    "X-Device-Fingerprint",
    "X-Request-ID",
    "Idempotency-Key",
];

/// The headers of an answer that a page may read.
const EXPOSED: &str = "X-Position, X-Log-Id, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, \
                       X-RateLimit-Reset, Retry-After";

/// How long a browser may remember what it was allowed, in seconds.
const MAX_AGE: &str = "600";

/// Why a text is not an origin that can be allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin: write it like https://console.example or http://localhost:3000, without a path and without `*`"
)]
pub struct OriginError(String);

/// What a browser asks before it sends a request of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preflight {
    /// It may send the request.
    Allowed,
    /// The origin is not in the list.
    OriginUnknown,
    /// The origin is in the list; no operation takes this method or one of these headers.
    NotTaken,
}

/// The origins whose pages may read answers, with the user's cookies and credentials.
#[derive(Clone, Debug, Default)]
pub struct Cors(Vec<HeaderValue>);

impl Cors {
    /// Allows these origins.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, OriginError> {
        origins.into_iter().map(origin).collect::<Result<_, _>>().map(Self)
    }

    /// The origin of a request, if its pages may read the answer.
    pub fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.0.iter().find(|allowed| *allowed == origin).cloned()
    }

    /// What a browser asks with this request, if it asks before it sends another one.
    pub fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Preflight> {
        if *method != Method::OPTIONS || !headers.contains_key(ORIGIN) {
            return None;
        }
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        if self.allowed(headers).is_none() {
            return Some(Preflight::OriginUnknown);
        }
        let fields = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).into_iter();
        let mut names = fields.flat_map(|field| field.to_str().unwrap_or("\0").split(',')).map(str::trim);
        let is_taken = METHODS.iter().any(|method| wanted == method)
            && names
                .all(|name| name.is_empty() || HEADERS.iter().any(|taken| taken.eq_ignore_ascii_case(name)));
        Some(if is_taken { Preflight::Allowed } else { Preflight::NotTaken })
    }

    /// Writes the headers of an answer to a request of this [allowed](Self::allowed) origin, if any.
    pub fn write(&self, origin: Option<&HeaderValue>, preflight: Option<Preflight>, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        // A cache must not give one origin's answer to another one.
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = origin else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        if preflight.is_none() {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
            return;
        }
        let list =
            |names: &[&str]| HeaderValue::from_str(&names.join(", ")).expect("names of methods and headers");
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, list(&METHODS));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, list(&HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    }
}

/// An origin as browsers write it: scheme and host in lower case, a port only if it is not the scheme's own.
fn origin(text: &str) -> Result<HeaderValue, OriginError> {
    let wrong = || OriginError(text.to_owned());
    let lower = text.to_ascii_lowercase();
    let (scheme, place) = lower.split_once("://").ok_or_else(wrong)?;
    let usual = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return Err(wrong()),
    };
    let authority: Authority = place.parse().map_err(|_| wrong())?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]_".contains(c);
    let has_port = authority.host() != place;
    if authority.host().is_empty()
        || !place.chars().all(is_host)
        || has_port && authority.port_u16().is_none_or(|port| port == 0)
    {
        return Err(wrong());
    }
    let place = place.strip_suffix(usual).unwrap_or(place);
    HeaderValue::from_str(&format!("{scheme}://{place}")).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSOLE: &str = "https://console.example";

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn cors() -> Cors {
        Cors::new([CONSOLE, "http://localhost:3000"]).unwrap()
    }

    #[test]
    fn an_origin_is_allowed_exactly_as_it_is_written() {
        let is_allowed = |origin| cors().allowed(&headers(&[("origin", origin)])).is_some();
        assert!(is_allowed(CONSOLE) && is_allowed("http://localhost:3000"));
        for other in [
            "null",
            "*",
            "",
            "http://console.example",
            "https://console.example:444",
            "https://console.example.evil.example",
            "https://evil-console.example",
            "https://sub.console.example",
            "https://console.example/",
            "http://localhost",
            "http://localhost:30000",
        ] {
            assert!(!is_allowed(other), "{other}");
        }
        assert!(Cors::default().allowed(&headers(&[("origin", CONSOLE)])).is_none());
    }

    #[test]
    fn an_origin_is_configured_as_browsers_write_it() {
        for (written, read) in [
            ("HTTPS://Console.Example:443", CONSOLE),
            ("http://localhost:80", "http://localhost"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(origin(written).unwrap(), read);
        }
        for wrong in [
            "*",
            "null",
            "",
            "console.example",
            "https://",
            "https://*.example",
            "https://console.example/",
            "https://console.example/path",
            "https://console.example?x",
            "https://user@console.example",
            "https://console.example:",
            "https://console.example:x",
            "https://console.example:0",
            "https://console.example:99999",
            "ftp://console.example",
            "https://a b",
        ] {
            assert_eq!(Cors::new([wrong]).unwrap_err(), OriginError(wrong.to_owned()));
        }
    }

    #[test]
    fn a_preflight_names_an_origin_a_method_and_headers() {
        let ask = |list: &[(&'static str, &'static str)]| cors().preflight(&Method::OPTIONS, &headers(list));
        let (origin, method) = (("origin", CONSOLE), ("access-control-request-method", "PATCH"));
        let names = |names| ("access-control-request-headers", names);
        assert_eq!(ask(&[origin, method]), Some(Preflight::Allowed));
        assert_eq!(
            ask(&[origin, method, names("content-type,authorization, x-api-key"), names("Idempotency-Key")]),
            Some(Preflight::Allowed)
        );
        assert_eq!(ask(&[origin, method, names("x-evil")]), Some(Preflight::NotTaken));
        assert_eq!(ask(&[origin, ("access-control-request-method", "TRACE")]), Some(Preflight::NotTaken));
        assert_eq!(ask(&[("origin", "null"), method]), Some(Preflight::OriginUnknown));
        assert_eq!(ask(&[origin]), None);
        assert_eq!(ask(&[method]), None);
        assert_eq!(cors().preflight(&Method::GET, &headers(&[origin, method])), None);
    }

    #[test]
    fn without_a_list_an_answer_has_no_header_of_it() {
        let mut answer = HeaderMap::new();
        Cors::default().write(None, None, &mut answer);
        assert!(answer.is_empty());
        cors().write(None, None, &mut answer);
        assert_eq!((answer.len(), &answer[VARY]), (1, &HeaderValue::from_static("Origin")));
    }
}
