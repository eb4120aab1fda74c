//! Refusals as RFC 9457 problem documents. Every error becomes a response here.

mod causes;

use std::collections::BTreeMap;

use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_projections::engine::outage::{had_no_connection, is_overload};
use serde::Serialize;
use serde_json::Value;

use crate::http::BODY_LIMIT;

/// The code of a refusal by an overloaded server.
pub(crate) const OVERLOADED: &str = "overloaded";

/// A refusal: the cause, and what the caller can do about it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    /// One extension member: its name and a list.
    extension: Option<(&'static str, Vec<Value>)>,
    /// True when no connection to the database was available: it may be overloaded rather than unavailable.
    had_no_connection: bool,
    /// Seconds until the same request may succeed.
    retry_after: Option<u64>,
    /// True when the log has a line about it already.
    is_logged: bool,
}

/// The document, a superset of what V6's clients read. `detail` is always a plain string.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    request_id: &'a str,
    #[serde(flatten)]
    extensions: BTreeMap<&'static str, &'a [Value]>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            extension: None,
            had_no_connection: false,
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
            is_logged: false,
        }
    }

    /// The same problem, about which the log has a line already.
    pub(crate) fn logged(self) -> Self {
        Self { is_logged: true, ..self }
    }

    /// True when the log has a line about it already.
    pub(crate) fn is_logged(&self) -> bool {
        self.is_logged
    }

    /// The same problem with an extension member.
    pub(crate) fn with(self, name: &'static str, list: Vec<Value>) -> Self {
        Self { extension: Some((name, list)), ..self }
    }

    /// The default problem of a status.
    pub(crate) fn of(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path".to_owned()),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "this path does not support this method: the Allow header lists the supported methods"
                    .to_owned(),
            ),
            StatusCode::PAYLOAD_TOO_LARGE => {
                ("body_too_large", format!("the body is larger than {BODY_LIMIT} bytes: send a smaller one"))
            }
            StatusCode::REQUEST_TIMEOUT => {
                ("request_timeout", "the request took too long to arrive: send it again".to_owned())
            }
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
                "head_too_large",
                "the head of the request has more than 16 KiB or more than 100 fields: send fewer or shorter headers"
                    .to_owned(),
            ),
            StatusCode::URI_TOO_LONG => {
                ("uri_too_long", "the target of the request is too long: send a shorter one".to_owned())
            }
            status if status.is_server_error() => (
                "internal",
                "the server failed: try again, and quote the request id if the error persists".to_owned(),
            ),
            _ => ("bad_request", "the request cannot be read: send it in the form of HTTP/1.1".to_owned()),
        };
        Self::new(status, code, detail)
    }

    pub(crate) fn unauthorized(code: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    /// The database is unavailable, and the command was not executed.
    fn nothing_stored() -> Self {
        let detail = "the database is unavailable, nothing was stored: send the request again";
        Self::unavailable("database_unavailable", detail)
    }

    /// The request failed because the database could not be queried. `unavailable` is the problem unless it is overloaded.
    fn of_database(error: &sqlx::Error, unavailable: Self) -> Self {
        if is_overload(error) {
            return Self::overloaded();
        }
        Self { had_no_connection: had_no_connection(error), ..unavailable }
    }

    /// The server is overloaded.
    pub(crate) fn overloaded() -> Self {
        let detail = "the server is overloaded, the request was not executed: send it again in a moment";
        Self::unavailable(OVERLOADED, detail)
    }

    /// True for a refusal of every request, while the server is overloaded: the log gets a line a minute about them.
    fn is_frequent(&self) -> bool {
        self.code == OVERLOADED || self.had_no_connection
    }

    /// True when no connection to the database was available: it may be overloaded rather than unavailable.
    pub(crate) fn had_no_connection(&self) -> bool {
        self.had_no_connection
    }

    /// The client has sent too many requests.
    pub(crate) fn rate_limited(detail: &str, retry_after: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// The server cannot serve the request now. The same request may succeed in a moment.
    pub(crate) fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    /// The refusal's status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The cause, and what the caller can do about it.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The refusal's code.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// The document in the body of the answer.
    pub(crate) fn document(&self, request_id: &str) -> Vec<u8> {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            extensions: self.extension.iter().map(|(name, list)| (*name, &**list)).collect(),
        };
        serde_json::to_vec(&document).expect("texts and numbers always serialise")
    }
}

impl IntoResponse for Problem {
    /// A response without a body: [`render`] writes the body, because it knows the request.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem document of a refusal, including refusals by the web framework.
pub(crate) fn render(
    refusal: Response,
    problem: &Problem,
    content_type: HeaderValue,
    request_id: &str,
) -> Response {
    let (mut parts, _) = refusal.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, content_type);
    Response::from_parts(parts, problem.document(request_id).into())
}

/// V6's front end reads a refusal only as `application/json`. Clients that accept `application/problem+json` get that type.
pub(crate) fn content_type(headers: &HeaderMap) -> HeaderValue {
    const PROBLEM: &str = "application/problem+json";
    let accepts_problem =
        headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|text| text.contains(PROBLEM)));
    HeaderValue::from_static(if accepts_problem { PROBLEM } else { "application/json" })
}
