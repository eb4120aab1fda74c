//! Spaces: `/api/v6/spaces`, and those of a site.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use parking_commands::spaces::{EndSpace, MakeSpace};
use parking_domain::id::SpaceId;
use parking_domain::space::{
    CreateSpace, SetStateByHand, SpaceCommand, SpaceRefusal, StateByHand, UpdateSpace,
};
use parking_projections::space_history::read as history;
use parking_projections::spaces::read::{self as spaces, Filter, Listed};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answer, settle};
use super::body::{Body, OptionalBody};
use super::caller::Caller;
use super::compat::both_forms;
use super::query::{as_of, id_in_path, uuid};
use super::sites::{counts_view, default_site};
use super::space_body::SpaceBody;
use super::space_view::{moment, view, view_as_of};
use crate::http::App;
use crate::http::page::Parameters;
use crate::http::problem::Problem;

type Queried = Query<Vec<(String, String)>>;

pub(crate) fn router() -> Router<Arc<App>> {
    let router = both_forms(Router::new(), "/api/v6/spaces", get(list).post(create));
    let router = both_forms(router, "/api/v6/spaces/stats", get(stats));
    let router = both_forms(router, "/api/v6/spaces/stats/occupancy", get(stats));
    let router =
        both_forms(router, "/api/v6/spaces/{space_id}", get(one).put(update).patch(update).delete(delete));
    let router = both_forms(router, "/api/v6/spaces/{space_id}/state", put(set_state));
    let router = both_forms(router, "/api/v6/spaces/{space_id}/history", get(past));
    both_forms(router, "/api/v6/sites/{site_id}/spaces", get(list_of_site).post(create_on_site))
}

async fn list(state: State<Arc<App>>, caller: Caller, Query(query): Queried) -> Result<Json<Value>, Problem> {
    let parameters = Parameters(query);
    let site_id = uuid(&parameters, "site_id")?;
    page(state, caller, parameters, site_id).await
}

async fn list_of_site(
    state: State<Arc<App>>,
    caller: Caller,
    Path(site_id): Path<String>,
    Query(query): Queried,
) -> Result<Json<Value>, Problem> {
    page(state, caller, Parameters(query), Some(id_in_path("site_id", &site_id)?)).await
}

async fn page(
    State(app): State<Arc<App>>,
    caller: Caller,
    parameters: Parameters,
    site_id: Option<uuid::Uuid>,
) -> Result<Json<Value>, Problem> {
    let page = parameters.page(100, 500)?;
    let filter = Filter { site_id, state: parameters.text("current_state").map(ToOwned::to_owned) };
    app.progress.wait_for(&app, &parameters).await?;
    let mut reading = caller.read(&app).await?;
    let total = spaces::count(&mut reading, &filter).await?;
    let rows = spaces::list(&mut reading, &filter, page.size, page.offset()).await?;
    let items: Vec<Value> = rows.iter().map(view).collect();
    Ok(Json(page.envelope_of("spaces", &items, total, caller.tenant_id)))
}

async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<SpaceBody>,
) -> Result<Answer<Value>, Problem> {
    let site_id = match body.site_id() {
        Some(site_id) => site_id,
        None => default_site(&app, &caller).await?,
    };
    make(&app, &caller, site_id, body).await
}

async fn create_on_site(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(site_id): Path<String>,
    Body(body): Body<SpaceBody>,
) -> Result<Answer<Value>, Problem> {
    make(&app, &caller, id_in_path("site_id", &site_id)?, body).await
}

async fn make(
    app: &App,
    caller: &Caller,
    site_id: parking_domain::id::SiteId,
    mut body: SpaceBody,
) -> Result<Answer<Value>, Problem> {
    let space_id = SpaceId::from(app.ids.next());
    let code = body.code.take().unwrap_or_default();
    let state = body.current_state.filter(|state| *state != StateByHand::Unknown);
    let create = CreateSpace { site_id, code, definition: body.definition()?, asked: caller.asked() };
    let make = MakeSpace { space_id, create, state };
    let done = app.platform.store.execute(&make, &caller.circumstances()).await?;
    shown(app, caller, space_id, done.position).await.map(|space| Answer::created(done.position, space))
}

async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(space_id): Path<String>,
    Query(query): Queried,
) -> Result<Json<Value>, Problem> {
    let parameters = Parameters(query);
    let space_id: SpaceId = id_in_path("space_id", &space_id)?;
    app.progress.wait_for(&app, &parameters).await?;
    let row = find(&app, &caller, space_id).await?;
    let Some(as_of) = as_of(&parameters)? else { return Ok(Json(view(&row))) };
    let moment = history::as_of(&mut *caller.read(&app).await?, space_id.uuid(), as_of).await?;
    match moment.filter(|moment| moment.state.is_some()) {
        Some(moment) => Ok(Json(view_as_of(&row, &moment))),
        None => Err(SpaceRefusal::SpaceNotFound.into()),
    }
}

