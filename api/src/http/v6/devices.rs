//! Devices: `/api/v6/devices`. A path identifies a device by its id or its EUI.

mod assignment;
mod body;
mod orphans;
mod uplinks;
mod view;

use axum::Json;
use axum::extract::State;
use parking_domain::device::Device;
use parking_domain::device::{Category, DeviceCommand, DeviceRefusal, device_id};
use parking_domain::id::TenantId;
use parking_domain::lorawan::DevEui;
use parking_domain::tenant::Tenant;
use parking_projections::devices::Fleet;
use parking_projections::devices::inventory::read::{self as devices, StatusFilter};
use parking_projections::engine::reader::Reading;
use parking_projections::registry::Registry;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::aliases::{Alias, ServeAliases};
use crate::http::kit::app::AppState;
use crate::http::kit::body::{Command, IdempotencyKey};
use crate::http::kit::caller::Caller;
use crate::http::kit::changes::Changes;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::page::{Page, Paged};
use crate::http::kit::permission::{ManageDevices, ReadDevices};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AnyEui, Parameters, PathParam, QueryParams, one_of};
use crate::http::kit::reply::View;
use crate::http::kit::reply::{Reply, Shown};
use crate::http::v6::devices::body::DeviceBody;
use crate::http::v6::devices::view::{DeviceListing, DeviceView, PoolView};
use crate::http::v6::shared::path::DevicePath;
use crate::http::v6::shared::words;

/// The projections that these resources show.
type Sources = (Fleet, Registry);

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list, create))
        .serve(routes!(sensors))
        .serve(routes!(displays))
        .serve(routes!(pool))
        .serve(routes!(one, update))
        .alias(Alias::patch("/api/v6/devices/{device_id}"), update)
        .merge(assignment::routes())
        .merge(uplinks::routes())
        .merge(orphans::routes())
}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListDevices {
    /// Only devices with this status. `active` means heard and not silent, `inactive` the opposite, `decommissioned` the
    /// same as `retired`. Defaults to all devices that are not retired.
    #[serde(default, deserialize_with = "words::read::device_status")]
    #[param(inline, value_type = Option<words::DeviceStatusFilter>)]
    status: Option<StatusFilter>,
    /// Only devices whose EUI begins with these hexadecimal digits.
    #[serde(default, deserialize_with = "words::read::eui_prefix")]
    dev_eui_prefix: Option<String>,
    /// Only devices of this type. `type`, `category` and `device_category` are accepted aliases.
    #[serde(default, deserialize_with = "lenient::word")]
    #[param(inline, value_type = Option<words::DeviceCategory>)]
    device_type: Option<Category>,
    /// Only devices assigned to spaces of this site.
    site_id: Option<Uuid>,
    /// Only devices assigned to this space.
    space_id: Option<Uuid>,
    /// Whether to include the counts of all the tenant's devices.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_stats: Option<bool>,
}

impl Parameters for ListDevices {
    const NAMES: &'static [&'static [&'static str]] =
        &[&["device_type", "type", "category", "device_category"]];
}

/// Lists the tenant's devices, newest first.
#[utoipa::path(get, path = "/api/v6/devices", tag = "devices",
    params(ListDevices, Paged<20, 100>, Freshness),
    responses((status = 200, body = DeviceListing), Refusals<ReadErrors<ReadDevices>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadDevices>,
    freshness: Freshness,
    Paged(page): Paged<20, 100>,
    QueryParams(query): QueryParams<ListDevices>,
) -> Result<Json<DeviceListing>, Problem> {
    page_of(app.read::<Sources>(&caller, freshness).await?, caller.tenant_id, page, query).await
}

/// Lists the tenant's sensors, newest first.
#[utoipa::path(get, path = "/api/v6/devices/sensors", tag = "devices",
    params(ListDevices, Paged<20, 100>, Freshness),
    responses((status = 200, body = DeviceListing), Refusals<ReadErrors<ReadDevices>>))]
async fn sensors(
    State(app): State<AppState>,
    caller: Caller<ReadDevices>,
    freshness: Freshness,
    Paged(page): Paged<20, 100>,
    QueryParams(query): QueryParams<ListDevices>,
) -> Result<Json<DeviceListing>, Problem> {
    let device_type = one_of("device_type", Some(Category::Sensor), query.device_type)?;
    let query = ListDevices { device_type, ..query };
    page_of(app.read::<Sources>(&caller, freshness).await?, caller.tenant_id, page, query).await
}

/// Lists the tenant's displays, newest first.
#[utoipa::path(get, path = "/api/v6/devices/displays", tag = "devices",
    params(ListDevices, Paged<20, 100>, Freshness),
    responses((status = 200, body = DeviceListing), Refusals<ReadErrors<ReadDevices>>))]
