//! `/api/v6`: what people and programs ask of the platform. A handler issues one command or reads projections; what it
//! takes, answers and refuses is said beside it, and is all that the documentation knows.

mod activity;
mod dashboard;
mod devices;
mod display_policies;
mod jobs;
mod overrides;
mod reservations;
mod shared;
mod sites;
mod spaces;

use utoipa_axum::router::OpenApiRouter;

use crate::http::kit::app::AppState;

/// Every operation below `/api/v6`, also where V6's front end calls it.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
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
