//! Where a device stands, and whether its owner keeps it: `/api/v6/devices/{device_id}/assign` and its like.

use parking_domain::device::Device;

use axum::extract::State;
use parking_commands::devices::AssignDevice;
use parking_domain::device::{DeviceCommand, DeviceRefusal};
use parking_domain::lorawan::DevEui;
use parking_domain::space::SpaceRefusal;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::aliases::{Alias, ServeAliases};
use crate::http::kit::app::{App, AppState};
use crate::http::kit::body::{Command, IdempotencyKey};
use crate::http::kit::caller::Identity;
use crate::http::kit::documented::{CommandErrors, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::ManageDevices;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AnyEui, PathParam};
use crate::http::kit::refusals::NotAssigned;
use crate::http::kit::reply::Reply;
use crate::http::v6::devices::body::AssignBody;
use crate::http::v6::devices::view::DeviceDone;
use crate::http::v6::shared::path::DevicePath;
use crate::http::v6::shared::why::Why;
use utoipa::openapi::path::HttpMethod;

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

/// Puts a device at a space, where no other one of its kind stands.
#[utoipa::path(post, path = "/api/v6/devices/{device_id}/assign", tag = "devices",
    params(DevicePath, IdempotencyKey), request_body = AssignBody,
    responses((status = 200, body = DeviceDone),
              Refusals<(CommandErrors<ManageDevices>, DeviceRefusal, SpaceRefusal, NotAssigned)>))]
async fn assign(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body }: Command<ManageDevices, AssignBody>,
) -> Result<Reply<DeviceDone>, Problem> {
    let (space_id, replace) = (body.space_id()?, body.replace());
    let assign = AssignDevice { dev_eui, space_id, replace, reason: body.reason, asked: caller.asked() };
    let done = app.execute_jointly(&caller, &assign).await?;
    app.settle(done.position).await;
    let answer = DeviceDone::of(dev_eui, "the device stands at the space");
    Ok(done.reply(answer.at(space_id.uuid())))
}

/// Takes a device away from its space.
#[utoipa::path(post, path = "/api/v6/devices/{device_id}/unassign", tag = "devices",
    params(DevicePath, IdempotencyKey), request_body = Option<Why>,
    responses((status = 200, body = DeviceDone), Refusals<(CommandErrors<ManageDevices>, DeviceRefusal)>))]
async fn unassign(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body: Why { reason } }: Command<ManageDevices, Why>,
) -> Result<Reply<DeviceDone>, Problem> {
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let unassign = DeviceCommand::UnassignDevice { tenant_id, reason, at, by };
    done(&app, &caller, dev_eui, unassign, "the device stands at no space").await
}

/// Gives a device up: anybody may claim it. What it reported goes with it.
#[utoipa::path(post, path = "/api/v6/devices/{device_id}/release", tag = "devices",
    params(DevicePath, IdempotencyKey), request_body = Option<Why>,
    responses((status = 200, body = DeviceDone), Refusals<(CommandErrors<ManageDevices>, DeviceRefusal)>))]
async fn release(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body: Why { reason } }: Command<ManageDevices, Why>,
) -> Result<Reply<DeviceDone>, Problem> {
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let release = DeviceCommand::ReleaseDevice { tenant_id, reason, at, by };
    done(&app, &caller, dev_eui, release, "the device is released: anybody may claim it").await
}

/// Takes a device out of use. It is still shown; if it turns up again, anybody may claim it.
#[utoipa::path(post, path = "/api/v6/devices/{device_id}/retire", tag = "devices",
    params(DevicePath, IdempotencyKey), request_body = Option<Why>,
    responses((status = 200, body = DeviceDone), Refusals<(CommandErrors<ManageDevices>, DeviceRefusal)>))]
async fn retire(
    State(app): State<AppState>,
    PathParam(DevicePath { device_id: AnyEui(dev_eui) }): PathParam<DevicePath>,
    Command { caller, body: Why { reason } }: Command<ManageDevices, Why>,
) -> Result<Reply<DeviceDone>, Problem> {
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let retire = DeviceCommand::RetireDevice { tenant_id, reason, at, by };
    done(&app, &caller, dev_eui, retire, "the device is out of use").await
}

async fn done(
    app: &App,
    caller: &Identity,
    dev_eui: DevEui,
    command: DeviceCommand,
    message: &'static str,
) -> Result<Reply<DeviceDone>, Problem> {
    let done = app.execute::<Device>(caller, dev_eui, &command).await?;
    app.settle(done.position).await;
    Ok(done.reply(DeviceDone::of(dev_eui, message)))
}
