//! What each route needs of its caller: known before a handler reads anything of the request.

use std::collections::HashMap;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;

use crate::http::kit::lenient::other_paths;
use crate::http::kit::permission::Needs;

/// What the operations need, by the template of each path and by method. The others need nothing.
#[derive(Default)]
pub(crate) struct Guarded(HashMap<String, HashMap<Method, Needs>>);

impl Guarded {
    /// Adds an operation under each of its paths.
    pub(in crate::http) fn add(&mut self, method: &str, path: &str, needs: Needs) {
        let Ok(method) = Method::from_bytes(method.as_bytes()) else { return };
        for path in other_paths(path).into_iter().chain([path.to_owned()]) {
            self.0.entry(path).or_default().insert(method.clone(), needs);
        }
    }

    /// What the operation of the request needs.
    pub(crate) fn needs(&self, request: &Request) -> Needs {
        let path = request.extensions().get::<MatchedPath>();
        let methods = path.and_then(|path| self.0.get(path.as_str()));
        // `HEAD` is served by the handler of `GET`.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        methods.and_then(|methods| methods.get(method)).copied().unwrap_or(Needs::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_guarded_under_each_of_its_paths() {
        let mut guarded = Guarded::default();
        guarded.add("GET", "/api/v6/sites/{site_id}", Needs::Login);
        let paths = ["/api/v6/sites/{site_id}", "/api/v6/sites/{site_id}/", "/api/sites/{site_id}"];
        for path in paths {
            assert_eq!(guarded.0[path][&Method::GET], Needs::Login, "{path}");
        }
    }
}
