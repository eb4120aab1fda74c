//! The API documentation: `/openapi.json`, generated from the operations, and `/docs` to try them in a browser. The page loads
//! nothing from other servers.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parking_projections::devices::Fleet;
use parking_projections::registry::Registry;
use serde::Deserialize;
use tracing::warn;
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::http::document::{self, Samples};
use crate::http::kit::app::{App, AppState};
use crate::http::kit::caller::{Guest, Identity};
use crate::http::kit::documented::ProblemDocument;
use crate::http::kit::permission::ReadDashboard;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, QueryParams};

/// The parts of the document besides the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Smart parking platform",
        description = "Commands append events and return their position (`X-Position`) in the log that `X-Log-Id` names. \
                       Reads return projections of the events and can wait for a position (`min_position`). Every \
                       refusal is a problem document: `code` is for programs, `detail` for people.\n\n\
                       On the page `/docs` the examples contain ids of yours: of a space, its devices, its reservation and \
                       its override. Operations on what you do not have yet answer with 404: create it first (a space with \
                       `POST /api/v6/spaces`), and load the page again.",
        license(name = "MIT"),
    ),
    components(schemas(ProblemDocument))
)]
pub(in crate::http) struct Frame;

/// Whose ids the examples contain.
#[derive(PartialEq, Deserialize)]
struct DocumentQuery {
    examples: Option<Examples>,
}

impl Parameters for DocumentQuery {}

#[derive(PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Examples {
    /// The caller's, for `/docs`.
    Own,
}

/// Serves the documentation.
pub(in crate::http) fn routes(document: &utoipa::openapi::OpenApi) -> Router<AppState> {
    // In memory once: an answer that a client does not take costs nothing more.
    let json: Arc<str> = format!("{:#}", document::complete(document)).into();
    let bytes = Bytes::from(json.to_string());
    let config =
        Config::from("/openapi.json?examples=own").try_it_out_enabled(true).persist_authorization(true);
    let ui = SwaggerUi::new("/docs").config(config);
    let serve = async move |State(app): State<AppState>,
                            Guest { identity: guest, .. }: Guest<ReadDashboard>,
                            QueryParams(query): QueryParams<DocumentQuery>|
                -> Response {
        // The document is for everyone; ids are for those who may see them.
        let json = match (query.examples, guest) {
            (Some(Examples::Own), Some(guest)) => with_own_ids(&app, &guest, &json).await,
            _ => bytes,
        };
        ([(CONTENT_TYPE, "application/json")], json).into_response()
    };
    Router::new().route("/openapi.json", get(serve)).merge(ui)
}

/// The document with ids of the caller in its examples. Without the database, with those that are always there.
async fn with_own_ids(app: &App, caller: &Identity, json: &str) -> Bytes {
    let own = async {
        let mut reading = app.read_now::<(Registry, Fleet)>(caller).await?;
        Ok::<_, Problem>(Samples::read(&mut reading).await?)
    };
    match own.await {
        Ok(own) => own.put_into(json, caller.asked().at.utc()).into(),
        Err(problem) => {
            warn!(code = problem.code(), "the examples of /docs have no ids of the caller");
            Bytes::copy_from_slice(json.as_bytes())
        }
    }
}
