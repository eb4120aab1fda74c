//! The history of a space: `/api/v6/spaces/{space_id}/history`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use parking_domain::space::SpaceRefusal;
use parking_projections::engine::request_ids;
use parking_projections::occupancy::Occupancies;
use parking_projections::occupancy::space_history::Moment;
use parking_projections::occupancy::space_history::read as past;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::app::{App, AppState};
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::ReadSpaces;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::PathParam;
use crate::http::kit::seek::{SeekListing, SeekPage};
use crate::http::v6::shared::path::SpacePath;
use crate::http::v6::spaces::find;
use crate::http::v6::spaces::view::MomentView;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(history))
}

/// Lists all changes of a space's state or display with their causes, newest first.
#[utoipa::path(get, path = "/api/v6/spaces/{space_id}/history", tag = "spaces",
    params(SpacePath, SeekPage<50, 500>, Freshness),
    responses((status = 200, body = SeekListing<MomentView>), Refusals<(ReadErrors<ReadSpaces>, SpaceRefusal)>))]
async fn history(
    State(app): State<AppState>,
    caller: Caller<ReadSpaces>,
    freshness: Freshness,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    SeekPage(seek): SeekPage<50, 500>,
) -> Result<Json<SeekListing<MomentView>>, Problem> {
    let mut reading = app.read::<Occupancies>(&caller, seek.freshness(freshness)).await?;
    let total = seek.total(past::count(&mut reading, space_id.uuid())).await?;
    let rows = past::list(&mut reading, space_id.uuid(), seek.limit(), seek.start()).await?;
    let is_empty = match total {
        Some(total) => total == 0,
        None => rows.is_empty() && past::count(&mut reading, space_id.uuid()).await? == 0,
    };
    if is_empty {
        find(&mut reading, space_id).await?;
    }
    // Given back first: a request that waited for a second connection while it held one could wait for its own kind.
    drop(reading);
    let request_ids = request_ids(&app, &rows).await?;
    // One event can make several changes.
    let view = |row: &Moment| MomentView::of(row, request_ids.get(&row.position).cloned());
    Ok(seek.of(rows.iter().map(view).collect(), total, caller.tenant_id))
}

/// The ids of the requests of these changes, by position.
async fn request_ids(app: &App, rows: &[Moment]) -> Result<HashMap<i64, String>, Problem> {
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
    let mut log = app.auditor.acquire().await?;
    Ok(request_ids::of_events(&mut log, &positions).await?)
}
