//! Uplinks: `/api/v6/devices/{device_id}/uplinks`, and the device types that have a codec.

mod view;

use axum::Json;
use axum::extract::State;
use parking_domain::device::{Category, DeviceRefusal};
use parking_domain::instant::Instant;
use parking_domain::sensors::{CODECS, Codec};
use parking_projections::devices::Fleet;
use parking_projections::devices::uplinks::read as uplinks;
use parking_projections::registry::Registry;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::app::AppState;
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::page::{Listing, Paged};
use crate::http::kit::permission::ReadDevices;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AnyEui, Parameters, PathParam, QueryParams};
use crate::http::kit::seek::{SeekListing, SeekPage};
use crate::http::v6::devices::find;
use crate::http::v6::devices::uplinks::view::{DeviceTypeView, UplinkView};
use crate::http::v6::shared::path::DevicePath;
use crate::http::v6::shared::words;

/// The projections that these resources show.
type Sources = (Fleet, Registry);

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(device_types)).serve(routes!(reported))
}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReceivedQuery {
    /// Only uplinks received at this time or later. `start` and `from` are accepted aliases.
    #[serde(default, deserialize_with = "lenient::time")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// Only uplinks received before this time. `end` and `to` are accepted aliases.
    #[serde(default, deserialize_with = "lenient::time")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
}

impl Parameters for ReceivedQuery {
    const NAMES: &'static [&'static [&'static str]] = &[&["since", "start", "from"], &["until", "end", "to"]];
}

/// Lists a device's uplinks since it last became an orphan, decoded by its codec, newest first.
#[utoipa::path(get, path = "/api/v6/devices/{device_id}/uplinks", tag = "devices",
    params(DevicePath, ReceivedQuery, SeekPage<50, 500>, Freshness),
    responses((status = 200, body = SeekListing<UplinkView>), Refusals<(ReadErrors<ReadDevices>, DeviceRefusal)>))]
async fn reported(
    State(app): State<AppState>,
    caller: Caller<ReadDevices>,
    freshness: Freshness,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    SeekPage(seek): SeekPage<50, 500>,
    QueryParams(query): QueryParams<ReceivedQuery>,
) -> Result<Json<SeekListing<UplinkView>>, Problem> {
    let received = uplinks::Received { since: query.since, until: query.until };
    let mut reading = app.read::<Sources>(&caller, seek.freshness(freshness)).await?;
    find(&mut reading, dev_eui).await?;
    let total = seek.total(uplinks::count(&mut reading, dev_eui, received)).await?;
    let rows = uplinks::list(&mut reading, dev_eui, received, seek.limit(), seek.start()).await?;
    Ok(seek.of(rows.into_iter().map(UplinkView::of).collect(), total, caller.tenant_id))
}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListDeviceTypes {
    /// Only types of sensors, or of displays.
    #[serde(default, deserialize_with = "lenient::word")]
    #[param(inline, value_type = Option<words::DeviceCategory>)]
    category: Option<Category>,
}

impl Parameters for ListDeviceTypes {}

/// Lists the device types that have a codec, by name.
#[utoipa::path(get, path = "/api/v6/devices/device-types", tag = "devices", params(ListDeviceTypes, Paged<100, 500>),
    responses((status = 200, body = Listing<DeviceTypeView>), Refusals<ReadErrors<ReadDevices>>))]
async fn device_types(
    caller: Caller<ReadDevices>,
    Paged(page): Paged<100, 500>,
    QueryParams(query): QueryParams<ListDeviceTypes>,
) -> Json<Listing<DeviceTypeView>> {
    let is_listed = |codec: &&Codec| query.category.is_none_or(|category| codec.category() == category);
    let listed: Vec<DeviceTypeView> = CODECS.iter().filter(is_listed).map(DeviceTypeView::of).collect();
    page.of_all(listed.into_iter(), caller.tenant_id)
}
