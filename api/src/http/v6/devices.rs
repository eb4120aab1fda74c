//! Devices: `/api/v6/devices`. A device is named by its id or by its EUI.

mod assignment;
mod body;
mod orphans;
mod uplinks;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use parking_domain::device::{Category, DeviceCommand, DeviceRefusal, device_id};
use parking_domain::lorawan::DevEui;
use parking_projections::devices::read::{self as devices, Filter, Listed};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::App;
use crate::http::kit::body::{Command, Once};
use crate::http::kit::caller::{Caller, Freshness};
use crate::http::kit::documented::{Commanding, Reading, Refusals};
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::page::{Page, Paged};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AnyEui, Named, Queried};
use crate::http::kit::reply::{Answer, Shown};
use crate::http::v6::devices::body::DeviceBody;
use crate::http::v6::devices::view::{DeviceListing, DeviceView, PoolView};

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .serve(routes!(list, create))
        .serve(routes!(sensors))
        .serve(routes!(displays))
        .serve(routes!(pool))
        .serve(routes!(one, update, amend))
        .merge(assignment::routes())
        .merge(uplinks::routes())
        .merge(orphans::routes())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListDevices {
    /// `unassigned`, `assigned`, `active`, `inactive` or `retired`; all but the retired ones, unless it is said.
    status: Option<String>,
    /// `sensor` or `display`. `category` and `device_category` are taken too.
    #[serde(alias = "category", alias = "device_category", alias = "type")]
    #[param(value_type = Option<String>)]
    device_type: Option<Category>,
    /// Only those at spaces of this site.
    site_id: Option<Uuid>,
    /// Only those at this space.
    space_id: Option<Uuid>,
    /// Whether to count all of them.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_stats: Option<bool>,
}

/// The tenant's devices, the newest first.
#[utoipa::path(get, path = "/api/v6/devices", tag = "devices",
    params(ListDevices, Paged<20, 100>, Freshness),
    responses((status = 200, body = DeviceListing), Refusals<Reading>))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Paged(page): Paged<20, 100>,
    Queried(query): Queried<ListDevices>,
) -> Result<Json<DeviceListing>, Problem> {
    page_of(&app, &caller, page, query).await
}

/// The tenant's sensors, the newest first.
#[utoipa::path(get, path = "/api/v6/devices/sensors", tag = "devices",
    params(ListDevices, Paged<20, 100>, Freshness),
    responses((status = 200, body = DeviceListing), Refusals<Reading>))]
async fn sensors(
    State(app): State<Arc<App>>,
    caller: Caller,
    Paged(page): Paged<20, 100>,
    Queried(query): Queried<ListDevices>,
) -> Result<Json<DeviceListing>, Problem> {
    page_of(&app, &caller, page, ListDevices { device_type: Some(Category::Sensor), ..query }).await
}

/// The tenant's displays, the newest first.
#[utoipa::path(get, path = "/api/v6/devices/displays", tag = "devices",
    params(ListDevices, Paged<20, 100>, Freshness),
    responses((status = 200, body = DeviceListing), Refusals<Reading>))]
async fn displays(
    State(app): State<Arc<App>>,
    caller: Caller,
    Paged(page): Paged<20, 100>,
    Queried(query): Queried<ListDevices>,
) -> Result<Json<DeviceListing>, Problem> {
    page_of(&app, &caller, page, ListDevices { device_type: Some(Category::Display), ..query }).await
}

async fn page_of(
    app: &App,
    caller: &Caller,
    page: Page,
    query: ListDevices,
) -> Result<Json<DeviceListing>, Problem> {
    let ListDevices { status, device_type: category, site_id, space_id, include_stats } = query;
    let filter = Filter { category, status, site_id, space_id };
    let mut reading = caller.read(app).await?;
    let total = devices::count(&mut reading, &filter).await?;
    let rows = devices::list(&mut reading, &filter, page.size, page.offset()).await?;
    let stats = match include_stats {
        Some(true) => Some(devices::stats(&mut reading).await?.all().into()),
        _ => None,
    };
    let Json(listing) = page.of(rows.iter().map(DeviceView::of).collect(), total, caller.tenant_id);
    Ok(Json(DeviceListing { listing, stats }))
}

