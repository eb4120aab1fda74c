//! Overrides: `/api/v6/overrides` and `/api/v6/spaces/{space_id}/overrides`.

mod body;
mod view;

use axum::Json;
use axum::extract::State;
use parking_commands::overrides::Overrides;
use parking_domain::id::TenantId;
use parking_domain::id::{OverrideId, SpaceId};
use parking_domain::space::{ClearOverride, SpaceRefusal};
use parking_projections::engine::reader::Reading;
use parking_projections::registry::Registry;
use parking_projections::registry::overrides::OverrideStatus;
use parking_projections::registry::overrides::read as overrides;
use parking_projections::registry::spaces::read as spaces;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::app::{App, AppState};
use crate::http::kit::body::{Command, EmptyBody, IdempotencyKey};
use crate::http::kit::caller::{Caller, Identity};
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::page::{Listing, Page, Paged};
use crate::http::kit::permission::{ManageOverrides, ReadOverrides};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, PathParam, QueryParams, one_of};
use crate::http::kit::reply::View;
use crate::http::kit::reply::{Done, Reply, Shown};
use crate::http::v6::overrides::body::OverrideBody;
use crate::http::v6::overrides::view::ClearedView;
use crate::http::v6::shared::path::{OverridePath, SpaceOverridePath, SpacePath};
use crate::http::v6::shared::space_override::OverrideView;
use crate::http::v6::shared::words;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list, set))
        .serve(routes!(one, clear))
        .serve(routes!(list_of_space, set_at_space))
        .serve(routes!(one_of_space, clear_at_space))
}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListOverrides {
    /// Only overrides of this space.
    space_id: Option<Uuid>,
    /// Only overrides of spaces on this site.
    site_id: Option<Uuid>,
    /// Only overrides with this status.
    #[serde(default, deserialize_with = "lenient::word")]
    #[param(inline, value_type = Option<words::OverrideStatus>)]
    status: Option<OverrideStatus>,
}

impl Parameters for ListOverrides {}

/// Lists the overrides of the tenant's spaces, latest start first.
#[utoipa::path(get, path = "/api/v6/overrides", tag = "overrides",
    params(ListOverrides, Paged<50, 200>, Freshness),
    responses((status = 200, body = Listing<OverrideView>), Refusals<ReadErrors<ReadOverrides>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadOverrides>,
    freshness: Freshness,
    Paged(page): Paged<50, 200>,
    QueryParams(query): QueryParams<ListOverrides>,
) -> Result<Json<Listing<OverrideView>>, Problem> {
    let ListOverrides { space_id, site_id, status } = query;
    let filter = overrides::Filter { space_id, site_id, status };
    page_of(app.read::<Registry>(&caller, freshness).await?, caller.tenant_id, page, &filter).await
}

/// Lists a space's overrides, latest start first.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}/overrides", tag = "overrides",
    params(SpacePath, ListOverrides, Paged<50, 200>, Freshness),
    responses((status = 200, body = Listing<OverrideView>), Refusals<(ReadErrors<ReadOverrides>, SpaceRefusal)>))]
async fn list_of_space(
    State(app): State<AppState>,
    caller: Caller<ReadOverrides>,
    freshness: Freshness,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    Paged(page): Paged<50, 200>,
    QueryParams(query): QueryParams<ListOverrides>,
) -> Result<Json<Listing<OverrideView>>, Problem> {
    one_of("space_id", Some(space_id.uuid()), query.space_id)?;
    let filter =
        overrides::Filter { space_id: Some(space_id.uuid()), site_id: query.site_id, status: query.status };
    let mut reading = app.read::<Registry>(&caller, freshness).await?;
    if !spaces::exists(&mut reading, space_id.uuid()).await? {
        return Err(SpaceRefusal::SpaceNotFound.into());
    }
    page_of(reading, caller.tenant_id, page, &filter).await
}

async fn page_of(
    mut reading: Reading,
    tenant_id: TenantId,
    page: Page,
    filter: &overrides::Filter,
) -> Result<Json<Listing<OverrideView>>, Problem> {
    let total = overrides::count(&mut reading, filter).await?;
    let rows = overrides::list(&mut reading, filter, page.size, page.offset()).await?;
    Ok(page.of(OverrideView::all(&mut reading, rows).await?, total, tenant_id))
}

/// Sets an override: the space cannot be used for a period, regardless of its sensor and its reservations.
///
/// The answer names the reservations that it affects.
#[utoipa::path(post, path = "/api/v6/overrides", tag = "overrides", params(IdempotencyKey),
    request_body = OverrideBody,
    responses((status = 201, body = Shown<OverrideView>), Refusals<(CommandErrors<ManageOverrides>, SpaceRefusal)>))]
async fn set(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageOverrides, OverrideBody>,
) -> Result<Reply<Shown<OverrideView>>, Problem> {
    let space_id = body.space_id(None)?;
    set_at(&app, &caller, space_id, body).await
}

/// Sets an override of this space: it cannot be used for a period, regardless of its sensor and its reservations.
///
/// The answer names the reservations that it affects.
#[utoipa::path(post, path = "/api/v6/spaces/{space_id}/overrides", tag = "overrides",
    params(SpacePath, IdempotencyKey), request_body = OverrideBody,
    responses((status = 201, body = Shown<OverrideView>), Refusals<(CommandErrors<ManageOverrides>, SpaceRefusal)>))]
async fn set_at_space(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    Command { caller, body }: Command<ManageOverrides, OverrideBody>,
) -> Result<Reply<Shown<OverrideView>>, Problem> {
    let space_id = body.space_id(Some(space_id))?;
    set_at(&app, &caller, space_id, body).await
}

