//! Aliases: further methods and paths of an operation, for existing clients. An alias shares the handler, the parameters and
//! the responses of its operation, and the documentation marks it as deprecated.

use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{Deprecated, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::http::kit::app::AppState;
use crate::http::kit::lenient::other_paths;

/// A method and a path.
type Endpoint = (HttpMethod, &'static str);

/// An alias of an operation.
pub(crate) struct Alias {
    /// The alias's own operation id.
    pub(crate) name: &'static str,
    /// The alias's endpoint.
    pub(crate) at: Endpoint,
    /// The operation's own endpoint.
    pub(crate) of: Endpoint,
}

impl Alias {
    /// `PATCH` for the `PUT` of the same path.
    pub(crate) fn patch(path: &'static str) -> Self {
        Self { name: "amend", at: (HttpMethod::Patch, path), of: (HttpMethod::Put, path) }
    }
}

/// Serves operations under aliases.
pub(crate) trait ServeAliases {
    /// Serves an operation of this router under an alias. `handler` is the operation's handler.
    fn alias<H: Handler<T, AppState>, T: 'static>(self, alias: Alias, handler: H) -> Self;
}

impl ServeAliases for OpenApiRouter<AppState> {
    fn alias<H: Handler<T, AppState>, T: 'static>(mut self, alias: Alias, handler: H) -> Self {
        let Alias { name, at: (method, path), of } = alias;
        let operation = document(self.get_openapi(), name, of);
        let filter = filter(&method);
        self.get_openapi_mut().paths.add_path_operation(path, vec![method], operation);
        let others = other_paths(path);
        let paths = others.iter().map(String::as_str).chain([path]);
        paths.fold(self, |router, path| router.route(path, on(filter, handler.clone())))
    }
}

/// Documents an alias like its operation.
fn document(document: &OpenApi, name: &str, (method, path): Endpoint) -> Operation {
    let summary = format!("Alias of `{} {path}`.", label(&method));
    let mut operation = document.paths.get_path_operation(path, method).cloned().unwrap_or_default();
    operation.operation_id = Some(name.to_owned());
    operation.summary = Some(summary);
    operation.description = None;
    operation.deprecated = Some(Deprecated::True);
    operation
}

/// The HTTP methods that operations use.
const METHODS: [(HttpMethod, &str, MethodFilter); 5] = [
    (HttpMethod::Get, "GET", MethodFilter::GET),
    (HttpMethod::Post, "POST", MethodFilter::POST),
    (HttpMethod::Put, "PUT", MethodFilter::PUT),
    (HttpMethod::Patch, "PATCH", MethodFilter::PATCH),
    (HttpMethod::Delete, "DELETE", MethodFilter::DELETE),
];

fn label(method: &HttpMethod) -> &'static str {
    METHODS.iter().find(|(known, ..)| known == method).map_or("", |(_, label, _)| label)
}

fn filter(method: &HttpMethod) -> MethodFilter {
    METHODS.iter().find(|(known, ..)| known == method).map_or(MethodFilter::HEAD, |(.., filter)| *filter)
}
