//! Bodies: JSON, read tolerantly, refused clearly.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::http::problem::Problem;

/// A JSON body. Keys that nobody knows are passed over.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body that may be missing, or be empty whatever it calls itself.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, state).await?;
        read(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, state).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            Ok(Self(T::default()))
        } else {
            read(&bytes).map(Self)
        }
    }
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let content_type = request.headers().get(CONTENT_TYPE).cloned();
    let bytes =
        Bytes::from_request(request, state).await.map_err(|rejection| Problem::of(rejection.status()))?;
    let is_json = content_type.is_none_or(|name| name.to_str().is_ok_and(|name| name.contains("json")));
    if is_json || bytes.is_empty() {
        Ok(bytes)
    } else {
        let detail = "the body must be JSON: send it with Content-Type: application/json";
        Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_invalid", error.to_string()),
        Category::Eof if bytes.is_empty() => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_missing", "this request needs a JSON body")
        }
        Category::Syntax | Category::Eof | Category::Io => {
            let detail = format!("the body is not JSON: {error}");
            Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
        }
    })
}
