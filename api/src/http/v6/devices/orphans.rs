//! Orphans: devices that are heard but have no owner. `/api/v6/orphan-devices`.

mod body;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderName;
use parking_commands::devices::{AssignOrphan, AssignmentError, ClaimOrphan, DismissOrphan};
use parking_domain::device::DeviceRefusal;
use parking_domain::lorawan::DevEui;
use parking_domain::space::SpaceRefusal;
use parking_projections::devices::Fleet;
use parking_projections::devices::orphan_devices;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::app::{App, AppState};
use crate::http::kit::body::{Command, IdempotencyKey};
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::fields::Optional;
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::page::Paged;
use crate::http::kit::permission::{ClaimOrphans, ReadOrphans};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AnyEui, PathParam, QueryParams};
use crate::http::kit::refusals::{AssignmentRefusals, OrphanRefusals};
use crate::http::kit::reply::X_POSITION;
use crate::http::kit::reply::{Reply, Shown};
use crate::http::v6::devices::body::DeviceBody;
use crate::http::v6::devices::orphans::body::{AssignOrphanBody, ListOrphans, SpaceQuery};
use crate::http::v6::devices::orphans::view::{OrphanAssigned, OrphanFilters, OrphanListing, OrphanView};
use crate::http::v6::devices::view::{DeviceCommandView, DeviceView};
use crate::http::v6::shared::path::OrphanPath;
use crate::http::v6::shared::reason::ReasonBody;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list))
        .serve(routes!(one, dismiss))
        .serve(routes!(claim))
        .serve(routes!(assign))
}

/// Lists the orphans: devices that are heard but have no owner. The last heard comes first.
#[utoipa::path(get, path = "/api/v6/orphan-devices", tag = "orphan devices",
    params(ListOrphans, Paged<100, 500>, Freshness),
    responses((status = 200, body = OrphanListing), Refusals<ReadErrors<ReadOrphans>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadOrphans>,
    freshness: Freshness,
    Paged(page): Paged<100, 500>,
    QueryParams(query): QueryParams<ListOrphans>,
) -> Result<([(HeaderName, String); 1], Json<OrphanListing>), Problem> {
    let since = query.since(caller.asked().at)?;
    app.wait_until::<Fleet>(freshness).await?;
    // Read before the rows: the rows may be newer than the position, never older.
    let position = app.progress.of::<Fleet>().position();
    let total = orphan_devices::count(app.reader.pool(), since).await?;
    let rows = orphan_devices::list(app.reader.pool(), since, page.size, page.offset()).await?;
    let views = rows.into_iter().map(OrphanView::from).collect();
    let Json(listing) = page.of(views, total, caller.tenant_id);
    let filters = OrphanFilters { include_assigned: false, since_hours: query.since_hours };
    Ok(([(X_POSITION, position.to_string())], Json(OrphanListing { listing, filters })))
}

/// Returns an orphan with the last values that were received from it.
#[utoipa::path(get, path = "/api/v6/orphan-devices/{dev_eui}", tag = "orphan devices",
    params(OrphanPath, Freshness),
    responses((status = 200, body = OrphanView), Refusals<(ReadErrors<ReadOrphans>, OrphanRefusals)>))]
async fn one(
    State(app): State<AppState>,
    _caller: Caller<ReadOrphans>,
    freshness: Freshness,
    PathParam(OrphanPath { dev_eui: AnyEui(dev_eui) }): PathParam<OrphanPath>,
) -> Result<Json<OrphanView>, Problem> {
    app.wait_until::<Fleet>(freshness).await?;
    let row = orphan_devices::get(app.reader.pool(), dev_eui).await?;
    let row = row.ok_or(AssignmentError::OrphanNotFound(dev_eui))?;
    Ok(Json(row.into()))
}

