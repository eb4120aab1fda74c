//! Command requests: the caller, the JSON body and the idempotency key.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::IgnoredAny;
use utoipa::{IntoParams, ToSchema};

use crate::http::kit::admission::is_json;
use crate::http::kit::app::AppState;
use crate::http::kit::caller::Caller;
use crate::http::kit::fields::{Body, Fields, FromFields};
use crate::http::kit::lenient;
use crate::http::kit::permission::Permission;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{invalid, invalid_body};

/// The longest accepted key.
const MAX_KEY: usize = 255;

/// A command with its JSON body. Unknown keys of the body are ignored.
pub(crate) struct Command<P, T> {
    pub(crate) caller: Caller<P>,
    pub(crate) body: T,
}

/// A command whose repetitions are recognised by what they ask instead of byte by byte: `commands` gets the key and makes the
/// fingerprint.
pub(crate) struct KeyedCommand<P, T> {
    pub(crate) caller: Caller<P>,
    pub(crate) body: T,
    /// The `Idempotency-Key`.
    pub(crate) key: Option<String>,
}

/// The parameter with which a client confirms a command, and with which it can prevent one.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents a parameter that all commands understand")]
pub(crate) struct Confirmation {
    /// `true`, `1`, `yes` or `on`, in any letter case. With any other value the command is refused.
    confirm: Option<bool>,
}

/// The body of a command that needs nothing but its path.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
pub(crate) struct EmptyBody {}

impl Body for EmptyBody {
    const OPTIONAL: bool = true;
}

/// The header that makes a command idempotent.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents a header that is parsed by hand")]
pub(crate) struct IdempotencyKey {
    /// A key that the caller chooses for this request, at most 255 characters. A repeated request with the same key and
    /// content is not executed again and gets an equivalent response; the same key with other content is refused.
    #[param(rename = "Idempotency-Key", max_length = 255)]
    idempotency_key: Option<String>,
}

impl<P: Permission, T: FromFields> FromRequest<AppState> for Command<P, T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let Received { parts, caller, bytes, key } = Received::<P>::from_request(request, app).await?;
        // The same under every path of the operation: a client may add or drop a slash when it repeats a request.
        let (path, query) = (lenient::own_path(parts.uri.path()), parts.uri.query().unwrap_or_default());
        let head = format!("{} {path}?{}\n", parts.method, lenient::own_query(query));
        let content = || [head.as_bytes(), &bytes].concat();
        let key = key.map(|key| app.platform.sealer.request_key(caller.tenant_id, key, &content()));
        Ok(Self { caller: caller.with_idempotency(key), body: read(&bytes)? })
    }
}

impl<P: Permission, T: FromFields> FromRequest<AppState> for KeyedCommand<P, T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let Received { caller, bytes, key, .. } = Received::from_request(request, app).await?;
        Ok(Self { caller, body: read(&bytes)?, key })
    }
}

/// A command as it arrived.
struct Received<P> {
    parts: Parts,
    caller: Caller<P>,
    bytes: Bytes,
    key: Option<String>,
}

impl<P: Permission> Received<P> {
    async fn from_request(request: Request, app: &AppState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let caller = Caller::<P>::from_request_parts(&mut parts, app).await?;
        refuse_unconfirmed(&parts)?;
        let request = Request::from_parts(parts.clone(), body);
        let bytes = Bytes::from_request(request, app).await;
        let bytes = bytes.map_err(|rejection| Problem::of(rejection.status()))?;
        refuse_other_types(&parts, &bytes)?;
        let key = idempotency_key(&parts)?;
        Ok(Self { parts, caller, bytes, key })
    }
}

/// A `confirm` that does not say yes says that nothing is to happen, with any command.
fn refuse_unconfirmed(parts: &Parts) -> Result<(), Problem> {
    if lenient::is_unconfirmed(parts.uri.query().unwrap_or_default()) {
        return Err(invalid("confirm does not say yes, so nothing was done: send confirm=true, or omit it"));
    }
    Ok(())
}

fn refuse_other_types(parts: &Parts, bytes: &Bytes) -> Result<(), Problem> {
    if bytes.is_empty() || is_json(&parts.headers) {
        return Ok(());
    }
    let detail = "the body must be JSON: send it with Content-Type: application/json";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
}

fn idempotency_key(parts: &Parts) -> Result<Option<String>, Problem> {
    let Some(key) = parts.headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().map(str::trim).filter(|key| !key.is_empty() && key.len() <= MAX_KEY);
    let key = key.ok_or_else(|| invalid("Idempotency-Key must be 1 to 255 visible ASCII characters"))?;
    Ok(Some(key.to_owned()))
}

fn read<T: FromFields>(bytes: &[u8]) -> Result<T, Problem> {
    let bytes = bytes.trim_ascii();
    if contains_nul(bytes) {
        return Err(invalid_body("a string must not contain the character U+0000: it cannot be stored"));
    }
    let fields = Fields::parse(bytes).map_err(|error| {
        if error.is_data() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
            return invalid_body("the body must be a JSON object");
        }
        let detail = format!("the body is not JSON: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
    })?;
    T::from_fields(fields)
}

/// True when a string of the JSON contains U+0000. PostgreSQL cannot store it, so it would stop every read model.
fn contains_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_distinguished_from_similar_escapes() {
        for json in [&br#"{"a":"\u0000"}"#[..], br#"{"a\\\u0000":1}"#, br#"["\n\u0000"]"#] {
            assert!(contains_nul(json), "{}", json.escape_ascii());
        }
        for json in [&br#"{"a":"\\u0000"}"#[..], br#"["u0000"]"#, br#"["\u0041"]"#, b"\\"] {
            assert!(!contains_nul(json), "{}", json.escape_ascii());
        }
    }
}