async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(space_id): Path<String>,
    Body(mut body): Body<SpaceBody>,
) -> Result<Answer<Value>, Problem> {
    let space_id: SpaceId = id_in_path("space_id", &space_id)?;
    let (asked, circumstances) = (caller.asked(), caller.circumstances());
    let state = body.current_state;
    let update = UpdateSpace { code: body.code.take(), definition: body.definition()?, asked };
    let update = SpaceCommand::UpdateSpace(Box::new(update));
    let mut done = app.platform.spaces.execute(&space_id.to_string(), &update, &circumstances).await?;
    if let Some(state) = state {
        let set = SpaceCommand::SetStateByHand(SetStateByHand { state, reason: None, asked });
        done = app.platform.spaces.execute(&space_id.to_string(), &set, &circumstances).await?;
    }
    shown(&app, &caller, space_id, Some(done.position))
        .await
        .map(|space| Answer::done(Some(done.position), space))
}

async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(space_id): Path<String>,
) -> Result<Answer<Value>, Problem> {
    let space_id: SpaceId = id_in_path("space_id", &space_id)?;
    let end = EndSpace { space_id, reason: None, asked: caller.asked() };
    let done = app.platform.store.execute(&end, &caller.circumstances()).await?;
    let code = done.events.iter().find_map(|event| match event {
        parking_domain::space::SpaceEvent::SpaceDeleted { code, .. } => Some(code.clone()),
        _ => None,
    });
    let body = json!({
        "success": true, "space_id": space_id, "space_code": code, "message": "the space is deleted",
    });
    Ok(Answer::done(done.position, body))
}

/// The state as V6's prototype sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct StateBody {
    #[serde(alias = "new_state", alias = "current_state")]
    status: Option<StateByHand>,
    reason: Option<String>,
}

async fn set_state(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(space_id): Path<String>,
    Query(query): Queried,
    OptionalBody(body): OptionalBody<StateBody>,
) -> Result<Answer<Value>, Problem> {
    let space_id: SpaceId = id_in_path("space_id", &space_id)?;
    let parameters = Parameters(query);
    let named = parameters.text("new_state").map(|text| serde_json::from_value(text.into())).transpose();
    let state = named.ok().flatten().or(body.status).ok_or_else(|| {
        let detail = "new_state must be free, occupied, reserved, maintenance or unknown";
        Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "parameter_invalid", detail)
    })?;
    let previous = find(&app, &caller, space_id).await?.occupancy.map(|occupancy| occupancy.state);
    let set = SetStateByHand { state, reason: body.reason, asked: caller.asked() };
    let set = SpaceCommand::SetStateByHand(set);
    let done = app.platform.spaces.execute(&space_id.to_string(), &set, &caller.circumstances()).await?;
    settle(&app, Some(done.position)).await;
    let current = find(&app, &caller, space_id).await?.occupancy.map(|occupancy| occupancy.state);
    let body = json!({
        "space_id": space_id, "previous_state": previous, "current_state": current, "changed": previous != current,
        "source": "manual", "message": "the state is set",
    });
    Ok(Answer::done(Some(done.position), body))
}

async fn stats(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Queried,
) -> Result<Json<Value>, Problem> {
    let parameters = Parameters(query);
    let site_id = uuid(&parameters, "site_id")?;
    app.progress.wait_for(&app, &parameters).await?;
    let counts = spaces::counts(&mut *caller.read(&app).await?, site_id).await?;
    let mut body = counts_view(&counts);
    body["site_id"] = json!(site_id);
    body["tenant_id"] = json!(caller.tenant_id);
    Ok(Json(body))
}

async fn past(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(space_id): Path<String>,
    Query(query): Queried,
) -> Result<Json<Value>, Problem> {
    let parameters = Parameters(query);
    let space_id: SpaceId = id_in_path("space_id", &space_id)?;
    let page = parameters.page(50, 500)?;
    app.progress.wait_for(&app, &parameters).await?;
    let mut reading = caller.read(&app).await?;
    let total = history::count(&mut reading, space_id.uuid()).await?;
    if total == 0 {
        find(&app, &caller, space_id).await?;
    }
    let rows = history::list(&mut reading, space_id.uuid(), page.size, page.offset()).await?;
    let items: Vec<Value> = rows.iter().map(moment).collect();
    Ok(Json(page.envelope_of("history", &items, total, caller.tenant_id)))
}

async fn find(app: &App, caller: &Caller, space_id: SpaceId) -> Result<Listed, Problem> {
    let row = spaces::get(&mut *caller.read(app).await?, space_id.uuid()).await?;
    row.ok_or_else(|| SpaceRefusal::SpaceNotFound.into())
}

/// The space as it is after a command; at least its id, if the read model does not follow.
async fn shown(
    app: &App,
    caller: &Caller,
    space_id: SpaceId,
    position: Option<i64>,
) -> Result<Value, Problem> {
    settle(app, position).await;
    Ok(find(app, caller, space_id).await.map_or_else(|_| json!({"id": space_id}), |row| view(&row)))
}
