//! Replies to commands: the result of a command, and its position in the log.

use axum::Json;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_commands::bus;
use parking_commands::joint;
use parking_domain::aggregate::Decider;
use parking_projections::engine::progress::Sources;
use parking_projections::engine::reader::Reading;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::app::App;
use crate::http::kit::caller::Identity;
use crate::http::kit::problem::Problem;

/// The position at or after which reads reflect a command.
pub(crate) const X_POSITION: HeaderName = HeaderName::from_static("x-position");

/// The result of a command.
pub(crate) struct Done<A: Decider> {
    /// The position at or after which the read models reflect the command.
    pub(crate) position: i64,
    /// The appended events.
    pub(crate) events: Vec<A::Event>,
}

impl<A: Decider> From<bus::Executed<A>> for Done<A> {
    fn from(executed: bus::Executed<A>) -> Self {
        Self { position: executed.position, events: executed.events }
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

    /// Replies with the current view of the resource.
    pub(crate) async fn view<V: View>(&self, app: &App, caller: &Identity, id: V::Id) -> Reply<Shown<V>> {
        self.reply(Shown::read(app, caller, self.position, id).await)
    }
}

/// The reply to a command: JSON, with the position at or after which reads reflect the command. There is none without a
/// position: a client that does not get one would read what was before.
pub(crate) struct Reply<T> {
    status: StatusCode,
    position: i64,
    body: T,
}

impl<T> Reply<T> {
    /// Replies with this body and this position.
    pub(crate) fn at(position: i64, body: T) -> Self {
        Self { status: StatusCode::OK, position, body }
    }

    /// The same reply with status 201: the command created a resource.
    pub(crate) fn created(self) -> Self {
        Self { status: StatusCode::CREATED, ..self }
    }

    /// The same reply with status 202: the command started a process.
    pub(crate) fn begun(self) -> Self {
        Self { status: StatusCode::ACCEPTED, ..self }
    }
}

/// Marks the answer to a command that was executed: it must be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Executed;

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        response.extensions_mut().insert(Executed);
        response.headers_mut().insert(X_POSITION, self.position.into());
        response
    }
}

/// A view of a resource that can be read by the resource's id.
pub(crate) trait View: Sized + Send {
    /// The type of the resource's id.
    type Id: Copy + Send;
    /// The projections whose rows it shows.
    type Sources: Sources;

    /// The id that clients use.
    fn id(id: Self::Id) -> Uuid;

    /// Reads the view. An unknown id is refused.
    fn read(reading: &mut Reading, id: Self::Id) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// The resource after the command. If it could not be read in time, only its id: the command succeeded nevertheless.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Shown<T> {
    Read(Box<T>),
    Unread {
        id: Uuid,
        /// Always true: read the resource again in a moment.
        unread: bool,
    },
}

impl<V: View> Shown<V> {
    /// Reads the view once the read models have reached the position, or after two seconds at the latest.
    pub(crate) async fn read(app: &App, caller: &Identity, position: i64, id: V::Id) -> Self {
        app.settle::<V::Sources>(position).await;
        let view = match app.read_now::<V::Sources>(caller).await {
            Ok(mut reading) => V::read(&mut reading, id).await,
            Err(problem) => Err(problem),
        };
        view.map_or(Self::Unread { id: V::id(id), unread: true }, |view| Self::Read(Box::new(view)))
    }
}
