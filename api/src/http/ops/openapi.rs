//! The API documentation: `/openapi.json`, generated from the operations, and `/docs` to try them in a browser. The page loads
//! nothing from other servers.

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::http::kit::app::AppState;
use crate::http::kit::documented::ProblemDocument;

/// The parts of the document besides the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Smart parking platform",
        description = "Commands append events and return their position (`X-Position`) in the log that `X-Log-Id` names. \
                       Reads return projections of the events and can wait for a position (`min_position`). Every \
                       refusal is a problem document: `code` is for programs, `detail` for people.",
        license(name = "MIT"),
    ),
    components(schemas(ProblemDocument))
)]
pub(in crate::http) struct Frame;

/// Serves the documentation.
pub(in crate::http) fn routes(mut document: utoipa::openapi::OpenApi) -> Router<AppState> {
    name_operations(&mut document);
    // In memory once: an answer that a client does not take costs nothing more.
    let json = Bytes::from(document.to_pretty_json().unwrap_or_default());
    let ui = SwaggerUi::new("/docs").config(Config::from("/openapi.json"));
    let serve = move || {
        let json = json.clone();
        async move { ([(CONTENT_TYPE, "application/json")], json).into_response() }
    };
    Router::new().route("/openapi.json", get(serve)).merge(ui)
}

/// Gives each operation a unique id: its tag and its handler's name.
fn name_operations(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            let name = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(format!("{}_{name}", tag.replace(' ', "_")));
        }
    }
}
