//! What is shown of a space, and why: which of the seven levels decides, and what it has to do with.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use parking_domain::device::Category;
use parking_domain::instant::Instant;
use parking_domain::occupancy::{Reason, Sign, SpaceState};
use parking_domain::policy::{Policy, PolicyOverrides};
use parking_domain::sensors::Occupancy;
use parking_domain::space::SpaceRefusal;
use parking_projections::devices::read as devices;
use parking_projections::display_policies::read as policies;
use parking_projections::overrides::read as overrides;
use parking_projections::reader::Reading as Connection;
use parking_projections::reservations::Reservation;
use parking_projections::reservations::read as reservations;
use parking_projections::sites::read as sites;
use parking_projections::space_occupancy::SpaceOccupancy;
use parking_projections::spaces::Space;
use parking_projections::spaces::read::{self as spaces, Listed};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::app::AppState;
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::ReadDisplayPolicies;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::PathParam;
use crate::http::v6::display_policies::view::{SaysView, written};
use crate::http::v6::shared::path::SpacePath;
use crate::http::v6::shared::reservation::ReservationView;
use crate::http::v6::shared::space_override::OverrideView;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(computed_state))
}

/// What is shown of a space, and everything that it follows from.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComputedStateView {
    space_id: Uuid,
    space_code: String,
    space_name: String,
    tenant_id: Uuid,
    /// `free`, `occupied`, `reserved`, `maintenance` or `unknown`.
    #[schema(value_type = String)]
    current_state: SpaceState,
    /// The current state, by the name V5 had for it.
    #[schema(value_type = String)]
    db_state: SpaceState,
    /// None until the space has been looked at for the first time.
    computed_display: Option<DisplayView>,
    /// None where no sensor stands.
    sensor: Option<SensorView>,
    has_active_reservation: bool,
    /// The reservation whose window has begun.
    current_reservation: Option<ReservationView>,
    /// The first one whose window has not begun.
    next_reservation: Option<ReservationView>,
    /// The override that holds, the strongest of several.
    admin_override: Option<OverrideView>,
    policy: InForceView,
    /// Since when the state is what it is.
    last_updated: Option<DateTime<Utc>>,
}

/// What its display stands for and shows, and on what ground.
#[derive(Debug, Serialize, ToSchema)]
struct DisplayView {
    /// `FREE`, `OCCUPIED`, `RESERVED` or `MAINTENANCE`.
    #[schema(value_type = String)]
    state: Sign,
    /// 6 hexadecimal digits.
    color: String,
    blink: bool,
    /// Which of the seven levels decides, 1 the strongest.
    priority_level: i16,
    #[schema(value_type = String)]
    reason: Reason,
}

/// The sensor that stands there, and what it says.
#[derive(Debug, Serialize, ToSchema)]
struct SensorView {
    dev_eui: String,
    /// `occupied`, `vacant` or `unknown`.
    #[schema(value_type = String)]
    stable_state: Occupancy,
    /// Since when the space is what it is, where the sensor is why.
    stable_since: Option<DateTime<Utc>>,
    last_seen_at: Option<DateTime<Utc>>,
    /// True from when it was silent for too long until it is heard.
    silent: bool,
}

/// The policy for the space: the tenant's, with what its site and the space itself have otherwise.
#[derive(Debug, Serialize, ToSchema)]
struct InForceView {
    /// The tenant's policy in force; none where the platform's defaults hold.
    id: Option<Uuid>,
    name: Option<String>,
    /// Which levels say something of their own: `tenant`, `site`, `space`.
    levels: Vec<&'static str>,
    #[serde(flatten)]
    says: SaysView,
}

/// What is shown of a space, and why.
#[utoipa::path(get, path = "/api/v6/display-policies/spaces/{space_id}/computed-state",
    tag = "display policies", params(SpacePath, Freshness),
    responses((status = 200, body = ComputedStateView), Refusals<(ReadErrors<ReadDisplayPolicies>, SpaceRefusal)>))]
