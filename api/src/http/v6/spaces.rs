//! Spaces: `/api/v6/spaces`, and those of a site.

mod availability;
mod body;
mod places;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use parking_commands::joint::Several;
use parking_commands::spaces::{EndSpace, MakeSpace};
use parking_domain::device::DeviceRefusal;
use parking_domain::id::{SiteId, SpaceId};
use parking_domain::site::SiteRefusal;
use parking_domain::space::{
    CreateSpace, SetStateByHand, Space, SpaceCommand, SpaceRefusal, StateByHand, UpdateSpace,
};
use parking_projections::space_history::read as history;
use parking_projections::spaces::read::{self as spaces, Filter, Listed};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::App;
use crate::http::kit::body::{Command, Nothing, Once};
use crate::http::kit::caller::{Caller, Freshness};
use crate::http::kit::documented::{Commanding, Reading, Refusals};
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::page::{Listing, Page, Paged};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AsOfQuery, Named, Queried};
use crate::http::kit::refusals::Taken;
use crate::http::kit::reply::{Answer, Shown};
use crate::http::v6::sites::default_site;
use crate::http::v6::spaces::body::{SpaceBody, StateBody, StateQuery};
use crate::http::v6::spaces::view::StatsView;
use crate::http::v6::spaces::view::{MomentView, SpaceEnded, SpaceView, StateSet};

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .serve(routes!(list, create))
        .serve(routes!(list_of_site, create_on_site))
        .serve(routes!(stats))
        .serve(routes!(stats_occupancy))
        .serve(routes!(one, update, amend, delete))
        .serve(routes!(set_state))
        .serve(routes!(past))
        .merge(places::routes())
        .merge(availability::routes())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListSpaces {
    /// Only those of this site.
    site_id: Option<Uuid>,
    /// Only those in this state: `free`, `occupied`, `reserved`, `maintenance` or `unknown`.
    current_state: Option<String>,
    /// Whether to tell of the devices that stand there.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_devices: Option<bool>,
}

/// The tenant's spaces, by code.
#[utoipa::path(get, path = "/api/v6/spaces", tag = "spaces",
    params(ListSpaces, Paged<100, 500>, Freshness),
    responses((status = 200, body = Listing<SpaceView>), Refusals<Reading>))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Paged(page): Paged<100, 500>,
    Queried(query): Queried<ListSpaces>,
) -> Result<Json<Listing<SpaceView>>, Problem> {
    page_of(&app, &caller, page, query).await
}

/// The spaces of a site, by code.
#[utoipa::path(get, path = "/api/v6/sites/{site_id}/spaces", tag = "spaces",
    params(("site_id" = Uuid, Path), ListSpaces, Paged<100, 500>, Freshness),
    responses((status = 200, body = Listing<SpaceView>), Refusals<Reading>))]
async fn list_of_site(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(site_id): Named<Uuid>,
    Paged(page): Paged<100, 500>,
    Queried(query): Queried<ListSpaces>,
) -> Result<Json<Listing<SpaceView>>, Problem> {
    page_of(&app, &caller, page, ListSpaces { site_id: Some(site_id), ..query }).await
}

async fn page_of(
    app: &App,
    caller: &Caller,
    page: Page,
    query: ListSpaces,
) -> Result<Json<Listing<SpaceView>>, Problem> {
    let filter = Filter { site_id: query.site_id, state: query.current_state };
    let mut reading = caller.read(app).await?;
    let total = spaces::count(&mut reading, &filter).await?;
    let rows = spaces::list(&mut reading, &filter, page.size, page.offset()).await?;
    let view = if query.include_devices == Some(true) { SpaceView::with_devices } else { SpaceView::of };
    Ok(page.of(rows.iter().map(view).collect(), total, caller.tenant_id))
}

/// Makes a space, on the tenant's first site unless it names another. Its code is its own on the site.
#[utoipa::path(post, path = "/api/v6/spaces", tag = "spaces", params(Once), request_body = SpaceBody,
    responses((status = 201, body = Shown<SpaceView>),
              Refusals<(Commanding, SpaceRefusal, SiteRefusal, Taken)>))]
async fn create(
    State(app): State<Arc<App>>,
    Command { caller, body }: Command<SpaceBody>,
) -> Result<Answer<Shown<SpaceView>>, Problem> {
    let site_id = match body.site_id() {
        Some(site_id) => site_id,
        None => default_site(&app, &caller).await?,
    };
    make(&app, &caller, site_id, body).await
}

