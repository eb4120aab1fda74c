//! Answers: what a command did, and where the log stands with it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::problem::Problem;
use crate::http::webhooks::X_POSITION;

/// What a command did, as JSON, with the position at or after which reads show it.
pub(crate) struct Answer<T> {
    status: StatusCode,
    position: Option<i64>,
    body: T,
}

impl<T: Serialize> Answer<T> {
    /// Something was done.
    pub(crate) fn done(position: Option<i64>, body: T) -> Self {
        Self { status: StatusCode::OK, position, body }
    }

    /// Something has begun.
    pub(crate) fn begun(body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, position: None, body }
    }

    /// Something exists now.
    pub(crate) fn created(position: Option<i64>, body: T) -> Self {
        Self { status: StatusCode::CREATED, position, body }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(position) = self.position {
            response.headers_mut().insert(X_POSITION, position.into());
        }
        response
    }
}

/// What a command concerned, as it is afterwards; of what could not be read then only the id, for the command is done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Shown<T> {
    Read(Box<T>),
    Unread {
        id: Uuid,
        /// True: read it again in a moment.
        unread: bool,
    },
}

impl<T> Shown<T> {
    pub(crate) fn of(id: Uuid, read: Result<T, Problem>) -> Self {
        read.map_or(Self::Unread { id, unread: true }, |view| Self::Read(Box::new(view)))
    }
}
