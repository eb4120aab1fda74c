//! `/api/v6`: what people and programs ask of the platform. A handler issues one command or reads projections; what it
//! takes, answers and refuses is said beside it, and is all that the documentation knows.

mod answer;
mod availability;
mod caller;
mod command;
mod compat;
mod computed_state;
mod display_policies;
mod documented;
mod opened;
mod orphan_devices;
mod override_body;
mod override_view;
mod overrides;
mod page;
mod policy_body;
mod policy_view;
mod query;
mod refusals;
mod reservation_body;
mod reservation_view;
mod reservations;
mod site_body;
mod site_view;
mod sites;
mod space_body;
mod space_view;
mod spaces;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use super::App;

pub(crate) use documented::ProblemDocument;
pub(crate) use query::invalid;
pub(crate) use refusals::taken;

/// Every operation below `/api/v6`, also where V6's front end calls it.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .merge(sites::routes())
        .merge(spaces::routes())
        .merge(reservations::routes())
        .merge(availability::routes())
        .merge(overrides::routes())
        .merge(display_policies::routes())
        .merge(computed_state::routes())
        .merge(orphan_devices::routes())
}
