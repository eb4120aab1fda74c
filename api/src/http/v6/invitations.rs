//! Invitations to a tenant: `/api/v6/invitations`, and their acceptance without a login at
//! `/api/auth/invitations/accept`.

mod body;

use axum::extract::State;
use axum::http::HeaderMap;
use parking_commands::accounts::AccountError;
use parking_domain::tenant::TenantRefusal;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::account_refusals::{AcceptanceRefusals, InvitationRefusals};
use crate::http::kit::app::AppState;
use crate::http::kit::attempts::Client;
use crate::http::kit::body::{Command, PublicCommand};
use crate::http::kit::console::Keeping;
use crate::http::kit::documented::{CommandErrors, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::{Anyone, ManageAccount, ManageUsers};
use crate::http::kit::problem::Problem;
use crate::http::kit::reply::Reply;
use crate::http::v6::invitations::body::{AcceptBody, InvitationBody, NewPersonBody};
use crate::http::v6::shared::account::{LinkView, SignedInView, SucceededView};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(invite)).serve(routes!(accept)).serve(routes!(accept_as_new))
}

/// Invites somebody to the tenant, with a role up to the caller's own. The answer has a one-time link to pass on; it is the
/// same whether or not a user has the e-mail. A new invitation of the e-mail withdraws the tenant's former one.
#[utoipa::path(post, path = "/api/v6/invitations", tag = "users", request_body = InvitationBody,
    responses((status = 201, body = LinkView), Refusals<(CommandErrors<ManageUsers>, InvitationRefusals)>))]
async fn invite(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageUsers, InvitationBody>,
) -> Result<Reply<LinkView>, Problem> {
    let (email, role) = body.parts()?;
    let link = app.accounts.invite(caller.principal()?, &email, role, &caller.call()).await?;
    Ok(Reply::at(app.head(), LinkView::of(&link)).created())
}

/// Accepts an invitation as the user who has logged in: the one with the invited e-mail.
#[utoipa::path(post, path = "/api/v6/invitations/accept", tag = "users", request_body = AcceptBody,
    responses((status = 200, body = SucceededView),
              Refusals<(CommandErrors<ManageAccount>, AcceptanceRefusals, TenantRefusal)>))]
async fn accept(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageAccount, AcceptBody>,
) -> Result<Reply<SucceededView>, Problem> {
    app.accounts.accept(caller.principal()?, &body.token()?, &caller.call()).await?;
    let message = "You are a member of the tenant: switch to it, or log in again";
    Ok(Reply::at(app.head(), SucceededView::saying(message)))
}

/// Accepts an invitation as a new user, and logs the user in. A user who exists and belongs to no tenant cannot log in first:
/// the user's password does as well.
#[utoipa::path(post, path = "/api/auth/invitations/accept", tag = "auth", request_body = NewPersonBody,
    responses((status = 201, body = SignedInView),
              Refusals<(CommandErrors<Anyone>, AcceptanceRefusals, TenantRefusal)>))]
async fn accept_as_new(
    State(app): State<AppState>,
    client: Client,
    keeping: Keeping,
    PublicCommand { body, call, device, .. }: PublicCommand<Anyone, NewPersonBody>,
) -> Result<(HeaderMap, Reply<SignedInView>), Problem> {
    let (token, person) = body.parts(device)?;
    let signed_in = match app.accounts.invited_user(&token, &call).await? {
        None => app.accounts.accept_as_new(&token, person, &call).await?,
        // Whoever has the link tries a password as at a login, and uses up no other tries.
        Some((user_id, email)) => {
            let user = app.attempts.tried_user(&app.accounts, &client, &email).await?;
            let accepting = app.accounts.accept_with_password(user_id, &token, &person, &call);
            let accepted = app.attempts.password((&app.edge.limits, call.at), user, accepting).await;
            accepted.map_err(
                |refusal| if refusal.code() == "login_refused" { login_to_accept() } else { refusal },
            )?
        }
    };
    let (cookies, view) = SignedInView::of(signed_in, &keeping, call.at);
    Ok((cookies, Reply::at(app.head(), view).created()))
}

/// A wrong password says no more than that the invited user must prove to be that user.
fn login_to_accept() -> Problem {
    AccountError::LoginToAccept.into()
}
