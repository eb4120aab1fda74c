//! The dashboard: an overview of the tenant's resources. `/api/v6/dashboard/data`.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use parking_projections::devices::Fleet;
use parking_projections::devices::inventory::read as devices;
use parking_projections::engine::reader::Reading;
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_projections::registry::activity::read as activity;
use parking_projections::registry::reservations::read as reservations;
use parking_projections::registry::spaces::read as spaces;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::path::HttpMethod;
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
use crate::http::v6::shared::reservation::ReservationView;

/// A gateway is online if it heard a device within this time.
const ONLINE: TimeDelta = TimeDelta::minutes(5);

/// The number of recent activities.
const RECENT: i64 = 10;

/// The projections that these resources show.
type Sources = (Registry, Occupancies, Fleet);

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

/// An overview of the tenant's devices, gateways, spaces and recent activity.
#[derive(Debug, Serialize, ToSchema)]
struct DashboardView {
    devices: DashboardDevices,
    gateways: DashboardGateways,
    spaces: CountsView,
    /// The last activities, newest first, 10 at most.
    #[schema(max_items = 10)]
    recent_activity: Vec<ActivityView>,
    system_health: Health,
    #[schema(value_type = Uuid)]
    tenant_id: Uuid,
    generated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DevicesNow)]
struct DashboardDevices {
    sensors: DeviceCounts,
    displays: DeviceCounts,
    total_devices: i64,
}

/// The gateways that last heard the tenant's devices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewaysNow)]
struct DashboardGateways {
    total: i64,
    /// Gateways that heard a device within the last five minutes.
    online: i64,
    offline: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    status: HealthStatus,
    database: &'static str,
    /// Number of events that not all read models reflect yet.
    pending_commands: i64,
}

/// Whether the server can record events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HealthStatus {
    Healthy,
    Degraded,
}

/// Returns an overview of the tenant's devices, gateways, spaces and recent activity.
#[utoipa::path(get, path = "/api/v6/dashboard/data", tag = "dashboard", params(Freshness),
    responses((status = 200, body = DashboardView), Refusals<ReadErrors<ReadDashboard>>))]
async fn data(
    State(app): State<AppState>,
    caller: Caller<ReadDashboard>,
    freshness: Freshness,
) -> Result<Json<DashboardView>, Problem> {
    let mut reading = app.read::<Sources>(&caller, freshness).await?;
    let now = app.clock.now();
    let pending_commands = (*app.writer.head().borrow() - app.progress.position()).max(0);
    let records = app.writer.is_running() && app.commits.probed().await.result.is_ok();
    let status = if records { HealthStatus::Healthy } else { HealthStatus::Degraded };
    let devices = devices::stats(&mut reading).await?;
    let (total, online) = devices::gateways(&mut reading, now - ONLINE).await?;
    let spaces = spaces::counts(&mut reading, None).await?;
    let recent = activity::list(&mut reading, &activity::Filter::default(), RECENT, 0).await?;
    let recent_activity = with_guests(&mut reading, recent).await?;
    Ok(Json(DashboardView {
        devices: DashboardDevices {
            sensors: devices.sensors.into(),
            displays: devices.displays.into(),
            total_devices: devices.all().total,
        },
        gateways: DashboardGateways { total, online, offline: total - online },
        spaces: (&spaces).into(),
        recent_activity,
        system_health: Health { status, database: "connected", pending_commands },
        tenant_id: caller.tenant_id.uuid(),
        generated_at: now.utc(),
    }))
}

/// The entries for people: those of a reservation name its guest.
async fn with_guests(
    reading: &mut Reading,
    rows: Vec<activity::Listed>,
) -> Result<Vec<ActivityView>, Problem> {
    let entries: Vec<ActivityView> = rows.into_iter().map(ActivityView::of).collect();
    let ids: Vec<Uuid> = entries.iter().filter_map(ActivityView::reservation_id).collect();
    let booked = reservations::some(reading, &ids).await?;
    let booked = ReservationView::all(reading, booked).await?;
    let guest = |entry: &ActivityView| {
        let id = entry.reservation_id()?;
        booked.iter().find(|reservation| reservation.id() == id)?.guest()
    };
    Ok(entries
        .into_iter()
        .map(|entry| (guest(&entry), entry))
        .map(|(guest, entry)| entry.for_people(guest))
        .collect())
}