/// Claims an orphan for the tenant, with its reports since it became an orphan.
#[utoipa::path(post, path = "/api/v6/orphan-devices/{dev_eui}/claim", tag = "orphan devices",
    params(OrphanPath, IdempotencyKey), request_body = Option<DeviceBody>,
    responses((status = 201, body = Shown<DeviceView>),
              Refusals<(CommandErrors<ClaimOrphans>, DeviceRefusal, OrphanRefusals)>))]
async fn claim(
    State(app): State<AppState>,
    PathParam(OrphanPath { dev_eui: AnyEui(dev_eui) }): PathParam<OrphanPath>,
    Command { caller, body: Optional(body) }: Command<ClaimOrphans, Optional<DeviceBody>>,
) -> Result<Reply<Shown<DeviceView>>, Problem> {
    body.refuse_other(dev_eui)?;
    let category = body.category();
    let definition = Box::new(body.definition(default_name(&app, dev_eui).await?)?);
    let claim = ClaimOrphan { dev_eui, category, definition, asked: caller.asked() };
    let done = app.execute_jointly(&caller, &claim).await?;
    Ok(done.view(&app, &caller, dev_eui).await.created())
}

/// Claims an orphan and assigns it to a space, atomically.
#[utoipa::path(post, path = "/api/v6/orphan-devices/{dev_eui}/assign", tag = "orphan devices",
    params(OrphanPath, SpaceQuery, IdempotencyKey), request_body = Option<AssignOrphanBody>,
    responses((status = 200, body = OrphanAssigned),
              Refusals<(CommandErrors<ClaimOrphans>, DeviceRefusal, SpaceRefusal, AssignmentRefusals, OrphanRefusals)>))]
async fn assign(
    State(app): State<AppState>,
    PathParam(OrphanPath { dev_eui: AnyEui(dev_eui) }): PathParam<OrphanPath>,
    QueryParams(query): QueryParams<SpaceQuery>,
    Command { caller, body }: Command<ClaimOrphans, AssignOrphanBody>,
) -> Result<Reply<OrphanAssigned>, Problem> {
    body.device.refuse_other(dev_eui)?;
    let (space_id, category) = (query.or_body(&body)?, body.device.category());
    let definition = Box::new(body.device.definition(default_name(&app, dev_eui).await?)?);
    let (reason, asked) = (body.reason, caller.asked());
    let assign = AssignOrphan { dev_eui, space_id, category, definition, reason, asked };
    let done = app.execute_jointly(&caller, &assign).await?;
    let device = Shown::read(&app, &caller, done.position, dev_eui).await;
    Ok(done.reply(OrphanAssigned::of(dev_eui, device)))
}

/// Hides an orphan until it is heard again.
#[utoipa::path(delete, path = "/api/v6/orphan-devices/{dev_eui}", tag = "orphan devices",
    params(OrphanPath, IdempotencyKey), request_body = Option<ReasonBody>,
    responses((status = 200, body = DeviceCommandView),
              Refusals<(CommandErrors<ClaimOrphans>, DeviceRefusal, OrphanRefusals)>))]
async fn dismiss(
    State(app): State<AppState>,
    PathParam(OrphanPath { dev_eui: AnyEui(dev_eui) }): PathParam<OrphanPath>,
    Command { caller, body: ReasonBody { reason } }: Command<ClaimOrphans, ReasonBody>,
) -> Result<Reply<DeviceCommandView>, Problem> {
    let dismiss = DismissOrphan { dev_eui, reason, asked: caller.asked() };
    let done = app.execute_jointly(&caller, &dismiss).await?;
    app.settle::<Fleet>(done.position).await;
    let view = DeviceCommandView::of(dev_eui, "the orphan is not shown until it is heard again");
    Ok(done.reply(view))
}

/// The default name of a device: its name in the network server, or its EUI.
async fn default_name(app: &App, dev_eui: DevEui) -> Result<String, Problem> {
    let row = orphan_devices::get(app.reader.pool(), dev_eui).await?;
    let heard = row.and_then(|row| row.device_name).filter(|name| !name.trim().is_empty());
    Ok(heard.unwrap_or_else(|| format!("{dev_eui:X}")))
}