/// Makes a space on a site.
#[utoipa::path(post, path = "/api/v6/sites/{site_id}/spaces", tag = "spaces",
    params(("site_id" = Uuid, Path), Once), request_body = SpaceBody,
    responses((status = 201, body = Shown<SpaceView>),
              Refusals<(Commanding, SpaceRefusal, SiteRefusal, Taken)>))]
async fn create_on_site(
    State(app): State<Arc<App>>,
    Named(site_id): Named<SiteId>,
    Command { caller, body }: Command<SpaceBody>,
) -> Result<Answer<Shown<SpaceView>>, Problem> {
    make(&app, &caller, site_id, body).await
}

async fn make(
    app: &App,
    caller: &Caller,
    site_id: SiteId,
    mut body: SpaceBody,
) -> Result<Answer<Shown<SpaceView>>, Problem> {
    let space_id = SpaceId::from(caller.new_id(app));
    let code = body.code.take().unwrap_or_default();
    let state = body.current_state.filter(|state| *state != StateByHand::Unknown);
    let create = CreateSpace { site_id, code, definition: body.definition()?, asked: caller.asked() };
    let make = MakeSpace { space_id, create, state };
    let done = app.platform.store.execute(&make, &caller.circumstances()).await?;
    Ok(Answer::created(done.position, shown(app, caller, space_id, done.position).await))
}

/// One space: as it is, or with the state it had at a place in the log.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}", tag = "spaces",
    params(("space_id" = Uuid, Path), AsOfQuery, Freshness),
    responses((status = 200, body = SpaceView), Refusals<(Reading, SpaceRefusal)>))]
async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(space_id): Named<SpaceId>,
    Queried(query): Queried<AsOfQuery>,
) -> Result<Json<SpaceView>, Problem> {
    let as_of = query.place(&app).await?;
    let row = find(&app, &caller, space_id).await?;
    let Some(as_of) = as_of else { return Ok(Json(SpaceView::of(&row))) };
    let moment = history::as_of(&mut *caller.read(&app).await?, space_id.uuid(), as_of).await?;
    match moment.filter(|moment| moment.state.is_some()) {
        Some(moment) => Ok(Json(SpaceView::of(&row).looked_back(&moment))),
        None => Err(SpaceRefusal::SpaceNotFound.into()),
    }
}

/// Changes a space, and says what its state is if the body does. What is absent or null stays as it is.
#[utoipa::path(put, path = "/api/v6/spaces/{space_id}", tag = "spaces",
    params(("space_id" = Uuid, Path), Once), request_body = SpaceBody,
    responses((status = 200, body = Shown<SpaceView>), Refusals<(Commanding, SpaceRefusal, Taken)>))]
async fn update(
    State(app): State<Arc<App>>,
    Named(space_id): Named<SpaceId>,
    Command { caller, mut body }: Command<SpaceBody>,
) -> Result<Answer<Shown<SpaceView>>, Problem> {
    let asked = caller.asked();
    let set_state = body.current_state.map(|state| SetStateByHand { state, reason: None, asked });
    let update = UpdateSpace { code: body.code.take(), definition: body.definition()?, asked };
    let mut commands = vec![SpaceCommand::UpdateSpace(Box::new(update))];
    commands.extend(set_state.map(SpaceCommand::SetStateByHand));
    let change = Several::<Space> { aggregate_id: space_id.to_string(), commands };
    let done = app.platform.store.execute(&change, &caller.circumstances()).await?;
    Ok(Answer::done(done.position, shown(&app, &caller, space_id, done.position).await))
}

/// Changes a space, like `PUT`.
#[utoipa::path(patch, path = "/api/v6/spaces/{space_id}", tag = "spaces",
    params(("space_id" = Uuid, Path), Once), request_body = SpaceBody,
    responses((status = 200, body = Shown<SpaceView>), Refusals<(Commanding, SpaceRefusal, Taken)>))]
async fn amend(
    app: State<Arc<App>>,
    space_id: Named<SpaceId>,
    command: Command<SpaceBody>,
) -> Result<Answer<Shown<SpaceView>>, Problem> {
    update(app, space_id, command).await
}

/// Ends a space that nothing holds. Its devices leave it, and its code is free again.
#[utoipa::path(delete, path = "/api/v6/spaces/{space_id}", tag = "spaces",
    params(("space_id" = Uuid, Path), Once),
    responses((status = 200, body = SpaceEnded),
              Refusals<(Commanding, SpaceRefusal, SiteRefusal, DeviceRefusal)>))]
