//! Logins: `/api/auth`.

mod body;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use parking_commands::accounts::AccountError;
use parking_domain::id::UserId;
use parking_edge::TriedUser;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::account_refusals::{
    LoginRefusals, LogoutRefusals, NameRefusals, PasswordRefusals, RefreshRefusals, RegistrationRefusals,
    ResetRefusals, SwitchRefusals,
};
use crate::http::kit::app::{App, AppState};
use crate::http::kit::attempts::Client;
use crate::http::kit::authentication::{SentToken, not_logged_in};
use crate::http::kit::body::{Command, EmptyBody, PublicCommand};
use crate::http::kit::caller::Caller;
use crate::http::kit::console::Keeping;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::permission::{Anyone, EndSession, ManageAccount, UseSession};
use crate::http::kit::problem::Problem;
use crate::http::kit::reply::Reply;
use crate::http::v6::auth::body::{
    LoginBody, NameBody, PasswordBody, RefreshBody, RegistrationBody, ResetBody, SwitchBody,
};
use crate::http::v6::shared::account::{AccountView, SignedInView, SucceededView};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(register))
        .serve(routes!(login))
        .serve(routes!(refresh))
        .serve(routes!(logout))
        .serve(routes!(me, rename))
        .serve(routes!(change_password))
        .serve(routes!(switch_tenant))
        .serve(routes!(reset_password))
}

/// Registers a user as the owner of a new tenant with a site, and logs the user in.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = RegistrationBody,
    responses((status = 201, body = SignedInView), Refusals<(CommandErrors<Anyone>, RegistrationRefusals)>))]
async fn register(
    State(app): State<AppState>,
    client: Client,
    keeping: Keeping,
    PublicCommand { body, call, device, .. }: PublicCommand<Anyone, RegistrationBody>,
) -> Result<(HeaderMap, Reply<SignedInView>), Problem> {
    if !app.takes_registrations {
        return Err(registration_closed());
    }
    client.count_registration(&app.edge.limits, call.at)?;
    let signed_in = app.accounts.register(body.registration(device)?, &call).await?;
    let (cookies, view) = SignedInView::of(signed_in, &keeping, call.at);
    Ok((cookies, Reply::at(app.head(), view).created()))
}

/// Logs a user in. The body is JSON, or the same as a form (`application/x-www-form-urlencoded`). The cookie of the answer
/// makes the device known until the password changes: tries that others make for the same user do not count for it.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth",
    request_body = LoginBody,
    responses((status = 200, body = SignedInView), Refusals<(CommandErrors<Anyone>, LoginRefusals)>))]
async fn login(
    State(app): State<AppState>,
    client: Client,
    keeping: Keeping,
    PublicCommand { body, call, device, .. }: PublicCommand<Anyone, LoginBody>,
) -> Result<(HeaderMap, Reply<SignedInView>), Problem> {
    let login = body.login(device)?;
    let email_key = app.platform.sealer.user_key(&login.email);
    let user = app.attempts.tried_user(&app.accounts, &client, &login.email).await?;
    let trying = app.accounts.login(login, &call);
    let signed_in = app.attempts.password((&app.edge.limits, call.at), user, trying).await?;
    let known = app.attempts.remember(&client, &email_key, signed_in.password_id);
    let (mut cookies, view) = SignedInView::of(signed_in, &keeping, call.at);
    cookies.extend([known]);
    Ok((cookies, Reply::at(app.head(), view)))
}

/// Exchanges a refresh token for new tokens of the same session. A refresh token works once; used again, it ends the session.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", request_body = RefreshBody,
    responses((status = 200, body = SignedInView), Refusals<(CommandErrors<Anyone>, RefreshRefusals)>))]
async fn refresh(
    State(app): State<AppState>,
    keeping: Keeping,
    PublicCommand { body, call, .. }: PublicCommand<Anyone, RefreshBody>,
) -> Result<(HeaderMap, Reply<SignedInView>), Problem> {
    let token = body.token(keeping.refresh())?;
    if let Some(session_id) = app.accounts.session_of_refresh(&token).await? {
        app.edge.charge_session(session_id, call.at)?;
    }
    let signed_in = app.accounts.refresh(&token, &call).await?;
    let (cookies, view) = SignedInView::of(signed_in, &keeping, call.at);
    Ok((cookies, Reply::at(app.head(), view)))
}

/// Ends the session: its access token and its refresh token stop working. Also for users and tenants that are locked out.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth",
    responses((status = 200, body = SucceededView), Refusals<(CommandErrors<EndSession>, LogoutRefusals)>))]