/// How many of the tenant's devices stand somewhere, and how many can be put somewhere.
#[utoipa::path(get, path = "/api/v6/devices/pool/stats", tag = "devices", params(Freshness),
    responses((status = 200, body = PoolView), Refusals<Reading>))]
async fn pool(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<PoolView>, Problem> {
    let stats = devices::stats(&mut *caller.read(&app).await?).await?;
    Ok(Json(PoolView::of(caller.tenant_id.uuid(), &stats)))
}

/// One device.
#[utoipa::path(get, path = "/api/v6/devices/{device_id}", tag = "devices",
    params(("device_id" = String, Path), Freshness),
    responses((status = 200, body = DeviceView), Refusals<(Reading, DeviceRefusal)>))]
async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(AnyEui(dev_eui)): Named<AnyEui>,
) -> Result<Json<DeviceView>, Problem> {
    find(&app, &caller, dev_eui).await.map(|row| Json(DeviceView::of(&row)))
}

/// Claims a device for the tenant: one that was never heard, or an orphan, with what it reported since it became one.
#[utoipa::path(post, path = "/api/v6/devices", tag = "devices", params(Once), request_body = DeviceBody,
    responses((status = 201, body = Shown<DeviceView>), Refusals<(Commanding, DeviceRefusal)>))]
async fn create(
    State(app): State<Arc<App>>,
    Command { caller, body }: Command<DeviceBody>,
) -> Result<Answer<Shown<DeviceView>>, Problem> {
    let (dev_eui, category) = (body.dev_eui()?, body.category());
    let definition = Box::new(body.definition(format!("{dev_eui:X}"))?);
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let claim = DeviceCommand::ClaimDevice { tenant_id, category, definition, at, by };
    let done = app.platform.devices.execute(&dev_eui.to_string(), &claim, &caller.circumstances()).await?;
    Ok(Answer::created(Some(done.position), shown(&app, &caller, dev_eui, Some(done.position)).await))
}

/// Changes what is said of a device. What is absent or null stays as it is.
#[utoipa::path(put, path = "/api/v6/devices/{device_id}", tag = "devices",
    params(("device_id" = String, Path), Once), request_body = DeviceBody,
    responses((status = 200, body = Shown<DeviceView>), Refusals<(Commanding, DeviceRefusal)>))]
async fn update(
    State(app): State<Arc<App>>,
    Named(AnyEui(dev_eui)): Named<AnyEui>,
    Command { caller, body }: Command<DeviceBody>,
) -> Result<Answer<Shown<DeviceView>>, Problem> {
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let update = DeviceCommand::UpdateDevice { tenant_id, patch: Box::new(body.patch()?), at, by };
    let done = app.platform.devices.execute(&dev_eui.to_string(), &update, &caller.circumstances()).await?;
    Ok(Answer::done(Some(done.position), shown(&app, &caller, dev_eui, Some(done.position)).await))
}

/// Changes what is said of a device, like `PUT`.
#[utoipa::path(patch, path = "/api/v6/devices/{device_id}", tag = "devices",
    params(("device_id" = String, Path), Once), request_body = DeviceBody,
    responses((status = 200, body = Shown<DeviceView>), Refusals<(Commanding, DeviceRefusal)>))]
async fn amend(
    app: State<Arc<App>>,
    device_id: Named<AnyEui>,
    command: Command<DeviceBody>,
) -> Result<Answer<Shown<DeviceView>>, Problem> {
    update(app, device_id, command).await
}

pub(crate) async fn find(app: &App, caller: &Caller, dev_eui: DevEui) -> Result<Listed, Problem> {
    let row = devices::get(&mut *caller.read(app).await?, dev_eui).await?;
    row.ok_or_else(|| DeviceRefusal::DeviceNotFound.into())
}

pub(crate) async fn shown(
    app: &App,
    caller: &Caller,
    dev_eui: DevEui,
    position: Option<i64>,
) -> Shown<DeviceView> {
    caller.settle(app, position).await;
    let row = find(app, caller, dev_eui).await;
    Shown::of(device_id(dev_eui), row.map(|row| DeviceView::of(&row)))
}