async fn set_at(
    app: &App,
    caller: &Identity,
    space_id: SpaceId,
    body: OverrideBody,
) -> Result<Reply<Shown<OverrideView>>, Problem> {
    let override_id = OverrideId::from(caller.new_id(app));
    let new = body.new_override(override_id, space_id, caller.asked())?;
    let overrides = Overrides::new(&app.platform.spaces, &app.platform.sealer);
    let done = Done::from(overrides.set(new, &caller.context()).await?);
    Ok(done.view(app, caller, override_id).await.created())
}

/// Returns an override.
#[utoipa::path(get, path = "/api/v6/overrides/{override_id}", tag = "overrides",
    params(OverridePath, Freshness),
    responses((status = 200, body = OverrideView), Refusals<(ReadErrors<ReadOverrides>, SpaceRefusal)>))]
async fn one(
    State(app): State<AppState>,
    caller: Caller<ReadOverrides>,
    freshness: Freshness,
    PathParam(OverridePath { override_id }): PathParam<OverridePath>,
) -> Result<Json<OverrideView>, Problem> {
    let mut reading = app.read::<Registry>(&caller, freshness).await?;
    OverrideView::read(&mut reading, override_id).await.map(Json)
}

/// Returns an override of this space.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}/overrides/{override_id}", tag = "overrides",
    params(SpaceOverridePath, Freshness),
    responses((status = 200, body = OverrideView), Refusals<(ReadErrors<ReadOverrides>, SpaceRefusal)>))]
async fn one_of_space(
    State(app): State<AppState>,
    caller: Caller<ReadOverrides>,
    freshness: Freshness,
    PathParam(SpaceOverridePath { space_id, override_id }): PathParam<SpaceOverridePath>,
) -> Result<Json<OverrideView>, Problem> {
    let mut reading = app.read::<Registry>(&caller, freshness).await?;
    find(&mut reading, Some(space_id), override_id).await.map(Json)
}

/// Clears an override, before its start or while it is in force.
#[utoipa::path(delete, path = "/api/v6/overrides/{override_id}", tag = "overrides",
    params(OverridePath, IdempotencyKey),
    responses((status = 200, body = ClearedView), Refusals<(CommandErrors<ManageOverrides>, SpaceRefusal)>))]
async fn clear(
    State(app): State<AppState>,
    PathParam(OverridePath { override_id }): PathParam<OverridePath>,
    Command { caller, .. }: Command<ManageOverrides, EmptyBody>,
) -> Result<Reply<ClearedView>, Problem> {
    let space_id = space_of(&app, &caller, override_id).await?;
    clear_at(&app, &caller, space_id, override_id).await
}

/// Clears an override of this space, before its start or while it is in force.
#[utoipa::path(delete, path = "/api/v6/spaces/{space_id}/overrides/{override_id}", tag = "overrides",
    params(SpaceOverridePath, IdempotencyKey),
    responses((status = 200, body = ClearedView), Refusals<(CommandErrors<ManageOverrides>, SpaceRefusal)>))]
async fn clear_at_space(
    State(app): State<AppState>,
    PathParam(SpaceOverridePath { space_id, override_id }): PathParam<SpaceOverridePath>,
    Command { caller, .. }: Command<ManageOverrides, EmptyBody>,
) -> Result<Reply<ClearedView>, Problem> {
    clear_at(&app, &caller, space_id, override_id).await
}

async fn clear_at(
    app: &App,
    caller: &Identity,
    space_id: SpaceId,
    override_id: OverrideId,
) -> Result<Reply<ClearedView>, Problem> {
    let clear = ClearOverride { override_id, asked: caller.asked() };
    let overrides = Overrides::new(&app.platform.spaces, &app.platform.sealer);
    let done = Done::from(overrides.clear(space_id, clear, &caller.context()).await?);
    let cleared = Shown::read(app, caller, done.position, override_id).await;
    Ok(done.reply(ClearedView { cleared, success: true, message: "the override is cleared" }))
}

/// The space of an override, even if the override was set a moment ago.
async fn space_of(app: &App, caller: &Identity, override_id: OverrideId) -> Result<SpaceId, Problem> {
    let found = async || -> Result<Option<SpaceId>, Problem> {
        let row = overrides::get(&mut *app.read_now::<Registry>(caller).await?, override_id.uuid()).await?;
        Ok(row.map(|row| row.set.space_id.into()))
    };
    if let Some(space_id) = found().await? {
        return Ok(space_id);
    }
    app.catch_up().await?;
    found().await?.ok_or_else(|| SpaceRefusal::OverrideNotFound.into())
}

async fn find(
    reading: &mut Reading,
    space_id: Option<SpaceId>,
    override_id: OverrideId,
) -> Result<OverrideView, Problem> {
    let row = overrides::get(reading, override_id.uuid()).await?;
    let row = row.filter(|row| space_id.is_none_or(|space_id| row.set.space_id == space_id.uuid()));
    let view = OverrideView::all(reading, row.into_iter().collect()).await?.pop();
    view.ok_or_else(|| SpaceRefusal::OverrideNotFound.into())
}

impl View for OverrideView {
    type Id = OverrideId;
    type Sources = Registry;

    fn id(override_id: OverrideId) -> Uuid {
        override_id.uuid()
    }

    async fn read(reading: &mut Reading, override_id: OverrideId) -> Result<Self, Problem> {
        find(reading, None, override_id).await
    }
}
