//! `/api/v6`: what people and programs ask of the platform. A handler issues one command or reads projections; what it
//! takes, answers and refuses is said beside it, and is all that the documentation knows.

mod activity;
mod answer;
mod assignments;
mod caller;
mod command;
mod compat;
mod dashboard;
mod device_body;
mod device_view;
mod devices;
mod documented;
mod orphan_body;
mod orphan_devices;
mod orphan_view;
mod page;
mod places;
mod query;
mod refusals;
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

pub(crate) use documented::ProblemDocument;
pub(crate) use query::invalid;
pub(crate) use refusals::taken;

/// Every operation below `/api/v6`, also where V6's front end calls it.
pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .merge(sites::routes())
        .merge(spaces::routes())
        .merge(places::routes())
        .merge(devices::routes())
        .merge(assignments::routes())
        .merge(uplinks::routes())
        .merge(orphan_devices::routes())
        .merge(activity::routes())
        .merge(dashboard::routes())
}
