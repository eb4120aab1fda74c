//! `/api/v6`: what people and programs ask of the platform. A handler issues one command or reads projections.

mod answer;
mod body;
mod caller;
mod compat;
mod query;
mod refusals;
mod sites;
mod space_body;
mod space_view;
mod spaces;

use std::sync::Arc;

use axum::Router;

use super::App;

pub(crate) use refusals::taken;

/// Every route below `/api/v6`, and those that V6's front end calls elsewhere.
pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().merge(sites::router()).merge(spaces::router())
}