async fn displays(
    State(app): State<AppState>,
    caller: Caller<ReadDevices>,
    freshness: Freshness,
    Paged(page): Paged<20, 100>,
    QueryParams(query): QueryParams<ListDevices>,
) -> Result<Json<DeviceListing>, Problem> {
    let device_type = one_of("device_type", Some(Category::Display), query.device_type)?;
    let query = ListDevices { device_type, ..query };
    page_of(app.read::<Sources>(&caller, freshness).await?, caller.tenant_id, page, query).await
}

async fn page_of(
    mut reading: Reading,
    tenant_id: TenantId,
    page: Page,
    query: ListDevices,
) -> Result<Json<DeviceListing>, Problem> {
    let ListDevices { status, dev_eui_prefix, device_type: category, site_id, space_id, include_stats } =
        query;
    let filter = devices::Filter { category, status, dev_eui_prefix, site_id, space_id };
    let total = devices::count(&mut reading, &filter).await?;
    let rows = devices::list(&mut reading, &filter, page.size, page.offset()).await?;
    let stats = match include_stats {
        Some(true) => Some(devices::stats(&mut reading).await?.all().into()),
        _ => None,
    };
    let Json(listing) = page.of(rows.into_iter().map(DeviceView::of).collect(), total, tenant_id);
    Ok(Json(DeviceListing { listing, stats }))
}

/// Counts the tenant's assigned and unassigned devices.
#[utoipa::path(get, path = "/api/v6/devices/pool/stats", tag = "devices", params(Freshness),
    responses((status = 200, body = PoolView), Refusals<ReadErrors<ReadDevices>>))]
async fn pool(
    State(app): State<AppState>,
    caller: Caller<ReadDevices>,
    freshness: Freshness,
) -> Result<Json<PoolView>, Problem> {
    let stats = devices::stats(&mut *app.read::<Fleet>(&caller, freshness).await?).await?;
    let tenant = app.platform.store.load::<Tenant>(&caller.tenant_id.to_string()).await?.aggregate;
    let name = tenant.definition().map(|definition| definition.name.clone());
    Ok(Json(PoolView::of(caller.tenant_id.uuid(), name, &stats)))
}

/// Returns a device.
#[utoipa::path(get, path = "/api/v6/devices/{device_id}", tag = "devices",
    params(DevicePath, Freshness),
    responses((status = 200, body = DeviceView), Refusals<(ReadErrors<ReadDevices>, DeviceRefusal)>))]
async fn one(
    State(app): State<AppState>,
    caller: Caller<ReadDevices>,
    freshness: Freshness,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
) -> Result<Json<DeviceView>, Problem> {
    let mut reading = app.read::<Sources>(&caller, freshness).await?;
    DeviceView::read(&mut reading, dev_eui).await.map(Json)
}

/// Claims a device for the tenant: one that was never heard, or an orphan with its reports since it became an orphan.
#[utoipa::path(post, path = "/api/v6/devices", tag = "devices", params(IdempotencyKey), request_body = DeviceBody,
    responses((status = 201, body = Shown<DeviceView>), Refusals<(CommandErrors<ManageDevices>, DeviceRefusal)>))]
async fn create(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageDevices, DeviceBody>,
) -> Result<Reply<Shown<DeviceView>>, Problem> {
    let (dev_eui, category) = (body.dev_eui()?, body.category());
    let definition = Box::new(body.definition(format!("{dev_eui:X}"))?);
    let claim = DeviceCommand::ClaimDevice { category, definition, asked: caller.asked() };
    let done = app.execute::<Device>(&caller, dev_eui, &claim).await?;
    Ok(done.view(&app, &caller, dev_eui).await.created())
}

/// Updates a device. Absent fields stay unchanged.
#[utoipa::path(put, path = "/api/v6/devices/{device_id}", tag = "devices",
    params(DevicePath, IdempotencyKey), request_body = DeviceBody,
    responses((status = 200, body = Shown<DeviceView>), Refusals<(CommandErrors<ManageDevices>, DeviceRefusal)>))]
async fn update(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body: changes }: Command<ManageDevices, Changes<DeviceBody>>,
) -> Result<Reply<Shown<DeviceView>>, Problem> {
    let body = changes.onto::<DeviceView>(&app, &caller, dev_eui).await?;
    let update = DeviceCommand::UpdateDevice { patch: Box::new(body.patch()?), asked: caller.asked() };
    let done = app.execute::<Device>(&caller, dev_eui, &update).await?;
    Ok(done.view(&app, &caller, dev_eui).await)
}

async fn find(reading: &mut Reading, dev_eui: DevEui) -> Result<devices::Listed, Problem> {
    let row = devices::get(reading, dev_eui).await?;
    row.ok_or_else(|| DeviceRefusal::DeviceNotFound.into())
}

impl View for DeviceView {
    type Id = DevEui;
    type Sources = Sources;

    fn id(dev_eui: DevEui) -> Uuid {
        device_id(dev_eui)
    }

    async fn read(reading: &mut Reading, dev_eui: DevEui) -> Result<Self, Problem> {
        find(reading, dev_eui).await.map(Self::of)
    }
}
