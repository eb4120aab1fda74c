//! How everything stands, on one page: `/api/v6/dashboard/data`.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use parking_projections::activity::read as activity;
use parking_projections::devices::read as devices;
use parking_projections::spaces::read as spaces;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::aliases::{Alias, ServeAliases};
use crate::http::kit::app::AppState;
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::ReadDashboard;
use crate::http::kit::problem::Problem;
use crate::http::v6::shared::activity::ActivityView;
use crate::http::v6::shared::counts::CountsView;
use crate::http::v6::shared::counts::DeviceCounts;
use utoipa::openapi::path::HttpMethod;

/// How long after it was last heard by a gateway counts as online.
const ONLINE: TimeDelta = TimeDelta::minutes(5);

/// How much of what was done lately is shown.
const RECENT: i64 = 10;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(data)).alias(
        Alias {
            name: "stats",
            at: (HttpMethod::Get, "/api/v6/dashboard/stats"),
            of: (HttpMethod::Get, "/api/v6/dashboard/data"),
        },
        data,
    )
}

/// How everything stands.
#[derive(Debug, Serialize, ToSchema)]
struct DashboardView {
    devices: DevicesNow,
    gateways: GatewaysNow,
    spaces: CountsView,
    /// What was done last, the newest first.
    recent_activity: Vec<ActivityView>,
    system_health: Health,
    #[schema(value_type = Uuid)]
    tenant_id: Uuid,
    generated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DevicesNow {
    sensors: DeviceCounts,
    displays: DeviceCounts,
    total_devices: i64,
}

/// The gateways by which the tenant's devices were last heard.
#[derive(Debug, Serialize, ToSchema)]
struct GatewaysNow {
    total: i64,
    /// Those that heard one in the last five minutes.
    online: i64,
    offline: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `degraded` when the server cannot record anything any more.
    status: &'static str,
    database: &'static str,
    /// Events that not every read model shows yet.
    pending_commands: i64,
}

/// How everything stands, with what was done last.
#[utoipa::path(get, path = "/api/v6/dashboard/data", tag = "dashboard", params(Freshness),
    responses((status = 200, body = DashboardView), Refusals<ReadErrors<ReadDashboard>>))]
async fn data(
    State(app): State<AppState>,
    caller: Caller<ReadDashboard>,
    freshness: Freshness,
) -> Result<Json<DashboardView>, Problem> {
    let mut reading = app.read(&caller, freshness).await?;
    let pending_commands = (*app.writer.head().borrow() - app.progress.position()).max(0);
    let status = if app.writer.is_running() { "healthy" } else { "degraded" };
    let devices = devices::stats(&mut reading).await?;
    let (total, online) = devices::gateways(&mut reading, caller.at - ONLINE).await?;
    let spaces = spaces::counts(&mut reading, None).await?;
    let recent = activity::list(&mut reading, &activity::Filter::default(), RECENT, 0).await?;
    Ok(Json(DashboardView {
        devices: DevicesNow {
            sensors: devices.sensors.into(),
            displays: devices.displays.into(),
            total_devices: devices.all().total,
        },
        gateways: GatewaysNow { total, online, offline: total - online },
        spaces: (&spaces).into(),
        recent_activity: recent.into_iter().map(ActivityView::of).collect(),
        system_health: Health { status, database: "connected", pending_commands },
        tenant_id: caller.tenant_id.uuid(),
        generated_at: caller.at.utc(),
    }))
}
