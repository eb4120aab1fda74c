//! Assignment and ownership of a device: `/api/v6/devices/{device_id}/assign`, `unassign`, `release` and `retire`.

use axum::extract::State;
use parking_commands::devices::AssignDevice;
use parking_domain::device::Device;
use parking_domain::device::{DeviceCommand, DeviceRefusal};
use parking_domain::lorawan::DevEui;
use parking_domain::space::SpaceRefusal;
use parking_projections::devices::Fleet;
use utoipa::openapi::path::HttpMethod;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::aliases::{Alias, ServeAliases};
use crate::http::kit::app::{App, AppState};
use crate::http::kit::body::{Command, Confirmation, IdempotencyKey};
use crate::http::kit::caller::Identity;
use crate::http::kit::documented::{CommandErrors, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::ManageDevices;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AnyEui, PathParam};
use crate::http::kit::refusals::AssignmentRefusals;
use crate::http::kit::reply::Reply;
use crate::http::v6::devices::body::AssignBody;
use crate::http::v6::devices::view::DeviceCommandView;
use crate::http::v6::shared::path::DevicePath;
use crate::http::v6::shared::reason::ReasonBody;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(assign))
        .serve(routes!(unassign))
        .serve(routes!(release))
        .serve(routes!(retire))
        .alias(
            Alias {
                name: "delete",
                at: (HttpMethod::Delete, "/api/v6/devices/{device_id}"),
                of: (HttpMethod::Post, "/api/v6/devices/{device_id}/release"),
            },
            release,
        )
        .alias(
            Alias {
                name: "archive",
                at: (HttpMethod::Patch, "/api/v6/devices/{device_id}/archive"),
                of: (HttpMethod::Post, "/api/v6/devices/{device_id}/retire"),
            },
            retire,
        )
}

/// Assigns a device to a space. The space must not have another device of the same type.
#[utoipa::path(post, path = "/api/v6/devices/{device_id}/assign", tag = "devices",
    params(DevicePath, IdempotencyKey), request_body = AssignBody,
    responses((status = 200, body = DeviceCommandView),
              Refusals<(CommandErrors<ManageDevices>, DeviceRefusal, SpaceRefusal, AssignmentRefusals)>))]
async fn assign(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body }: Command<ManageDevices, AssignBody>,
) -> Result<Reply<DeviceCommandView>, Problem> {
    let (space_id, replace) = (body.space_id()?, body.replace());
    let assign = AssignDevice { dev_eui, space_id, replace, reason: body.reason, asked: caller.asked() };
    let done = app.execute_jointly(&caller, &assign).await?;
    app.settle::<Fleet>(done.position).await;
    let view = DeviceCommandView::of(dev_eui, "the device stands at the space");
    Ok(done.reply(view.at(space_id.uuid())))
}

/// Unassigns a device from its space.
#[utoipa::path(post, path = "/api/v6/devices/{device_id}/unassign", tag = "devices",
    params(DevicePath, IdempotencyKey), request_body = Option<ReasonBody>,
    responses((status = 200, body = DeviceCommandView), Refusals<(CommandErrors<ManageDevices>, DeviceRefusal)>))]
async fn unassign(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body: ReasonBody { reason } }: Command<ManageDevices, ReasonBody>,
) -> Result<Reply<DeviceCommandView>, Problem> {
    let unassign = DeviceCommand::UnassignDevice { reason, asked: caller.asked() };
    execute(&app, &caller, dev_eui, unassign, "the device stands at no space").await
}

/// Releases a device: it is an orphan that any tenant may claim. A retired device is no longer shown.
#[utoipa::path(post, path = "/api/v6/devices/{device_id}/release", tag = "devices",
    params(DevicePath, IdempotencyKey), request_body = Option<ReasonBody>,
    responses((status = 200, body = DeviceCommandView), Refusals<(CommandErrors<ManageDevices>, DeviceRefusal)>))]
async fn release(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body: ReasonBody { reason } }: Command<ManageDevices, ReasonBody>,
) -> Result<Reply<DeviceCommandView>, Problem> {
    let release = DeviceCommand::ReleaseDevice { reason, asked: caller.asked() };
    execute(&app, &caller, dev_eui, release, "the device is released: anybody may claim it").await
}

/// Retires a device. It remains visible and can be released; if it is heard again, any tenant may claim it.
#[utoipa::path(post, path = "/api/v6/devices/{device_id}/retire", tag = "devices",
    params(DevicePath, Confirmation, IdempotencyKey), request_body = Option<ReasonBody>,
    responses((status = 200, body = DeviceCommandView), Refusals<(CommandErrors<ManageDevices>, DeviceRefusal)>))]
async fn retire(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body: ReasonBody { reason } }: Command<ManageDevices, ReasonBody>,
) -> Result<Reply<DeviceCommandView>, Problem> {
    let retire = DeviceCommand::RetireDevice { reason, asked: caller.asked() };
    execute(&app, &caller, dev_eui, retire, "the device is out of use").await
}

async fn execute(
    app: &App,
    caller: &Identity,
    dev_eui: DevEui,
    command: DeviceCommand,
    message: &'static str,
) -> Result<Reply<DeviceCommandView>, Problem> {
    let done = app.execute::<Device>(caller, dev_eui, &command).await?;
    app.settle::<Fleet>(done.position).await;
    Ok(done.reply(DeviceCommandView::of(dev_eui, message)))
}
