//! Activity: recent actions on the tenant's resources. `/api/v6/activity`.

use axum::Json;
use axum::extract::State;
use parking_projections::registry::activity::read as activity;
use parking_projections::registry::{self, Registry};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::app::AppState;
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::ReadActivity;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AnyEui, Parameters, QueryParams, invalid};
use crate::http::kit::seek::{SeekListing, SeekPage};
use crate::http::v6::shared::activity::ActivityView;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(list))
}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListActivity {
    /// Only events of these types, separated by commas, such as `DeviceAssigned,DeviceUnassigned`.
    kind: Option<String>,
    /// Only events on this site.
    site_id: Option<Uuid>,
    /// Only events at this space.
    space_id: Option<Uuid>,
    /// Only events of this device, by its EUI or its id. `device_id` is an accepted alias.
    #[param(value_type = Option<String>)]
    dev_eui: Option<AnyEui>,
}

impl Parameters for ListActivity {
    const NAMES: &'static [&'static [&'static str]] = &[&["dev_eui", "device_id"]];
}

/// Lists the actions of users and the platform on the tenant's resources, newest first.
#[utoipa::path(get, path = "/api/v6/activity", tag = "activity",
    params(ListActivity, SeekPage<50, 500>, Freshness),
    responses((status = 200, body = SeekListing<ActivityView>), Refusals<ReadErrors<ReadActivity>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadActivity>,
    freshness: Freshness,
    SeekPage(seek): SeekPage<50, 500>,
    QueryParams(query): QueryParams<ListActivity>,
) -> Result<Json<SeekListing<ActivityView>>, Problem> {
    let kinds = query.kind.iter().flat_map(|kinds| kinds.split(',')).map(str::trim);
    let kinds: Vec<String> = kinds.filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
    if let Some(unknown) = kinds.iter().find(|kind| !registry::has_event_type(kind)) {
        return Err(invalid(format!("kind: there is no event type {unknown}: see the kind of entries")));
    }
    let filter = activity::Filter {
        kinds,
        site_id: query.site_id,
        space_id: query.space_id,
        dev_eui: query.dev_eui.map(|AnyEui(dev_eui)| dev_eui),
    };
    let mut reading = app.read::<Registry>(&caller, seek.freshness(freshness)).await?;
    let total = seek.total(activity::count(&mut reading, &filter)).await?;
    let rows = activity::list(&mut reading, &filter, seek.limit(), seek.start()).await?;
    Ok(seek.of(rows.into_iter().map(ActivityView::of).collect(), total, caller.tenant_id))
}
