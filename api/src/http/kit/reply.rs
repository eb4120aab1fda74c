//! Replies to commands: what a command did, and where the log stands with it.

use axum::Json;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_commands::bus::Executed;
use parking_commands::joint;
use parking_domain::aggregate::Decider;
use parking_projections::reader::Reading;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::app::App;
use crate::http::kit::caller::Identity;
use crate::http::kit::problem::Problem;

/// The position at or after which reads show what a command did.
pub(crate) const X_POSITION: HeaderName = HeaderName::from_static("x-position");

/// What a command did.
pub(crate) struct Done<A: Decider> {
    /// The position at or after which the read models show it; none when there was nothing to do.
    pub(crate) position: Option<i64>,
    /// Its events.
    pub(crate) events: Vec<A::Event>,
}

impl<A: Decider> From<Executed<A>> for Done<A> {
    fn from(executed: Executed<A>) -> Self {
        Self { position: Some(executed.position), events: executed.events }
    }
}

impl<A: Decider> From<joint::Done<A>> for Done<A> {
    fn from(done: joint::Done<A>) -> Self {
        Self { position: done.position, events: done.events }
    }
}

impl<A: Decider> Done<A> {
    /// Replies with this body.
    pub(crate) fn reply<T>(&self, body: T) -> Reply<T> {
        Reply::at(self.position, body)
    }

    /// Replies with what the command concerned, as it is now.
    pub(crate) async fn view<V: View>(&self, app: &App, caller: &Identity, id: V::Id) -> Reply<Shown<V>> {
        self.reply(Shown::read(app, caller, self.position, id).await)
    }
}

/// What a command did, as JSON, with the position at or after which reads show it.
pub(crate) struct Reply<T> {
    status: StatusCode,
    position: Option<i64>,
    body: T,
}

impl<T> Reply<T> {
    /// Replies with this body to a command that reached this position.
    pub(crate) fn at(position: Option<i64>, body: T) -> Self {
        Self { status: StatusCode::OK, position, body }
    }

    /// Something exists now that did not before.
    pub(crate) fn created(self) -> Self {
        Self { status: StatusCode::CREATED, ..self }
    }

    /// Something has begun.
    pub(crate) fn begun(body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, position: None, body }
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(position) = self.position {
            response.headers_mut().insert(X_POSITION, position.into());
        }
        response
    }
}

/// What can be read by the id of what it shows.
pub(crate) trait View: Sized + Send {
    /// The id.
    type Id: Copy + Send;

    /// The id as clients know it.
    fn id(id: Self::Id) -> Uuid;

    /// Reads it, or refuses because it is not there.
    fn read(reading: &mut Reading, id: Self::Id) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// What a command concerned, as it is afterwards; only the id of what could not be read then, for the command is done.
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

impl<V: View> Shown<V> {
    /// Read once the read models show the position, or as they stand after two seconds.
    pub(crate) async fn read(app: &App, caller: &Identity, position: Option<i64>, id: V::Id) -> Self {
        app.settle(position).await;
        let view = match app.read_now(caller).await {
            Ok(mut reading) => V::read(&mut reading, id).await,
            Err(problem) => Err(problem),
        };
        view.map_or(Self::Unread { id: V::id(id), unread: true }, |view| Self::Read(Box::new(view)))
    }
}
