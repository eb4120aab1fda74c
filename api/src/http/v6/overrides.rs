//! Overrides: `/api/v6/overrides`, and those of a space.

mod body;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use parking_commands::personal::Field;
use parking_domain::id::{OverrideId, SpaceId};
use parking_domain::space::{ClearOverride, SpaceCommand, SpaceRefusal};
use parking_projections::overrides::OverrideStatus;
use parking_projections::overrides::read::{self as overrides, Filter};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::App;
use crate::http::kit::body::{Command, Nothing, Once};
use crate::http::kit::caller::{Caller, Freshness};
use crate::http::kit::documented::{Commanding, Reading, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::page::{Listing, Page, Paged};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Named, Queried};
use crate::http::kit::reply::{Answer, Shown};
use crate::http::v6::overrides::body::OverrideBody;
use crate::http::v6::overrides::view::ClearedView;
use crate::http::v6::shared::space_override::OverrideView;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .serve(routes!(list, set))
        .serve(routes!(one, clear))
        .serve(routes!(list_of_space, set_at_space))
        .serve(routes!(one_of_space, clear_at_space))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListOverrides {
    /// Only those of this space.
    space_id: Option<Uuid>,
    /// Only those of spaces on this site.
    site_id: Option<Uuid>,
    /// Only those that have come this far: `set`, `active`, `ended` or `cleared`.
    #[param(value_type = Option<String>)]
    status: Option<OverrideStatus>,
}

/// The overrides of the tenant's spaces, the latest start first.
#[utoipa::path(get, path = "/api/v6/overrides", tag = "overrides",
    params(ListOverrides, Paged<50, 200>, Freshness),
    responses((status = 200, body = Listing<OverrideView>), Refusals<Reading>))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Paged(page): Paged<50, 200>,
    Queried(query): Queried<ListOverrides>,
) -> Result<Json<Listing<OverrideView>>, Problem> {
    let ListOverrides { space_id, site_id, status } = query;
    page_of(&app, &caller, page, &Filter { space_id, site_id, status }).await
}

/// The overrides of a space, the latest start first.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}/overrides", tag = "overrides",
    params(("space_id" = Uuid, Path), ListOverrides, Paged<50, 200>, Freshness),
    responses((status = 200, body = Listing<OverrideView>), Refusals<Reading>))]
async fn list_of_space(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(space_id): Named<Uuid>,
    Paged(page): Paged<50, 200>,
    Queried(query): Queried<ListOverrides>,
) -> Result<Json<Listing<OverrideView>>, Problem> {
    let ListOverrides { site_id, status, .. } = query;
    page_of(&app, &caller, page, &Filter { space_id: Some(space_id), site_id, status }).await
}

async fn page_of(
    app: &App,
    caller: &Caller,
    page: Page,
    filter: &Filter,
) -> Result<Json<Listing<OverrideView>>, Problem> {
    let mut reading = caller.read(app).await?;
    let total = overrides::count(&mut reading, filter).await?;
    let rows = overrides::list(&mut reading, filter, page.size, page.offset()).await?;
    Ok(page.of(OverrideView::all(&mut reading, rows).await?, total, caller.tenant_id))
}

/// Keeps a space from being used for a time, whatever its sensor and its reservations say.
#[utoipa::path(post, path = "/api/v6/overrides", tag = "overrides", params(Once),
    request_body = OverrideBody,
    responses((status = 201, body = Shown<OverrideView>), Refusals<(Commanding, SpaceRefusal)>))]
async fn set(
    State(app): State<Arc<App>>,
    Command { caller, body }: Command<OverrideBody>,
) -> Result<Answer<Shown<OverrideView>>, Problem> {
    let space_id = body.space_id()?;
    set_at(&app, &caller, space_id, body).await
}

/// Keeps this space from being used for a time.
#[utoipa::path(post, path = "/api/v6/spaces/{space_id}/overrides", tag = "overrides",
    params(("space_id" = Uuid, Path), Once), request_body = OverrideBody,
    responses((status = 201, body = Shown<OverrideView>), Refusals<(Commanding, SpaceRefusal)>))]
async fn set_at_space(
    State(app): State<Arc<App>>,
    Named(space_id): Named<SpaceId>,
    Command { caller, body }: Command<OverrideBody>,
) -> Result<Answer<Shown<OverrideView>>, Problem> {
    set_at(&app, &caller, space_id, body).await
}

async fn set_at(
    app: &App,
    caller: &Caller,
    space_id: SpaceId,
    body: OverrideBody,
) -> Result<Answer<Shown<OverrideView>>, Problem> {
    let override_id = OverrideId::from(caller.new_id(app));
    let notes = match &body.notes {
        None => None,
        // Nobody knows whom they name, so they have a key of their own.
        Some(notes) => {
            let sealer = &app.platform.sealer;
            let person = sealer.person(Some(caller.tenant_id), override_id.uuid()).await?;
            Some(person.seal(Field::NOTES, notes)?)
        }
    };
    let set = body.command(override_id, notes, caller)?;
    let done = app.platform.spaces.execute(&space_id.to_string(), &set, &caller.circumstances()).await?;
    let position = Some(done.position);
    Ok(Answer::created(position, shown(app, caller, override_id, done.position).await))
}

