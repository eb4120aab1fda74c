//! The members of the tenant: `/api/v6/users`.

mod body;
mod view;

use axum::Json;
use axum::extract::State;
use parking_domain::tenant::{MemberChange, TenantRefusal};
use parking_domain::user::UserRefusal;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::account_refusals::UserRefusals;
use crate::http::kit::app::AppState;
use crate::http::kit::body::{Command, EmptyBody};
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::page::{Listing, Paged};
use crate::http::kit::permission::{DisableUsers, ManageUsers, ReadUsers};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::PathParam;
use crate::http::kit::reply::Reply;
use crate::http::v6::shared::account::{LinkView, SucceededView};
use crate::http::v6::shared::path::UserPath;
use crate::http::v6::shared::reason::ReasonBody;
use crate::http::v6::users::body::MemberBody;
use crate::http::v6::users::view::UserView;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list))
        .serve(routes!(one, update, remove))
        .serve(routes!(disable))
        .serve(routes!(enable))
        .serve(routes!(reset_link))
}

/// Lists the tenant's members by e-mail.
#[utoipa::path(get, path = "/api/v6/users", tag = "users", params(Paged<100, 500>),
    responses((status = 200, body = Listing<UserView>), Refusals<ReadErrors<ReadUsers>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadUsers>,
    Paged(page): Paged<100, 500>,
) -> Result<Json<Listing<UserView>>, Problem> {
    let members = app.accounts.members(caller.principal()?).await?;
    let views = members.into_iter().map(|member| UserView::of(member, caller.tenant_id));
    Ok(page.of_all(views, caller.tenant_id))
}

/// Returns a member of the tenant.
#[utoipa::path(get, path = "/api/v6/users/{user_id}", tag = "users", params(UserPath),
    responses((status = 200, body = UserView), Refusals<(ReadErrors<ReadUsers>, TenantRefusal)>))]
async fn one(
    State(app): State<AppState>,
    caller: Caller<ReadUsers>,
    PathParam(UserPath { user_id }): PathParam<UserPath>,
) -> Result<Json<UserView>, Problem> {
    let member = app.accounts.member(caller.principal()?, user_id).await?;
    Ok(Json(UserView::of(member, caller.tenant_id)))
}

/// Changes a member's role, up to the caller's own, or locks the member out of the tenant. An owner who is the last one stays.
#[utoipa::path(patch, path = "/api/v6/users/{user_id}", tag = "users", params(UserPath), request_body = MemberBody,
    responses((status = 200, body = UserView), Refusals<(CommandErrors<ManageUsers>, UserRefusals, TenantRefusal)>))]
async fn update(
    State(app): State<AppState>,
    PathParam(UserPath { user_id }): PathParam<UserPath>,
    Command { caller, body }: Command<ManageUsers, MemberBody>,
) -> Result<Reply<UserView>, Problem> {
    let principal = caller.principal()?;
    app.accounts.change_member(principal, user_id, body.change()?, &caller.call()).await?;
    let member = app.accounts.member(principal, user_id).await?;
    Ok(Reply::at(app.head(), UserView::of(member, caller.tenant_id)))
}

/// Removes a member from the tenant. The user's sessions for the tenant end.
#[utoipa::path(delete, path = "/api/v6/users/{user_id}", tag = "users", params(UserPath),
    responses((status = 200, body = SucceededView),
              Refusals<(CommandErrors<ManageUsers>, UserRefusals, TenantRefusal, UserRefusal)>))]
async fn remove(
    State(app): State<AppState>,
    PathParam(UserPath { user_id }): PathParam<UserPath>,
    Command { caller, .. }: Command<ManageUsers, EmptyBody>,
) -> Result<Reply<SucceededView>, Problem> {
    let principal = caller.principal()?;
    app.accounts.change_member(principal, user_id, MemberChange::Remove, &caller.call()).await?;
    Ok(Reply::at(app.head(), SucceededView::saying("The user is no longer a member of the tenant")))
}

/// Locks a user out of the platform, in all tenants. All sessions of the user end.
#[utoipa::path(post, path = "/api/v6/users/{user_id}/disable", tag = "users", params(UserPath), request_body = ReasonBody,
    responses((status = 200, body = SucceededView),
              Refusals<(CommandErrors<DisableUsers>, UserRefusals, UserRefusal)>))]
async fn disable(
    State(app): State<AppState>,
    PathParam(UserPath { user_id }): PathParam<UserPath>,
    Command { caller, body }: Command<DisableUsers, ReasonBody>,
) -> Result<Reply<SucceededView>, Problem> {
    let reason = body.reason.as_deref();
    app.accounts.disable_user(caller.principal()?, user_id, reason, &caller.call()).await?;
    Ok(Reply::at(app.head(), SucceededView::saying("The user is locked out")))
}

/// Ends a user's lock-out of the platform.
#[utoipa::path(post, path = "/api/v6/users/{user_id}/enable", tag = "users", params(UserPath),
    responses((status = 200, body = SucceededView),
              Refusals<(CommandErrors<DisableUsers>, UserRefusals, UserRefusal)>))]
async fn enable(
    State(app): State<AppState>,
    PathParam(UserPath { user_id }): PathParam<UserPath>,
    Command { caller, .. }: Command<DisableUsers, EmptyBody>,
) -> Result<Reply<SucceededView>, Problem> {
    app.accounts.enable_user(caller.principal()?, user_id, &caller.call()).await?;
    Ok(Reply::at(app.head(), SucceededView::saying("The user may log in")))
}

/// Makes a one-time link with which the user chooses a new password. The caller's role must be above the user's in every tenant
/// of the user. A new link withdraws the former one, and so does a new password.
#[utoipa::path(post, path = "/api/v6/users/{user_id}/reset-link", tag = "users", params(UserPath),
    responses((status = 201, body = LinkView), Refusals<(CommandErrors<ManageUsers>, UserRefusals)>))]
async fn reset_link(
    State(app): State<AppState>,
    PathParam(UserPath { user_id }): PathParam<UserPath>,
    Command { caller, .. }: Command<ManageUsers, EmptyBody>,
) -> Result<Reply<LinkView>, Problem> {
    let link = app.accounts.reset_link(caller.principal()?, user_id, &caller.call()).await?;
    Ok(Reply::at(app.head(), LinkView::of(&link)).created())
}
