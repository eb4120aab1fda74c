//! Spaces: `/api/v6/spaces` and `/api/v6/sites/{site_id}/spaces`.

mod availability;
mod body;
mod history;
mod places;
mod view;

use axum::Json;
use axum::extract::State;
use parking_commands::spaces::{EndSpace, MakeSpace};
use parking_domain::device::DeviceRefusal;
use parking_domain::id::TenantId;
use parking_domain::id::{SiteId, SpaceId};
use parking_domain::occupancy::SpaceState;
use parking_domain::site::SiteRefusal;
use parking_domain::space::{SetStateByHand, Space, SpaceCommand, SpaceRefusal, StateByHand, UpdateSpace};
use parking_projections::devices::Fleet;
use parking_projections::engine::reader::Reading;
use parking_projections::occupancy::Occupancies;
use parking_projections::past;
use parking_projections::registry::Registry;
use parking_projections::registry::sites::read as sites;
use parking_projections::registry::spaces::read as spaces;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::path::HttpMethod;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::aliases::{Alias, ServeAliases};
use crate::http::kit::app::{App, AppState};
use crate::http::kit::body::{Command, EmptyBody, IdempotencyKey};
use crate::http::kit::caller::{Caller, Identity};
use crate::http::kit::changes::Changes;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::moment::{AsOfQuery, Moment, found};
use crate::http::kit::page::{Listing, Page, Paged};
use crate::http::kit::permission::{ManageSpaces, ReadSpaces, SetSpaceState};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, PathParam, QueryParams, invalid, one_of, one_with_body};
use crate::http::kit::refusals::TakenRefusals;
use crate::http::kit::reply::View;
use crate::http::kit::reply::{Reply, Shown};
use crate::http::v6::shared::path::{SitePath, SpacePath};
use crate::http::v6::shared::words;
use crate::http::v6::spaces::body::{SpaceBody, StateBody, StateQuery};
use crate::http::v6::spaces::view::StatsView;
use crate::http::v6::spaces::view::{SpaceEnded, SpaceView, StateSet};

/// The projections that these resources show.
type Sources = (Registry, Occupancies, Fleet);

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list, create))
        .serve(routes!(list_of_site, create_on_site))
        .serve(routes!(stats))
        .serve(routes!(one, update, delete))
        .serve(routes!(set_state))
        .alias(Alias::patch("/api/v6/spaces/{space_id}"), update)
        .alias(
            Alias {
                name: "stats_occupancy",
                at: (HttpMethod::Get, "/api/v6/spaces/stats/occupancy"),
                of: (HttpMethod::Get, "/api/v6/spaces/stats"),
            },
            stats,
        )
        .merge(history::routes())
        .merge(places::routes())
        .merge(availability::routes())
}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListSpaces {
    /// Only spaces of this site.
    site_id: Option<Uuid>,
    /// Only spaces in this state, in upper or lower case. `state` and `status` are accepted aliases.
    #[serde(default, deserialize_with = "words::read::space_state")]
    #[param(inline, value_type = Option<words::SpaceState>)]
    current_state: Option<SpaceState>,
    /// Only spaces in this building.
    building: Option<String>,
    /// Only spaces on this floor.
    floor: Option<String>,
    /// Only spaces in this zone.
    zone: Option<String>,
    /// Must be false: deleted spaces are not listed.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_deleted: Option<bool>,
    /// Whether to include the devices assigned to each space.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_devices: Option<bool>,
}

impl Parameters for ListSpaces {
    const NAMES: &'static [&'static [&'static str]] = &[&["current_state", "state", "status"]];
}

/// Lists the tenant's spaces by code.
#[utoipa::path(get, path = "/api/v6/spaces", tag = "spaces",
    params(ListSpaces, Paged<100, 500>, Freshness),
    responses((status = 200, body = Listing<SpaceView>), Refusals<ReadErrors<ReadSpaces>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadSpaces>,
    freshness: Freshness,
    Paged(page): Paged<100, 500>,
    QueryParams(query): QueryParams<ListSpaces>,
) -> Result<Json<Listing<SpaceView>>, Problem> {
    page_of(app.read::<Sources>(&caller, freshness).await?, caller.tenant_id, page, query).await
}

/// Lists a site's spaces by code.
#[utoipa::path(get, path = "/api/v6/sites/{site_id}/spaces", tag = "spaces",
    params(SitePath, ListSpaces, Paged<100, 500>, Freshness),
    responses((status = 200, body = Listing<SpaceView>), Refusals<(ReadErrors<ReadSpaces>, SiteRefusal)>))]
