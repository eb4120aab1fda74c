//! The availability of a space for a window, under all paths that clients use.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use parking_domain::id::SpaceId;
use parking_domain::occupancy::SpaceState;
use parking_domain::space::{SpaceRefusal, Window};
use parking_projections::engine::reader::Reading;
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_projections::registry::overrides::read as overrides;
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
use crate::http::kit::body::Command;
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::ReadSpaces;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{PathParam, QueryParams, invalid, one_with_body};
use crate::http::v6::shared::path::SpacePath;
use crate::http::v6::shared::reservation::ReservationView;
use crate::http::v6::shared::space_override::OverrideView;
use crate::http::v6::shared::window::{WindowBody, WindowQuery};
use crate::http::v6::shared::words;

/// The projections that these resources show.
type Sources = (Registry, Occupancies);

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(of_space, of_space_by_post)).serve(routes!(check)).alias(
        Alias {
            name: "check_space",
            at: (HttpMethod::Post, "/api/v6/reservations/{space_id}/check-availability"),
            of: (HttpMethod::Get, "/api/v6/spaces/{space_id}/availability"),
        },
        of_space,
    )
}

/// The maximum number of returned reservations and of overrides: a window of several years may contain thousands.
const MAX_CONFLICTS: i64 = 100;

/// The availability of a space for a whole window, with the conflicting reservations and overrides.
#[derive(Serialize, ToSchema)]
pub(crate) struct AvailabilityView {
    space_id: Uuid,
    space_code: String,
    space_name: String,
    tenant_id: Uuid,
    query_start: DateTime<Utc>,
    query_end: DateTime<Utc>,
    /// True if the space is enabled and has no conflicting reservations or overrides.
    is_available: bool,
    /// The current state. It is independent of the window.
    #[schema(value_type = words::SpaceState)]
    current_state: SpaceState,
    /// A disabled space cannot be booked at all.
    enabled: bool,
    /// The reservations that overlap the window, earliest first, 100 at most.
    #[schema(max_items = 100)]
    conflicting_reservations: Vec<ReservationView>,
    /// Same as `conflicting_reservations`.
    #[schema(max_items = 100)]
    reservations: Vec<ReservationView>,
    /// The overrides that overlap the window, earliest first, 100 at most.
    #[schema(max_items = 100)]
    overrides: Vec<OverrideView>,
}

/// Checks whether a space is available for a window.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}/availability", tag = "availability",
    params(SpacePath, WindowQuery, Freshness),
    responses((status = 200, body = AvailabilityView), Refusals<(ReadErrors<ReadSpaces>, SpaceRefusal)>))]
async fn of_space(
    State(app): State<AppState>,
    caller: Caller<ReadSpaces>,
    freshness: Freshness,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    QueryParams(query): QueryParams<WindowQuery>,
) -> Result<Json<AvailabilityView>, Problem> {
    let window = query.window()?;
    availability(&mut app.read::<Sources>(&caller, freshness).await?, space_id, window).await
}

/// Checks whether a space is available for the window in the body.
#[utoipa::path(post, path = "/api/v6/spaces/{space_id}/availability", tag = "availability",
    params(SpacePath, Freshness), request_body = WindowBody,
    responses((status = 200, body = AvailabilityView), Refusals<(CommandErrors<ReadSpaces>, SpaceRefusal)>))]
async fn of_space_by_post(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    freshness: Freshness,
    Command { caller, body }: Command<ReadSpaces, WindowBody>,
) -> Result<Json<AvailabilityView>, Problem> {
    one_with_body("space_id", Some(space_id.uuid()), body.space_id)?;
    let window = body.window()?;
    availability(&mut app.read::<Sources>(&caller, freshness).await?, space_id, window).await
}

/// Checks whether the space in the body is available for the window in the body.
#[utoipa::path(post, path = "/api/v6/reservations/check-availability", tag = "availability",
    params(Freshness), request_body = WindowBody,
    responses((status = 200, body = AvailabilityView), Refusals<(CommandErrors<ReadSpaces>, SpaceRefusal)>))]
async fn check(
    State(app): State<AppState>,
    freshness: Freshness,
    Command { caller, body }: Command<ReadSpaces, WindowBody>,
) -> Result<Json<AvailabilityView>, Problem> {
    let space_id = body.space_id.ok_or_else(|| invalid("space_id is required"))?;
    let window = body.window()?;
    availability(&mut app.read::<Sources>(&caller, freshness).await?, space_id.into(), window).await
}

/// All parts of the view are read in one snapshot.
async fn availability(
    reading: &mut Reading,
    space_id: SpaceId,
    window: Window,
) -> Result<Json<AvailabilityView>, Problem> {
    if window.end <= window.start {
        return Err(SpaceRefusal::WindowEmpty.into());
    }
    let row = spaces::get(reading, space_id.uuid()).await?.ok_or(SpaceRefusal::SpaceNotFound)?;
    let conflicting = reservations::holding(reading, space_id.uuid(), window, MAX_CONFLICTS).await?;
    let conflicting = conflicting.into_iter().map(|reservation| row.space.reserved_by(reservation)).collect();
    let conflicting = ReservationView::all(reading, conflicting).await?;
    let overrides = overrides::in_the_way_of(reading, space_id.uuid(), window, MAX_CONFLICTS).await?;
    let overrides = OverrideView::all(reading, overrides).await?;
    let enabled = row.space.definition.enabled;
    Ok(Json(AvailabilityView {
        space_id: row.space.space_id,
        space_code: row.space.code,
        space_name: row.space.definition.name,
        tenant_id: row.space.tenant_id,
        query_start: window.start.utc(),
        query_end: window.end.utc(),
        is_available: enabled && conflicting.is_empty() && overrides.is_empty(),
        current_state: row.occupancy.map_or(SpaceState::Unknown, |shown| shown.state),
        enabled,
        conflicting_reservations: conflicting.clone(),
        reservations: conflicting,
        overrides,
    }))
}