async fn computed_state(
    State(app): State<AppState>,
    caller: Caller<ReadDisplayPolicies>,
    freshness: Freshness,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
) -> Result<Json<ComputedStateView>, Problem> {
    let mut reading = app.read(&caller, freshness).await?;
    let row = spaces::get(&mut reading, space_id.uuid()).await?.ok_or(SpaceRefusal::SpaceNotFound)?;
    let Listed { space, occupancy, kept_for, .. } = row;
    let current_reservation = reservation(&mut reading, kept_for.current, &space).await?;
    let state = occupancy.as_ref().map_or(SpaceState::Unknown, |shown| shown.state);
    Ok(Json(ComputedStateView {
        current_state: state,
        db_state: state,
        sensor: sensor(&mut reading, space.space_id, occupancy.as_ref()).await?,
        has_active_reservation: current_reservation.is_some(),
        current_reservation,
        next_reservation: reservation(&mut reading, kept_for.next, &space).await?,
        admin_override: strongest_override(&mut reading, space.space_id).await?,
        policy: policy(&mut reading, &space).await?,
        last_updated: occupancy.as_ref().map(|shown| shown.since).map(Instant::utc),
        computed_display: occupancy.map(DisplayView::from),
        space_id: space.space_id,
        space_code: space.code,
        space_name: space.definition.name,
        tenant_id: space.tenant_id,
    }))
}

impl From<SpaceOccupancy> for DisplayView {
    fn from(shown: SpaceOccupancy) -> Self {
        Self {
            state: shown.sign,
            color: written(shown.light.colour),
            blink: shown.light.off > 0,
            priority_level: shown.level,
            reason: shown.reason,
        }
    }
}

async fn reservation(
    reading: &mut Connection,
    reservation: Option<Reservation>,
    space: &Space,
) -> Result<Option<ReservationView>, Problem> {
    let listed = reservation.map(|reservation| reservations::Listed::at(reservation, space));
    Ok(ReservationView::all(reading, listed.into_iter().collect()).await?.pop())
}

async fn sensor(
    reading: &mut Connection,
    space_id: Uuid,
    shown: Option<&SpaceOccupancy>,
) -> Result<Option<SensorView>, Problem> {
    let category = Some(Category::Sensor);
    let filter = devices::Filter { category, space_id: Some(space_id), ..devices::Filter::default() };
    let device = devices::list(reading, &filter, 1, 0).await?.pop();
    let decides = shown.filter(|shown| matches!(shown.reason, Reason::Sensor | Reason::SensorSilent));
    Ok(device.map(|devices::Listed { device, .. }| SensorView {
        dev_eui: format!("{:X}", device.dev_eui),
        stable_state: device.occupancy,
        stable_since: decides.map(|shown| shown.since).map(Instant::utc),
        last_seen_at: device.last_seen_at.map(Instant::utc),
        silent: device.silent,
    }))
}

/// One that takes the space out of service outweighs one that blocks it.
async fn strongest_override(
    reading: &mut Connection,
    space_id: Uuid,
) -> Result<Option<OverrideView>, Problem> {
    let rows = overrides::of_space(reading, space_id).await?;
    let all = OverrideView::all(reading, rows).await?;
    Ok(all.into_iter().filter(OverrideView::is_active).max_by_key(OverrideView::strength))
}

/// As the fold over the log puts it together.
async fn policy(reading: &mut Connection, space: &Space) -> Result<InForceView, Problem> {
    let of_tenant = policies::in_force(reading).await?;
    let site = sites::get(reading, space.site_id).await?;
    let of_site = site.map(|row| row.site.definition.policy).unwrap_or_default();
    let of_space = space.definition.policy;
    let says = |own: &PolicyOverrides| !own.is_empty();
    let levels = [("tenant", of_tenant.is_some()), ("site", says(&of_site)), ("space", says(&of_space))];
    let tenant = of_tenant.as_ref().map_or_else(Policy::default, |row| row.policy.policy);
    Ok(InForceView {
        id: of_tenant.as_ref().map(|row| row.policy_id),
        name: of_tenant.map(|row| row.policy.name),
        levels: levels.into_iter().filter(|(_, says)| *says).map(|(level, _)| level).collect(),
        says: SaysView::of(&tenant.with(&of_site).with(&of_space)),
    })
}
