//! The sensor and the display of a space, assigned and unassigned by space as V5's clients do.

use parking_projections::devices::Fleet;
use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use parking_commands::devices::{ClearPlace, FillPlace};
use parking_domain::device::{Category, DeviceRefusal};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::SpaceRefusal;
use parking_projections::devices::inventory::read as devices;
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
use crate::http::kit::query::{AnyEui, Parameters, PathParam, QueryParams};
use crate::http::kit::refusals::AssignmentRefusals;
use crate::http::kit::reply::{Reply, Shown};
use crate::http::v6::shared::path::SpacePath;
use crate::http::v6::shared::reason::ReasonBody;
use crate::http::v6::spaces::view::SpaceView;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(sensor_list))
        .serve(routes!(assign_sensor))
        .serve(routes!(assign_display))
        .serve(routes!(unassign_sensor))
        .serve(routes!(unassign_display))
}

/// The maximum number of sensors in a list without pages, as in V6: about 12 MB.
const MAX_SENSORS: i64 = 100_000;

/// The assigned sensors and their spaces.
#[derive(Debug, Serialize, ToSchema)]
struct SensorList {
    #[schema(max_items = 100_000)]
    sensor_deveuis: Vec<String>,
    /// Space ids by sensor EUI.
    sensor_to_space: BTreeMap<String, Uuid>,
    count: usize,
}

/// Lists all sensors that are assigned to a space, with their spaces: 100,000 at most.
#[utoipa::path(get, path = "/api/v6/spaces/sensor-list", tag = "spaces", params(Freshness),
    responses((status = 200, body = SensorList), Refusals<ReadErrors<ReadSpaces>>))]
async fn sensor_list(
    State(app): State<AppState>,
    caller: Caller<ReadSpaces>,
    freshness: Freshness,
) -> Result<Json<SensorList>, Problem> {
    let rows =
        devices::sensors_at_spaces(&mut *app.read::<Fleet>(&caller, freshness).await?, MAX_SENSORS).await?;
    let sensor_to_space: BTreeMap<_, _> =
        rows.into_iter().map(|(dev_eui, space_id)| (dev_eui.to_uppercase(), space_id)).collect();
    let sensor_deveuis: Vec<_> = sensor_to_space.keys().cloned().collect();
    Ok(Json(SensorList { count: sensor_deveuis.len(), sensor_deveuis, sensor_to_space }))
}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SensorQuery {
    /// The sensor's EUI: 16 hexadecimal digits.
    #[param(value_type = String)]
    sensor_eui: AnyEui,
}

impl Parameters for SensorQuery {}

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DisplayQuery {
    /// The display's EUI: 16 hexadecimal digits.
    #[param(value_type = String)]
    display_eui: AnyEui,
}

impl Parameters for DisplayQuery {}

/// Assigns a sensor to a space. A sensor without an owner is claimed first. The space's present sensor is not replaced.
#[utoipa::path(post, path = "/api/v6/spaces/{space_id}/assign-sensor", tag = "spaces",
    params(SpacePath, SensorQuery, IdempotencyKey),
    responses((status = 200, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, DeviceRefusal, AssignmentRefusals)>))]
async fn assign_sensor(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    QueryParams(SensorQuery { sensor_eui: AnyEui(sensor) }): QueryParams<SensorQuery>,
    Command { caller, .. }: Command<ManageSpaces, EmptyBody>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    assign_device(&app, &caller, space_id, (Category::Sensor, sensor)).await
}

/// Assigns a display to a space. A display without an owner is claimed first. The space's present display is not replaced.
#[utoipa::path(post, path = "/api/v6/spaces/{space_id}/assign-display", tag = "spaces",
    params(SpacePath, DisplayQuery, IdempotencyKey),
    responses((status = 200, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, DeviceRefusal, AssignmentRefusals)>))]
async fn assign_display(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    QueryParams(DisplayQuery { display_eui: AnyEui(display) }): QueryParams<DisplayQuery>,
    Command { caller, .. }: Command<ManageSpaces, EmptyBody>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    assign_device(&app, &caller, space_id, (Category::Display, display)).await
}

/// Unassigns the sensor of a space, if there is one.
#[utoipa::path(delete, path = "/api/v6/spaces/{space_id}/unassign-sensor", tag = "spaces",
    params(SpacePath, IdempotencyKey), request_body = Option<ReasonBody>,
    responses((status = 200, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, DeviceRefusal, AssignmentRefusals)>))]
async fn unassign_sensor(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    Command { caller, body }: Command<ManageSpaces, ReasonBody>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    unassign_device(&app, &caller, space_id, Category::Sensor, body).await
}

/// Unassigns the display of a space, if there is one.
#[utoipa::path(delete, path = "/api/v6/spaces/{space_id}/unassign-display", tag = "spaces",
    params(SpacePath, IdempotencyKey), request_body = Option<ReasonBody>,
    responses((status = 200, body = Shown<SpaceView>),
              Refusals<(CommandErrors<ManageSpaces>, SpaceRefusal, DeviceRefusal, AssignmentRefusals)>))]
async fn unassign_display(
    State(app): State<AppState>,
    PathParam(SpacePath { space_id }): PathParam<SpacePath>,
    Command { caller, body }: Command<ManageSpaces, ReasonBody>,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    unassign_device(&app, &caller, space_id, Category::Display, body).await
}

async fn assign_device(
    app: &App,
    caller: &Identity,
    space_id: SpaceId,
    (category, dev_eui): (Category, DevEui),
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    let assign = FillPlace { space_id, category, dev_eui, asked: caller.asked() };
    let done = app.execute_jointly(caller, &assign).await?;
    Ok(done.view(app, caller, space_id).await)
}

async fn unassign_device(
    app: &App,
    caller: &Identity,
    space_id: SpaceId,
    category: Category,
    ReasonBody { reason }: ReasonBody,
) -> Result<Reply<Shown<SpaceView>>, Problem> {
    let unassign = ClearPlace { space_id, category, reason, asked: caller.asked() };
    let done = app.execute_jointly(caller, &unassign).await?;
    Ok(done.view(app, caller, space_id).await)
}
