//! `/api/v6` and `/api/auth`: the platform's API for users and programs. A handler executes one command or reads projections.
//! Its attributes declare its parameters, responses and refusals; the API documentation is generated from them.

mod activity;
mod auth;
mod dashboard;
mod devices;
mod display_policies;
mod invitations;
mod jobs;
mod me;
mod overrides;
mod reservations;
mod shared;
mod sites;
mod spaces;
mod users;

use utoipa_axum::router::OpenApiRouter;

use crate::http::kit::app::AppState;

/// All operations below `/api/v6` and `/api/auth`, also at the paths that V6's front end uses.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .merge(auth::routes())
        .merge(me::routes())
        .merge(users::routes())
        .merge(invitations::routes())
        .merge(sites::routes())
        .merge(spaces::routes())
        .merge(devices::routes())
        .merge(reservations::routes())
        .merge(overrides::routes())
        .merge(display_policies::routes())
        .merge(activity::routes())
        .merge(dashboard::routes())
        .merge(jobs::routes())
}