/// One override.
#[utoipa::path(get, path = "/api/v6/overrides/{override_id}", tag = "overrides",
    params(("override_id" = Uuid, Path), Freshness),
    responses((status = 200, body = OverrideView), Refusals<(Reading, SpaceRefusal)>))]
async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(override_id): Named<OverrideId>,
) -> Result<Json<OverrideView>, Problem> {
    find(&app, &caller, None, override_id).await.map(Json)
}

/// One override of this space.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}/overrides/{override_id}", tag = "overrides",
    params(("space_id" = Uuid, Path), ("override_id" = Uuid, Path), Freshness),
    responses((status = 200, body = OverrideView), Refusals<(Reading, SpaceRefusal)>))]
async fn one_of_space(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named((space_id, override_id)): Named<(SpaceId, OverrideId)>,
) -> Result<Json<OverrideView>, Problem> {
    find(&app, &caller, Some(space_id), override_id).await.map(Json)
}

/// Takes an override away, before its time or while it holds.
#[utoipa::path(delete, path = "/api/v6/overrides/{override_id}", tag = "overrides",
    params(("override_id" = Uuid, Path), Once),
    responses((status = 200, body = ClearedView), Refusals<(Commanding, SpaceRefusal)>))]
async fn clear(
    State(app): State<Arc<App>>,
    Named(override_id): Named<OverrideId>,
    Command { caller, .. }: Command<Nothing>,
) -> Result<Answer<ClearedView>, Problem> {
    let space_id = space_of(&app, &caller, override_id).await?;
    clear_at(&app, &caller, space_id, override_id).await
}

/// Takes an override of this space away.
#[utoipa::path(delete, path = "/api/v6/spaces/{space_id}/overrides/{override_id}", tag = "overrides",
    params(("space_id" = Uuid, Path), ("override_id" = Uuid, Path), Once),
    responses((status = 200, body = ClearedView), Refusals<(Commanding, SpaceRefusal)>))]
async fn clear_at_space(
    State(app): State<Arc<App>>,
    Named((space_id, override_id)): Named<(SpaceId, OverrideId)>,
    Command { caller, .. }: Command<Nothing>,
) -> Result<Answer<ClearedView>, Problem> {
    clear_at(&app, &caller, space_id, override_id).await
}

async fn clear_at(
    app: &App,
    caller: &Caller,
    space_id: SpaceId,
    override_id: OverrideId,
) -> Result<Answer<ClearedView>, Problem> {
    let clear = SpaceCommand::ClearOverride(ClearOverride { override_id, asked: caller.asked() });
    let done = app.platform.spaces.execute(&space_id.to_string(), &clear, &caller.circumstances()).await?;
    let cleared = shown(app, caller, override_id, done.position).await;
    let view = ClearedView { cleared, success: true, message: "the override is cleared" };
    Ok(Answer::done(Some(done.position), view))
}

/// The space that an override is for, also of one that was set a moment ago.
async fn space_of(app: &App, caller: &Caller, override_id: OverrideId) -> Result<SpaceId, Problem> {
    if let Some(row) = row(app, caller, override_id).await? {
        return Ok(row.set.space_id.into());
    }
    caller.catch_up(app).await;
    let row = row(app, caller, override_id).await?.ok_or(SpaceRefusal::OverrideNotFound)?;
    Ok(row.set.space_id.into())
}

async fn row(
    app: &App,
    caller: &Caller,
    override_id: OverrideId,
) -> Result<Option<overrides::Listed>, Problem> {
    Ok(overrides::get(&mut *caller.read(app).await?, override_id.uuid()).await?)
}

async fn find(
    app: &App,
    caller: &Caller,
    space_id: Option<SpaceId>,
    override_id: OverrideId,
) -> Result<OverrideView, Problem> {
    let mut reading = caller.read(app).await?;
    let row = overrides::get(&mut reading, override_id.uuid()).await?;
    let row = row.filter(|row| space_id.is_none_or(|space_id| row.set.space_id == space_id.uuid()));
    let view = OverrideView::all(&mut reading, row.into_iter().collect()).await?.pop();
    view.ok_or_else(|| SpaceRefusal::OverrideNotFound.into())
}

async fn shown(app: &App, caller: &Caller, override_id: OverrideId, position: i64) -> Shown<OverrideView> {
    caller.settle(app, Some(position)).await;
    Shown::of(override_id.uuid(), find(app, caller, None, override_id).await)
}