async fn logout(
    State(app): State<AppState>,
    keeping: Keeping,
    SentToken { header, cookie }: SentToken,
    PublicCommand { call, .. }: PublicCommand<EndSession, EmptyBody>,
) -> Result<(HeaderMap, Reply<SucceededView>), (HeaderMap, Problem)> {
    let ended = match (header, keeping.refresh(), cookie) {
        (Some(access), _, _) | (None, None, Some(access)) => app.accounts.logout(&access, &call).await,
        (None, Some(refresh), _) => app.accounts.logout_by_refresh(&refresh.into(), &call).await,
        (None, None, None) => return Err((keeping.forget(), not_logged_in())),
    };
    match ended.map_err(Problem::from) {
        Ok(()) => {
            let view = SucceededView::saying("Logged out successfully");
            Ok((keeping.forget(), Reply::at(app.head(), view)))
        }
        // The session may live: the browser keeps its tokens, to log out again.
        Err(failure) if failure.status().is_server_error() => Err((HeaderMap::new(), failure)),
        Err(refusal) => Err((keeping.forget(), refusal)),
    }
}

/// Returns the user who has logged in.
#[utoipa::path(get, path = "/api/auth/me", tag = "auth",
    responses((status = 200, body = AccountView), Refusals<ReadErrors<UseSession>>))]
async fn me(State(app): State<AppState>, caller: Caller<UseSession>) -> Result<Json<AccountView>, Problem> {
    let principal = caller.principal()?;
    let profile = app.accounts.profile(principal.user_id).await?;
    Ok(Json(AccountView::of(principal, profile)))
}

/// Changes the user's own name.
#[utoipa::path(put, path = "/api/auth/me", tag = "auth", request_body = NameBody,
    responses((status = 200, body = AccountView), Refusals<(CommandErrors<ManageAccount>, NameRefusals)>))]
async fn rename(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageAccount, NameBody>,
) -> Result<Reply<AccountView>, Problem> {
    let principal = caller.principal()?;
    app.accounts.rename(principal, &body.name()?, &caller.call()).await?;
    let profile = app.accounts.profile(principal.user_id).await?;
    Ok(Reply::at(app.head(), AccountView::of(principal, profile)))
}

/// Replaces the user's password. All other sessions of the user end, and no other device is known any more.
#[utoipa::path(post, path = "/api/auth/change-password", tag = "auth", request_body = PasswordBody,
    responses((status = 200, body = SucceededView), Refusals<(CommandErrors<UseSession>, PasswordRefusals)>))]
async fn change_password(
    State(app): State<AppState>,
    client: Client,
    Command { caller, body }: Command<UseSession, PasswordBody>,
) -> Result<(HeaderMap, Reply<SucceededView>), Problem> {
    let (current, new) = body.passwords()?;
    let (principal, call) = (caller.principal()?, caller.call());
    let trying = app.accounts.change_password(principal, &current, &new, &call);
    let user = TriedUser::of_session(principal.user_id);
    app.attempts.password((&app.edge.limits, call.at), Some(user), trying).await?;
    // If it cannot be found out, the device is known again after the next login. The password is changed.
    let known = known_again(&app, &client, principal.user_id).await.ok().flatten();
    let view = SucceededView::saying("The password is changed");
    Ok((HeaderMap::from_iter(known), Reply::at(app.head(), view)))
}

/// The header that makes the device known with the user's new password.
async fn known_again(
    app: &App,
    client: &Client,
    user_id: UserId,
) -> Result<Option<(HeaderName, HeaderValue)>, AccountError> {
    let Some(email) = app.accounts.profile(user_id).await?.email else { return Ok(None) };
    let email_key = app.platform.sealer.user_key(&email);
    let password_id = app.accounts.password_of(&email).await?;
    Ok(password_id.map(|password_id| app.attempts.remember(client, &email_key, password_id)))
}

/// Makes another of the user's tenants the tenant of the session. The tokens stay as they are.
#[utoipa::path(post, path = "/api/auth/switch-tenant", tag = "auth", request_body = SwitchBody,
    responses((status = 200, body = AccountView), Refusals<(CommandErrors<ManageAccount>, SwitchRefusals)>))]
async fn switch_tenant(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageAccount, SwitchBody>,
) -> Result<Reply<AccountView>, Problem> {
    let slug = body.slug()?;
    let principal = app.accounts.switch_tenant(caller.principal()?, &slug, &caller.call()).await?;
    let profile = app.accounts.profile(principal.user_id).await?;
    Ok(Reply::at(app.head(), AccountView::of(&principal, profile)))
}

/// Sets a new password with a reset link. All sessions of the user end.
#[utoipa::path(post, path = "/api/auth/reset-password", tag = "auth", request_body = ResetBody,
    responses((status = 200, body = SucceededView), Refusals<(CommandErrors<Anyone>, ResetRefusals)>))]
async fn reset_password(
    State(app): State<AppState>,
    PublicCommand { body, call, .. }: PublicCommand<Anyone, ResetBody>,
) -> Result<Reply<SucceededView>, Problem> {
    let (token, password) = body.parts()?;
    app.accounts.use_reset(&token, &password, &call).await?;
    Ok(Reply::at(app.head(), SucceededView::saying("The password is changed: log in with it")))
}

fn registration_closed() -> Problem {
    let detail = "this server takes no registrations: ask an admin for an invitation";
    Problem::new(StatusCode::FORBIDDEN, "registration_closed", detail)
}
