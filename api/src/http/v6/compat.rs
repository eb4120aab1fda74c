//! What V6's clients rely on beyond the routes themselves: the one place for it.
//!
//! Every path is served with and without a slash at its end, without a redirect: V6's test scripts follow none. Query
//! values that a browser made of nothing (`undefined`, `null`, the empty text) count as absent, see
//! [`Parameters`](crate::http::page::Parameters). Names that V6 had for a field are aliases of the body that has it.

use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;

use crate::http::App;

/// Serves the path in both forms.
pub(crate) fn both_forms(
    router: Router<Arc<App>>,
    path: &str,
    methods: MethodRouter<Arc<App>>,
) -> Router<Arc<App>> {
    router.route(path, methods.clone()).route(&format!("{path}/"), methods)
}
