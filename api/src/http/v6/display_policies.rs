//! Display policies: `/api/v6/display-policies`.

mod body;
mod computed_state;
mod view;

use axum::Json;
use axum::extract::State;
use parking_domain::id::PolicyId;
use parking_domain::tenant::Tenant;
use parking_domain::tenant::{TenantCommand, TenantRefusal};
use parking_projections::engine::reader::Reading;
use parking_projections::registry::Registry;
use parking_projections::registry::display_policies::read as policies;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::aliases::{Alias, ServeAliases};
use crate::http::kit::app::AppState;
use crate::http::kit::body::{Command, EmptyBody, IdempotencyKey};
use crate::http::kit::caller::Caller;
use crate::http::kit::changes::Changes;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::page::{Listing, Paged};
use crate::http::kit::permission::{ManageDisplayPolicies, ReadDisplayPolicies};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::PathParam;
use crate::http::kit::reply::View;
use crate::http::kit::reply::{Reply, Shown};
use crate::http::v6::display_policies::body::PolicyBody;
use crate::http::v6::display_policies::view::PolicyView;
use crate::http::v6::shared::path::PolicyPath;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list, create))
        .serve(routes!(one, update))
        .serve(routes!(activate))
        .alias(Alias::patch("/api/v6/display-policies/{policy_id}"), update)
        .merge(computed_state::routes())
}

/// Lists the tenant's display policies: the active one first, then the others, oldest first.
#[utoipa::path(get, path = "/api/v6/display-policies", tag = "display policies",
    params(Paged<100, 100>, Freshness),
    responses((status = 200, body = Listing<PolicyView>), Refusals<ReadErrors<ReadDisplayPolicies>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadDisplayPolicies>,
    freshness: Freshness,
    Paged(page): Paged<100, 100>,
) -> Result<Json<Listing<PolicyView>>, Problem> {
    let mut reading = app.read::<Registry>(&caller, freshness).await?;
    let total = policies::count(&mut reading).await?;
    let rows = policies::list(&mut reading, page.size, page.offset()).await?;
    Ok(page.of(rows.into_iter().map(PolicyView::of).collect(), total, caller.tenant_id))
}

/// Creates a display policy and activates it in place of the previous one.
#[utoipa::path(post, path = "/api/v6/display-policies", tag = "display policies", params(IdempotencyKey),
    request_body = PolicyBody,
    responses((status = 201, body = Shown<PolicyView>), Refusals<(CommandErrors<ManageDisplayPolicies>, TenantRefusal)>))]
async fn create(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageDisplayPolicies, PolicyBody>,
) -> Result<Reply<Shown<PolicyView>>, Problem> {
    let policy_id = PolicyId::from(caller.new_id(&app));
    let (policy, asked) = (Box::new(body.policy()), caller.asked());
    let create = TenantCommand::CreateDisplayPolicy { policy_id, policy, asked };
    let done = app.execute::<Tenant>(&caller, caller.tenant_id, &create).await?;
    Ok(done.view(&app, &caller, policy_id).await.created())
}

/// Returns a display policy.
#[utoipa::path(get, path = "/api/v6/display-policies/{policy_id}", tag = "display policies",
    params(PolicyPath, Freshness),
    responses((status = 200, body = PolicyView), Refusals<(ReadErrors<ReadDisplayPolicies>, TenantRefusal)>))]
async fn one(
    State(app): State<AppState>,
    caller: Caller<ReadDisplayPolicies>,
    freshness: Freshness,
    PathParam(PolicyPath { policy_id }): PathParam<PolicyPath>,
) -> Result<Json<PolicyView>, Problem> {
    let mut reading = app.read::<Registry>(&caller, freshness).await?;
    PolicyView::read(&mut reading, policy_id).await.map(Json)
}

/// Updates a display policy, active or not. Absent fields stay unchanged.
#[utoipa::path(put, path = "/api/v6/display-policies/{policy_id}", tag = "display policies",
    params(PolicyPath, IdempotencyKey), request_body = PolicyBody,
    responses((status = 200, body = Shown<PolicyView>), Refusals<(CommandErrors<ManageDisplayPolicies>, TenantRefusal)>))]
async fn update(
    State(app): State<AppState>,
    PathParam(PolicyPath { policy_id }): PathParam<PolicyPath>,
    Command { caller, body: changes }: Command<ManageDisplayPolicies, Changes<PolicyBody>>,
) -> Result<Reply<Shown<PolicyView>>, Problem> {
    let body = changes.onto::<PolicyView>(&app, &caller, policy_id).await?;
    let (description, changes) = (body.description(), Box::new(body.changes()));
    let (name, asked) = (body.name, caller.asked());
    let update = TenantCommand::UpdateDisplayPolicy { policy_id, name, description, changes, asked };
    let done = app.execute::<Tenant>(&caller, caller.tenant_id, &update).await?;
    Ok(done.view(&app, &caller, policy_id).await)
}

/// Activates a display policy in place of the previous one.
#[utoipa::path(post, path = "/api/v6/display-policies/{policy_id}/activate", tag = "display policies",
    params(PolicyPath, IdempotencyKey),
    responses((status = 200, body = Shown<PolicyView>), Refusals<(CommandErrors<ManageDisplayPolicies>, TenantRefusal)>))]
async fn activate(
    State(app): State<AppState>,
    PathParam(PolicyPath { policy_id }): PathParam<PolicyPath>,
    Command { caller, .. }: Command<ManageDisplayPolicies, EmptyBody>,
) -> Result<Reply<Shown<PolicyView>>, Problem> {
    let activate = TenantCommand::ActivateDisplayPolicy { policy_id, asked: caller.asked() };
    let done = app.execute::<Tenant>(&caller, caller.tenant_id, &activate).await?;
    Ok(done.view(&app, &caller, policy_id).await)
}

impl View for PolicyView {
    type Id = PolicyId;
    type Sources = Registry;

    fn id(policy_id: PolicyId) -> Uuid {
        policy_id.uuid()
    }

    async fn read(reading: &mut Reading, policy_id: PolicyId) -> Result<Self, Problem> {
        let row = policies::get(reading, policy_id.uuid()).await?;
        row.map(Self::of).ok_or_else(|| TenantRefusal::DisplayPolicyNotFound.into())
    }
}
