//! What stands at a space: its sensor and its display, named by the space, as V5's clients do.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use parking_commands::devices::{ClearPlace, FillPlace};
use parking_domain::device::{Category, DeviceRefusal};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::SpaceRefusal;
use parking_projections::devices::read as devices;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::app::{App, AppState};
use crate::http::kit::body::{Command, EmptyBody, IdempotencyKey};
use crate::http::kit::caller::{Caller, Identity};
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::{ManageSpaces, ReadSpaces};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AnyEui, PathParam, QueryParams};
use crate::http::kit::refusals::NotAssigned;
use crate::http::kit::reply::{Reply, Shown};
use crate::http::v6::shared::path::SpacePath;
use crate::http::v6::shared::why::Why;
use crate::http::v6::spaces::view::SpaceView;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(sensor_list))
        .serve(routes!(assign_sensor))
        .serve(routes!(assign_display))
        .serve(routes!(unassign_sensor))
        .serve(routes!(unassign_display))
}

/// The most sensors that are listed without pages, as V6 had it: some 12 MB.
const MOST_SENSORS: i64 = 100_000;

/// Which sensor stands at which space.
#[derive(Debug, Serialize, ToSchema)]
struct SensorList {
    sensor_deveuis: Vec<String>,
    /// The spaces' ids by EUI.
    sensor_to_space: BTreeMap<String, Uuid>,
    count: usize,
}

/// Every sensor that stands at a space, with that space: 100,000 at most.
#[utoipa::path(get, path = "/api/v6/spaces/sensor-list", tag = "spaces", params(Freshness),
    responses((status = 200, body = SensorList), Refusals<ReadErrors<ReadSpaces>>))]
async fn sensor_list(
    State(app): State<AppState>,
    caller: Caller<ReadSpaces>,
    freshness: Freshness,
) -> Result<Json<SensorList>, Problem> {
    let rows = devices::sensors_at_spaces(&mut *app.read(&caller, freshness).await?, MOST_SENSORS).await?;
    let sensor_to_space: BTreeMap<_, _> =
        rows.into_iter().map(|(dev_eui, space_id)| (dev_eui.to_uppercase(), space_id)).collect();
    let sensor_deveuis: Vec<_> = sensor_to_space.keys().cloned().collect();
    Ok(Json(SensorList { count: sensor_deveuis.len(), sensor_deveuis, sensor_to_space }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SensorQuery {
    /// The sensor: 16 hexadecimal digits.
    #[param(value_type = String)]
    sensor_eui: AnyEui,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DisplayQuery {
    /// The display: 16 hexadecimal digits.
    #[param(value_type = String)]
    display_eui: AnyEui,
}

/// Puts a sensor at a space. One that belongs to nobody is claimed for that; the one that stands there stays.
#[utoipa::path(post, path = "/api/v6/spaces/{space_id}/assign-sensor", tag = "spaces",
    params(SpacePath, SensorQuery, IdempotencyKey),
    responses((status = 200, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, DeviceRefusal, NotAssigned)>))]
async fn assign_sensor(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    QueryParams(SensorQuery { sensor_eui: AnyEui(sensor) }): QueryParams<SensorQuery>,
    Command { caller, .. }: Command<ManageSpaces, EmptyBody>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    fill(&app, &caller, space_id, (Category::Sensor, sensor)).await
}

/// Puts a display at a space. One that belongs to nobody is claimed for that; the one that stands there stays.
#[utoipa::path(post, path = "/api/v6/spaces/{space_id}/assign-display", tag = "spaces",
    params(SpacePath, DisplayQuery, IdempotencyKey),
    responses((status = 200, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, DeviceRefusal, NotAssigned)>))]
async fn assign_display(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    QueryParams(DisplayQuery { display_eui: AnyEui(display) }): QueryParams<DisplayQuery>,
    Command { caller, .. }: Command<ManageSpaces, EmptyBody>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    fill(&app, &caller, space_id, (Category::Display, display)).await
}

/// Takes away the sensor that stands at a space, if there is one.
#[utoipa::path(delete, path = "/api/v6/spaces/{space_id}/unassign-sensor", tag = "spaces",
    params(SpacePath, IdempotencyKey), request_body = Option<Why>,
    responses((status = 200, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, DeviceRefusal, NotAssigned)>))]
async fn unassign_sensor(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    Command { caller, body }: Command<ManageSpaces, Why>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    clear(&app, &caller, space_id, Category::Sensor, body).await
}

/// Takes away the display that stands at a space, if there is one.
#[utoipa::path(delete, path = "/api/v6/spaces/{space_id}/unassign-display", tag = "spaces",
    params(SpacePath, IdempotencyKey), request_body = Option<Why>,
    responses((status = 200, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, DeviceRefusal, NotAssigned)>))]
async fn unassign_display(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    Command { caller, body }: Command<ManageSpaces, Why>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    clear(&app, &caller, space_id, Category::Display, body).await
}

async fn fill(
    app: &App,
    caller: &Identity,
    space_id: SpaceId,
    (category, dev_eui): (Category, DevEui),
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    let fill = FillPlace { space_id, category, dev_eui, asked: caller.asked() };
    let done = app.execute_jointly(caller, &fill).await?;
    Ok(done.view(app, caller, space_id).await)
}

async fn clear(
    app: &App,
    caller: &Identity,
    space_id: SpaceId,
    category: Category,
    Why { reason }: Why,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    let clear = ClearPlace { space_id, category, reason, asked: caller.asked() };
    let done = app.execute_jointly(caller, &clear).await?;
    Ok(done.view(app, caller, space_id).await)
}