async fn delete(
    State(app): State<Arc<App>>,
    Named(space_id): Named<SpaceId>,
    Command { caller, .. }: Command<Nothing>,
) -> Result<Answer<SpaceEnded>, Problem> {
    let end = EndSpace { space_id, reason: None, asked: caller.asked() };
    let done = app.platform.store.execute(&end, &caller.circumstances()).await?;
    caller.settle(&app, done.position).await;
    Ok(Answer::done(done.position, SpaceEnded::of(space_id, &done.events)))
}

/// Says what a space's state is, whatever its sensor says.
#[utoipa::path(put, path = "/api/v6/spaces/{space_id}/state", tag = "spaces",
    params(("space_id" = Uuid, Path), StateQuery, Once), request_body = StateBody,
    responses((status = 200, body = StateSet), Refusals<(Commanding, SpaceRefusal)>))]
async fn set_state(
    State(app): State<Arc<App>>,
    Named(space_id): Named<SpaceId>,
    Queried(query): Queried<StateQuery>,
    Command { caller, body }: Command<StateBody>,
) -> Result<Answer<StateSet>, Problem> {
    let state = query.or(&body)?;
    let state_now = async || {
        let row = find(&app, &caller, space_id).await.ok()?;
        row.occupancy.map(|occupancy| occupancy.state)
    };
    let previous = state_now().await;
    let set = SetStateByHand { state, reason: body.reason, asked: caller.asked() };
    let set = SpaceCommand::SetStateByHand(set);
    let done = app.platform.spaces.execute(&space_id.to_string(), &set, &caller.circumstances()).await?;
    caller.settle(&app, Some(done.position)).await;
    Ok(Answer::done(Some(done.position), StateSet::of(space_id, previous, state_now().await)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfSite {
    /// Only spaces of this site.
    site_id: Option<Uuid>,
}

/// How many spaces are free, occupied, ….
#[utoipa::path(get, path = "/api/v6/spaces/stats", tag = "spaces", params(OfSite, Freshness),
    responses((status = 200, body = StatsView), Refusals<Reading>))]
async fn stats(
    State(app): State<Arc<App>>,
    caller: Caller,
    Queried(query): Queried<OfSite>,
) -> Result<Json<StatsView>, Problem> {
    let counts = spaces::counts(&mut *caller.read(&app).await?, query.site_id).await?;
    let (site_id, tenant_id) = (query.site_id, caller.tenant_id);
    Ok(Json(StatsView { site_id, tenant_id, counts: (&counts).into() }))
}

/// The same, where V6 had it.
#[utoipa::path(get, path = "/api/v6/spaces/stats/occupancy", tag = "spaces", params(OfSite, Freshness),
    responses((status = 200, body = StatsView), Refusals<Reading>))]
async fn stats_occupancy(
    app: State<Arc<App>>,
    caller: Caller,
    query: Queried<OfSite>,
) -> Result<Json<StatsView>, Problem> {
    stats(app, caller, query).await
}

/// Every change of a space's state or display, the newest first, with what caused it.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}/history", tag = "spaces",
    params(("space_id" = Uuid, Path), Paged<50, 500>, Freshness),
    responses((status = 200, body = Listing<MomentView>), Refusals<(Reading, SpaceRefusal)>))]
async fn past(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(space_id): Named<SpaceId>,
    Paged(page): Paged<50, 500>,
) -> Result<Json<Listing<MomentView>>, Problem> {
    let mut reading = caller.read(&app).await?;
    let total = history::count(&mut reading, space_id.uuid()).await?;
    if total == 0 {
        find(&app, &caller, space_id).await?;
    }
    let rows = history::list(&mut reading, space_id.uuid(), page.size, page.offset()).await?;
    Ok(page.of(rows.iter().map(MomentView::of).collect(), total, caller.tenant_id))
}

pub(crate) async fn find(app: &App, caller: &Caller, space_id: SpaceId) -> Result<Listed, Problem> {
    let row = spaces::get(&mut *caller.read(app).await?, space_id.uuid()).await?;
    row.ok_or_else(|| SpaceRefusal::SpaceNotFound.into())
}

pub(crate) async fn shown(
    app: &App,
    caller: &Caller,
    space_id: SpaceId,
    position: Option<i64>,
) -> Shown<SpaceView> {
    caller.settle(app, position).await;
    Shown::of(space_id.uuid(), find(app, caller, space_id).await.map(|row| SpaceView::of(&row)))
}
