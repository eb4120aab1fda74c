//! The user who has logged in, with all tenants, and the tenant's limits: `/api/v6/me`.

mod view;

use axum::Json;
use axum::extract::State;
use parking_domain::space::Status;
use parking_projections::devices::Fleet;
use parking_projections::devices::inventory::read as devices;
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_projections::registry::reservations::read as reservations;
use parking_projections::registry::sites::read as sites;
use parking_projections::registry::spaces::read as spaces;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::app::AppState;
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::{ReadLimits, UseSession};
use crate::http::kit::problem::Problem;
use crate::http::v6::me::view::{LimitsView, MeView, Usage};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(profile)).serve(routes!(limits))
}

/// Returns the user who has logged in, the tenant of the session, and all tenants of the user.
#[utoipa::path(get, path = "/api/v6/me", tag = "auth",
    responses((status = 200, body = MeView), Refusals<ReadErrors<UseSession>>))]
async fn profile(State(app): State<AppState>, caller: Caller<UseSession>) -> Result<Json<MeView>, Problem> {
    let principal = caller.principal()?;
    Ok(Json(MeView::of(principal, app.accounts.profile(principal.user_id).await?)))
}

/// Returns the limits of the tenant and what it uses of them. A limit that is null is none.
#[utoipa::path(get, path = "/api/v6/me/limits", tag = "auth", params(Freshness),
    responses((status = 200, body = LimitsView), Refusals<ReadErrors<ReadLimits>>))]
async fn limits(
    State(app): State<AppState>,
    caller: Caller<ReadLimits>,
    freshness: Freshness,
) -> Result<Json<LimitsView>, Problem> {
    let principal = caller.principal()?;
    let mut reading = app.read::<(Registry, Occupancies, Fleet)>(&caller, freshness).await?;
    let devices = devices::stats(&mut reading).await?;
    let usage = Usage {
        spaces: spaces::count(&mut reading, &spaces::Filter::default()).await?,
        sensor_devices: devices.sensors.total,
        display_devices: devices.displays.total,
        total_devices: devices.all().total,
        active_reservations: reservations::count(
            &mut reading,
            &reservations::Filter { status: Some(Status::Active), ..reservations::Filter::default() },
        )
        .await?,
        sites: sites::count(&mut reading).await?,
    };
    Ok(Json(LimitsView::of(&principal.tenant, usage)))
}
