//! The computed state of a space: the displayed state, the deciding level of the seven, and the inputs.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use parking_domain::device::Category;
use parking_domain::instant::Instant;
use parking_domain::occupancy::{Reason, Sign, SpaceState};
use parking_domain::policy::{Policy, PolicyOverrides};
use parking_domain::sensors::Occupancy;
use parking_domain::space::SpaceRefusal;
use parking_projections::devices::Fleet;
use parking_projections::devices::inventory::read as devices;
use parking_projections::engine::reader::Reading;
use parking_projections::occupancy::Occupancies;
use parking_projections::occupancy::space_occupancy::SpaceOccupancy;
use parking_projections::registry::Registry;
use parking_projections::registry::display_policies::read as policies;
use parking_projections::registry::overrides::read as overrides;
use parking_projections::registry::reservations::Reservation;
use parking_projections::registry::sites::read as sites;
use parking_projections::registry::spaces::Space;
use parking_projections::registry::spaces::read as spaces;
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
use crate::http::v6::display_policies::view::{PolicySettingsView, hex_colour};
use crate::http::v6::shared::path::SpacePath;
use crate::http::v6::shared::reservation::ReservationView;
use crate::http::v6::shared::space_override::OverrideView;
use crate::http::v6::shared::words;

/// The projections that these resources show.
type Sources = (Registry, Occupancies, Fleet);

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(computed_state))
}

/// The displayed state of a space, and all inputs of its computation.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComputedStateView {
    space_id: Uuid,
    space_code: String,
    space_name: String,
    tenant_id: Uuid,
    #[schema(value_type = words::SpaceState)]
    current_state: SpaceState,
    /// Same as `current_state`, under V5's name.
    #[schema(value_type = words::SpaceState)]
    db_state: SpaceState,
    /// Null until the occupancy is computed for the first time.
    computed_display: Option<DisplayView>,
    /// Null if no sensor is assigned.
    sensor: Option<SensorView>,
    has_active_reservation: bool,
    /// The reservation whose window has started.
    current_reservation: Option<ReservationView>,
    /// The earliest reservation whose window has not started.
    next_reservation: Option<ReservationView>,
    /// The override in force, the strongest of several.
    admin_override: Option<OverrideView>,
    policy: EffectivePolicyView,
    /// When the current state began.
    last_updated: Option<DateTime<Utc>>,
}

/// The display's state and colour, with the level and the reason that decided it.
#[derive(Debug, Serialize, ToSchema)]
struct DisplayView {
    #[schema(value_type = words::Sign)]
    state: Sign,
    /// 6 hexadecimal digits.
    color: String,
    blink: bool,
    /// The deciding level, from 1 (strongest) to 7.
    priority_level: i16,
    #[schema(value_type = words::StateReason)]
    reason: Reason,
}

/// The assigned sensor and its reading.
#[derive(Debug, Serialize, ToSchema)]
struct SensorView {
    dev_eui: String,
    #[schema(value_type = words::Occupancy)]
    stable_state: Occupancy,
    /// When the current state began, if the sensor decided it; otherwise null.
    stable_since: Option<DateTime<Utc>>,
    last_seen_at: Option<DateTime<Utc>>,
    /// True if the sensor has been silent for too long, until it is heard again.
    silent: bool,
}

/// The effective policy of the space: the tenant's policy with the overrides of the site and the space.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InForceView)]
struct EffectivePolicyView {
    /// The tenant's active policy; null if the platform's defaults apply.
    id: Option<Uuid>,
    name: Option<String>,
    /// The levels with settings of their own.
    #[schema(max_items = 3)]
    levels: Vec<PolicyLevel>,
    #[serde(flatten)]
    settings: PolicySettingsView,
}

/// A level of the settings of a policy.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PolicyLevel {
    Tenant,
    Site,
    Space,
}

/// Returns a space's displayed state, the level and the reason that decided it, and the inputs.
#[utoipa::path(get, path = "/api/v6/display-policies/spaces/{space_id}/computed-state",
    tag = "display policies", params(SpacePath, Freshness),
    responses((status = 200, body = ComputedStateView), Refusals<(ReadErrors<ReadDisplayPolicies>, SpaceRefusal)>))]
async fn computed_state(
    State(app): State<AppState>,
    caller: Caller<ReadDisplayPolicies>,
    freshness: Freshness,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
) -> Result<Json<ComputedStateView>, Problem> {
    let mut reading = app.read::<Sources>(&caller, freshness).await?;
    let row = spaces::get(&mut reading, space_id.uuid()).await?.ok_or(SpaceRefusal::SpaceNotFound)?;
    let spaces::Listed { space, occupancy, kept_for, .. } = row;
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
            color: hex_colour(shown.light.colour),
            blink: shown.light.off > 0,
            priority_level: shown.level,
            reason: shown.reason,
        }
    }
}

async fn reservation(
    reading: &mut Reading,
    reservation: Option<Reservation>,
    space: &Space,
) -> Result<Option<ReservationView>, Problem> {
    let listed = reservation.map(|reservation| space.reserved_by(reservation));
    Ok(ReservationView::all(reading, listed.into_iter().collect()).await?.pop())
}

async fn sensor(
    reading: &mut Reading,
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

/// `out_of_service` is stronger than `blocked`.
async fn strongest_override(reading: &mut Reading, space_id: Uuid) -> Result<Option<OverrideView>, Problem> {
    let rows = overrides::of_space(reading, space_id).await?;
    let views = OverrideView::all(reading, rows).await?;
    Ok(views.into_iter().filter(OverrideView::is_active).max_by_key(OverrideView::strength))
}

/// Combines the levels like the fold of the log.
async fn policy(reading: &mut Reading, space: &Space) -> Result<EffectivePolicyView, Problem> {
    let of_tenant = policies::in_force(reading).await?;
    let site = sites::get(reading, space.site_id).await?;
    let of_site = site.map(|row| row.site.definition.policy).unwrap_or_default();
    let of_space = space.definition.policy;
    let has_own = |own: &PolicyOverrides| !own.is_empty();
    let levels = [
        (PolicyLevel::Tenant, of_tenant.is_some()),
        (PolicyLevel::Site, has_own(&of_site)),
        (PolicyLevel::Space, has_own(&of_space)),
    ];
    let tenant = of_tenant.as_ref().map_or_else(Policy::default, |row| row.policy.policy);
    Ok(EffectivePolicyView {
        id: of_tenant.as_ref().map(|row| row.policy_id),
        name: of_tenant.map(|row| row.policy.name),
        levels: levels.into_iter().filter(|(_, has_own)| *has_own).map(|(level, _)| level).collect(),
        settings: PolicySettingsView::of(&tenant.with(&of_site).with(&of_space)),
    })
}
