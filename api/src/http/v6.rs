//! `/api/v6`: what people and programs ask of the platform. A handler issues one command or reads projections; what it
//! takes, answers and refuses is said beside it, and is all that the documentation knows.

mod activity;
mod answer;
mod assignments;
mod availability;
mod caller;
mod command;
mod compat;
mod computed_state;
mod dashboard;
mod device_body;
mod device_view;
mod devices;
mod display_policies;
mod documented;
mod jobs;
mod opened;
mod orphan_body;
mod orphan_devices;
mod orphan_view;
mod override_body;
mod override_view;
mod overrides;
mod own_data;
mod page;
mod places;
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
mod uplink_view;
mod uplinks;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use super::App;

pub(crate) use compat::ServeCompatibly;
pub(crate) use documented::{Code, CodeSet, ProblemDocument, Refusals};
pub(crate) use query::invalid;
pub(crate) use refusals::taken;

/// Every operation below `/api/v6`, also where V6's front end calls it.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .merge(sites::routes())
        .merge(spaces::routes())
        .merge(places::routes())
        .merge(availability::routes())
        .merge(computed_state::routes())
        .merge(devices::routes())
        .merge(assignments::routes())
        .merge(uplinks::routes())
        .merge(orphan_devices::routes())
        .merge(reservations::routes())
        .merge(overrides::routes())
        .merge(display_policies::routes())
        .merge(activity::routes())
        .merge(dashboard::routes())
        .merge(jobs::routes())
}