async fn list_of_site(
    State(app): State<AppState>,
    caller: Caller<ReadSpaces>,
    freshness: Freshness,
    PathParam(SitePath { site_id }): PathParam<SitePath>,
    Paged(page): Paged<100, 500>,
    QueryParams(query): QueryParams<ListSpaces>,
) -> Result<Json<Listing<SpaceView>>, Problem> {
    let query = ListSpaces { site_id: one_of("site_id", Some(site_id.uuid()), query.site_id)?, ..query };
    let mut reading = app.read::<Sources>(&caller, freshness).await?;
    sites::get(&mut reading, site_id.uuid()).await?.ok_or(SiteRefusal::SiteNotFound)?;
    page_of(reading, caller.tenant_id, page, query).await
}

async fn page_of(
    mut reading: Reading,
    tenant_id: TenantId,
    page: Page,
    query: ListSpaces,
) -> Result<Json<Listing<SpaceView>>, Problem> {
    if query.include_deleted == Some(true) {
        return Err(invalid(
            "include_deleted must be false: deleted spaces are not listed, their history is",
        ));
    }
    let ListSpaces { site_id, current_state: state, building, floor, zone, .. } = query;
    let filter = spaces::Filter { site_id, state, building, floor, zone };
    let total = spaces::count(&mut reading, &filter).await?;
    let rows = spaces::list(&mut reading, &filter, page.size, page.offset()).await?;
    let view = if query.include_devices == Some(true) { SpaceView::with_devices } else { SpaceView::of };
    Ok(page.of(rows.into_iter().map(view).collect(), total, tenant_id))
}

/// Creates a space on the tenant's first site unless `site_id` names another. The code is unique within the site.
#[utoipa::path(post, path = "/api/v6/spaces", tag = "spaces", params(IdempotencyKey), request_body = SpaceBody,
    responses((status = 201, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, SiteRefusal, TakenRefusals)>))]
async fn create(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageSpaces, SpaceBody>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    create_at(&app, &caller, body.site_id(), body).await
}

/// Creates a space on a site. The code is unique within the site.
#[utoipa::path(post, path = "/api/v6/sites/{site_id}/spaces", tag = "spaces",
    params(SitePath, IdempotencyKey), request_body = SpaceBody,
    responses((status = 201, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, SiteRefusal, TakenRefusals)>))]
async fn create_on_site(
    State(app): State<AppState>,
    PathParam(SitePath { site_id }): PathParam<SitePath>,
    Command { caller, body }: Command<ManageSpaces, SpaceBody>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    one_with_body("site_id", Some(site_id), body.site_id())?;
    create_at(&app, &caller, Some(site_id), body).await
}

async fn create_at(
    app: &App,
    caller: &Identity,
    site_id: Option<SiteId>,
    mut body: SpaceBody,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    let space_id = SpaceId::from(caller.new_id(app));
    body.refuse_devices()?;
    let code = body.code.take().unwrap_or_default();
    let state = body.current_state.filter(|state| *state != StateByHand::Unknown);
    let (definition, asked) = (body.definition()?, caller.asked());
    let make_space = MakeSpace { space_id, site_id, code, definition, state, asked };
    let done = app.execute_jointly(caller, &make_space).await?;
    Ok(done.view(app, caller, space_id).await.created())
}

/// Returns a space as it is, or as it was at a past moment (`as_of`), also if it is deleted since.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}", tag = "spaces",
    params(SpacePath, AsOfQuery, Freshness),
    responses((status = 200, body = SpaceView), Refusals<(ReadErrors<ReadSpaces>, SpaceRefusal)>))]
async fn one(
    State(app): State<AppState>,
    caller: Caller<ReadSpaces, Moment>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
) -> Result<Json<SpaceView>, Problem> {
    let position = caller.time.reached::<Sources>(&app).await?;
    let mut reading = app.read_now::<Sources>(&caller).await?;
    let Some(position) = position else {
        return SpaceView::read(&mut reading, space_id).await.map(Json);
    };
    let then = past::space::as_of(&mut reading, space_id.uuid(), position).await?;
    found(then, "space", SpaceRefusal::SpaceNotFound).map(|space| Json(SpaceView::of_past(space)))
}

