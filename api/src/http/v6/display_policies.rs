//! Display policies: `/api/v6/display-policies`.

mod body;
mod computed_state;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use parking_domain::id::PolicyId;
use parking_domain::tenant::{TenantCommand, TenantRefusal};
use parking_projections::display_policies::read as policies;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::App;
use crate::http::kit::body::{Command, Nothing, Once};
use crate::http::kit::caller::{Caller, Freshness};
use crate::http::kit::documented::{Commanding, Reading, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::page::{Listing, Paged};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::Named;
use crate::http::kit::reply::{Answer, Shown};
use crate::http::v6::display_policies::body::PolicyBody;
use crate::http::v6::display_policies::view::PolicyView;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .serve(routes!(list, create))
        .serve(routes!(one, update, amend))
        .serve(routes!(activate))
        .merge(computed_state::routes())
}

/// The tenant's display policies: the one in force, then the others from the oldest on.
#[utoipa::path(get, path = "/api/v6/display-policies", tag = "display policies",
    params(Paged<100, 100>, Freshness),
    responses((status = 200, body = Listing<PolicyView>), Refusals<Reading>))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Paged(page): Paged<100, 100>,
) -> Result<Json<Listing<PolicyView>>, Problem> {
    let mut reading = caller.read(&app).await?;
    let total = policies::count(&mut reading).await?;
    let rows = policies::list(&mut reading, page.size, page.offset()).await?;
    Ok(page.of(rows.into_iter().map(PolicyView::of).collect(), total, caller.tenant_id))
}

/// Makes a display policy and puts it in force instead of the one before.
#[utoipa::path(post, path = "/api/v6/display-policies", tag = "display policies", params(Once),
    request_body = PolicyBody,
    responses((status = 201, body = Shown<PolicyView>), Refusals<(Commanding, TenantRefusal)>))]
async fn create(
    State(app): State<Arc<App>>,
    Command { caller, body }: Command<PolicyBody>,
) -> Result<Answer<Shown<PolicyView>>, Problem> {
    let policy_id = PolicyId::from(caller.new_id(&app));
    let (policy, at, by) = (Box::new(body.policy()), caller.at, caller.actor);
    let create = TenantCommand::CreateDisplayPolicy { policy_id, policy, at, by };
    let position = execute(&app, &caller, &create).await?;
    Ok(Answer::created(Some(position), shown(&app, &caller, policy_id, position).await))
}

/// One display policy.
#[utoipa::path(get, path = "/api/v6/display-policies/{policy_id}", tag = "display policies",
    params(("policy_id" = Uuid, Path), Freshness),
    responses((status = 200, body = PolicyView), Refusals<(Reading, TenantRefusal)>))]
async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(policy_id): Named<PolicyId>,
) -> Result<Json<PolicyView>, Problem> {
    find(&app, &caller, policy_id).await.map(Json)
}

/// Changes a display policy, in force or not. What is absent or null stays as it is.
#[utoipa::path(put, path = "/api/v6/display-policies/{policy_id}", tag = "display policies",
    params(("policy_id" = Uuid, Path), Once), request_body = PolicyBody,
    responses((status = 200, body = Shown<PolicyView>), Refusals<(Commanding, TenantRefusal)>))]
async fn update(
    State(app): State<Arc<App>>,
    Named(policy_id): Named<PolicyId>,
    Command { caller, body }: Command<PolicyBody>,
) -> Result<Answer<Shown<PolicyView>>, Problem> {
    let (description, changes) = (body.description(), Box::new(body.changes()));
    let (name, at, by) = (body.name, caller.at, caller.actor);
    let update = TenantCommand::UpdateDisplayPolicy { policy_id, name, description, changes, at, by };
    let position = execute(&app, &caller, &update).await?;
    Ok(Answer::done(Some(position), shown(&app, &caller, policy_id, position).await))
}

/// Changes a display policy, like `PUT`.
#[utoipa::path(patch, path = "/api/v6/display-policies/{policy_id}", tag = "display policies",
    params(("policy_id" = Uuid, Path), Once), request_body = PolicyBody,
    responses((status = 200, body = Shown<PolicyView>), Refusals<(Commanding, TenantRefusal)>))]
async fn amend(
    app: State<Arc<App>>,
    policy_id: Named<PolicyId>,
    command: Command<PolicyBody>,
) -> Result<Answer<Shown<PolicyView>>, Problem> {
    update(app, policy_id, command).await
}

/// Puts a display policy in force instead of the one before.
#[utoipa::path(post, path = "/api/v6/display-policies/{policy_id}/activate", tag = "display policies",
    params(("policy_id" = Uuid, Path), Once),
    responses((status = 200, body = Shown<PolicyView>), Refusals<(Commanding, TenantRefusal)>))]
async fn activate(
    State(app): State<Arc<App>>,
    Named(policy_id): Named<PolicyId>,
    Command { caller, .. }: Command<Nothing>,
) -> Result<Answer<Shown<PolicyView>>, Problem> {
    let activate = TenantCommand::ActivateDisplayPolicy { policy_id, at: caller.at, by: caller.actor };
    let position = execute(&app, &caller, &activate).await?;
    Ok(Answer::done(Some(position), shown(&app, &caller, policy_id, position).await))
}

async fn execute(app: &App, caller: &Caller, command: &TenantCommand) -> Result<i64, Problem> {
    let tenant = caller.tenant_id.to_string();
    Ok(app.platform.tenants.execute(&tenant, command, &caller.circumstances()).await?.position)
}

async fn find(app: &App, caller: &Caller, policy_id: PolicyId) -> Result<PolicyView, Problem> {
    let row = policies::get(&mut *caller.read(app).await?, policy_id.uuid()).await?;
    row.map(PolicyView::of).ok_or_else(|| TenantRefusal::DisplayPolicyNotFound.into())
}

async fn shown(app: &App, caller: &Caller, policy_id: PolicyId, position: i64) -> Shown<PolicyView> {
    caller.settle(app, Some(position)).await;
    Shown::of(policy_id.uuid(), find(app, caller, policy_id).await)
}