/// Updates a space, and sets its state if the body contains another than is shown. Absent fields stay unchanged.
///
/// The state of a body that was read before the state changed is not set: its `state_changed_at` or `last_state_change` is not
/// the present one.
#[utoipa::path(put, path = "/api/v6/spaces/{space_id}", tag = "spaces",
    params(SpacePath, IdempotencyKey), request_body = SpaceBody,
    responses((status = 200, body = Shown<SpaceView>), Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, TakenRefusals)>))]
async fn update(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    Command { caller, body: changes }: Command<ManageSpaces, Changes<SpaceBody>>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    let mut body = changes.onto::<SpaceView>(&app, &caller, space_id).await?;
    let asked = caller.asked();
    let set_state = body.current_state.map(|state| SetStateByHand { state, reason: None, asked });
    let update = UpdateSpace { code: body.code.take(), definition: body.definition()?, asked };
    let mut commands = vec![SpaceCommand::UpdateSpace(Box::new(update))];
    commands.extend(set_state.map(SpaceCommand::SetStateByHand));
    let done = app.execute_all::<Space>(&caller, space_id, &commands).await?;
    Ok(done.view(&app, &caller, space_id).await)
}

/// Deletes a space without active reservations. Its devices are unassigned, and its code can be used again.
#[utoipa::path(delete, path = "/api/v6/spaces/{space_id}", tag = "spaces",
    params(SpacePath, IdempotencyKey),
    responses((status = 200, body = SpaceEnded),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, SiteRefusal, DeviceRefusal)>))]
async fn delete(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    Command { caller, .. }: Command<ManageSpaces, EmptyBody>,
) -> Result<Reply<SpaceEnded>, Problem> {
    let end_space = EndSpace { space_id, reason: None, asked: caller.asked() };
    let done = app.execute_jointly(&caller, &end_space).await?;
    app.settle::<Sources>(done.position).await;
    Ok(done.reply(SpaceEnded::of(space_id, &done.events)))
}

/// Sets a space's state by hand, regardless of its sensor.
#[utoipa::path(put, path = "/api/v6/spaces/{space_id}/state", tag = "spaces",
    params(SpacePath, StateQuery, IdempotencyKey), request_body = StateBody,
    responses((status = 200, body = StateSet), Refusals<(CommandErrors<SetSpaceState>, SpaceRefusal)>))]
async fn set_state(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    QueryParams(query): QueryParams<StateQuery>,
    Command { caller, body }: Command<SetSpaceState, StateBody>,
) -> Result<Reply<StateSet>, Problem> {
    let state = query.or_body(&body)?;
    let current_state = async || {
        let row = find(&mut app.read_now::<Sources>(&caller).await.ok()?, space_id).await.ok()?;
        row.occupancy.map(|occupancy| occupancy.state)
    };
    let previous = current_state().await;
    let set = SetStateByHand { state, reason: body.reason, asked: caller.asked() };
    let set = SpaceCommand::SetStateByHand(set);
    let done = app.execute::<Space>(&caller, space_id, &set).await?;
    app.settle::<Sources>(done.position).await;
    Ok(done.reply(StateSet::of(space_id, previous, current_state().await)))
}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatsQuery {
    /// Only spaces of this site.
    site_id: Option<Uuid>,
}

impl Parameters for StatsQuery {}

/// Counts the tenant's spaces by state.
#[utoipa::path(get, path = "/api/v6/spaces/stats", tag = "spaces", params(StatsQuery, Freshness),
    responses((status = 200, body = StatsView), Refusals<ReadErrors<ReadSpaces>>))]
async fn stats(
    State(app): State<AppState>,
    caller: Caller<ReadSpaces>,
    freshness: Freshness,
    QueryParams(query): QueryParams<StatsQuery>,
) -> Result<Json<StatsView>, Problem> {
    let counts =
        spaces::counts(&mut *app.read::<(Registry, Occupancies)>(&caller, freshness).await?, query.site_id)
            .await?;
    let (site_id, tenant_id) = (query.site_id, caller.tenant_id);
    Ok(Json(StatsView { site_id, tenant_id, counts: (&counts).into() }))
}

async fn find(reading: &mut Reading, space_id: SpaceId) -> Result<spaces::Listed, Problem> {
    let row = spaces::get(reading, space_id.uuid()).await?;
    row.ok_or_else(|| SpaceRefusal::SpaceNotFound.into())
}

impl View for SpaceView {
    type Id = SpaceId;
    type Sources = Sources;

    fn id(space_id: SpaceId) -> Uuid {
        space_id.uuid()
    }

    async fn read(reading: &mut Reading, space_id: SpaceId) -> Result<Self, Problem> {
        find(reading, space_id).await.map(Self::of)
    }
}
