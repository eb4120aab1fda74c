//! Authentication: the principal of a request's access token, and whether it has the permission.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use parking_commands::accounts::{AccountError, Principal, TokenRefusal};

use crate::http::kit::app::{App, AppState};
use crate::http::kit::console;
use crate::http::kit::documented::Code;
use crate::http::kit::edge::Passage;
use crate::http::kit::lenient::is_present;
use crate::http::kit::permission::Needs;
use crate::http::kit::problem::Problem;

/// Names the tenant of one request, among those of the user; a platform admin may name each.
const TENANT: &str = "x-tenant-slug";

const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;

/// Marks a request that this process sends to itself: it needs no login. No request from outside can have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfThisProcess;

/// Who the caller is, as the middleware has found out. Nobody where no login is needed and none is sent.
#[derive(Clone)]
pub(crate) struct Authenticated(Option<Arc<Principal>>);

/// Finds out who the caller of an operation is that needs this, counts the request, and refuses a caller who may not ask.
/// Handlers read nothing of such a request.
pub(crate) async fn authenticate(parts: &mut Parts, app: &App, needs: Needs) -> Result<(), Problem> {
    if matches!(needs, Needs::Nothing | Needs::Token) {
        return Ok(());
    }
    let principal = identify(parts, app, needs).await?;
    if let Some(principal) = &principal {
        // Before it may be refused: what a user may not do counts too.
        if let Some(passage) = parts.extensions.get::<Arc<Passage>>() {
            passage.note_user(principal.user_id);
            app.edge.charge_user(passage, principal, needs, app.clock.now())?;
        }
        check(principal, needs)?;
    }
    parts.extensions.insert(Authenticated(principal));
    Ok(())
}

/// Who asks for what is for everyone, if it is somebody with this permission.
pub(crate) async fn guest(parts: &Parts, app: &App, needs: Needs) -> Result<Option<Arc<Principal>>, Problem> {
    let principal = identify(parts, app, needs).await?;
    principal.as_ref().map_or(Ok(()), |principal| check(principal, needs))?;
    Ok(principal)
}

async fn identify(parts: &Parts, app: &App, needs: Needs) -> Result<Option<Arc<Principal>>, Problem> {
    let headers = &parts.headers;
    if needs == Needs::Metrics && app.scraper.sent(headers) {
        return Ok(None);
    }
    let slug = headers.get(TENANT).map(|slug| slug.to_str().map_err(|_| TokenRefusal::NotMember));
    let slug = slug.transpose()?.map(str::trim).filter(|slug| is_present(slug));
    let Some(token) = bearer(headers)?.or_else(|| console::access_token(parts)) else {
        // A page of a listed origin must not have more rights than its user, on an open server either.
        let passage = parts.extensions.get::<Arc<Passage>>();
        let is_of_page = passage.is_some_and(|passage| passage.is_of_listed_origin());
        let is_trusted = app.admission.is_open() && !is_of_page;
        let is_trusted = is_trusted || parts.extensions.get::<OfThisProcess>().is_some();
        // Nobody in particular belongs to the first tenant only.
        if is_trusted && slug.is_some_and(|slug| slug != "default") {
            return Err(TokenRefusal::NotMember.into());
        }
        return if is_trusted && !needs.is_personal() { Ok(None) } else { Err(not_logged_in()) };
    };
    app.accounts.authenticate(token, slug, app.clock.now()).await.map(Some).map_err(refused)
}

/// The access tokens that a request has.
pub(crate) struct SentToken {
    /// Of the header `Authorization`.
    pub(crate) header: Option<String>,
    /// Of the console's cookie.
    pub(crate) cookie: Option<String>,
}

impl FromRequestParts<AppState> for SentToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let header = bearer(&parts.headers)?.map(str::to_owned);
        Ok(Self { header, cookie: console::access_token(parts).map(str::to_owned) })
    }
}

/// The principal of a handler with this permission. The middleware has checked the permission of the route, which is the same
/// one.
pub(crate) fn principal(parts: &Parts, needs: Needs) -> Result<Option<Arc<Principal>>, Problem> {
    let Authenticated(principal) = parts.extensions.get::<Authenticated>().ok_or_else(not_logged_in)?;
    if let Some(principal) = principal {
        check(principal, needs)?;
    }
    Ok(principal.clone())
}

fn check(principal: &Principal, needs: Needs) -> Result<(), Problem> {
    if principal.must_change_password && needs != Needs::Session {
        return Err(Problem::new(FORBIDDEN, "password_change_required", INITIAL_PASSWORD));
    }
    if needs.has(principal) { Ok(()) } else { Err(forbidden(needs)) }
}

const INITIAL_PASSWORD: &str =
    "the password is an initial one: choose another first, with POST /api/auth/change-password";

/// The token of the header `Authorization: Bearer`, in any letter case. Without a token the header counts as absent.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let words = value.to_str().map_err(|_| TokenRefusal::Invalid)?.trim();
    let (scheme, token) = words.split_once(' ').unwrap_or((words, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        let detail =
            "the header Authorization has another scheme: send the access token as `Authorization: Bearer`";
        return Err(Problem::unauthorized("token_invalid", detail));
    }
    Ok(Some(token.trim()).filter(|token| !token.is_empty()))
}

/// The refusal of a request without a login.
pub(crate) fn not_logged_in() -> Problem {
    let detail = "not authenticated: log in with POST /api/auth/login and send the access token as `Authorization: Bearer`";
    Problem::unauthorized("credential_missing", detail)
}

fn forbidden(needs: Needs) -> Problem {
    let detail = match needs {
        Needs::PlatformAdmin | Needs::Metrics => {
            "this needs an admin of the platform: log in as one, or ask one".to_owned()
        }
        Needs::Role(role) => format!("this needs the role {role} in the tenant: ask a member who has it"),
        Needs::Nothing | Needs::Token | Needs::Session | Needs::Login => "this needs a login".to_owned(),
    };
    Problem::new(FORBIDDEN, "forbidden", detail)
}

/// A stream that cannot be read is the server's fault, whatever was asked for.
fn refused(error: AccountError) -> Problem {
    let problem = Problem::from(error);
    if problem.status() == StatusCode::CONFLICT {
        Problem::of(StatusCode::INTERNAL_SERVER_ERROR)
    } else {
        problem
    }
}

/// The refusals of an operation that needs this.
pub(crate) fn codes(needs: Needs) -> Vec<Code> {
    let mut codes = Vec::new();
    if needs != Needs::Nothing {
        codes.push((UNAUTHORIZED, "credential_missing"));
    }
    if !matches!(needs, Needs::Nothing | Needs::Token) {
        codes.extend(TOKENS.map(|(_, code)| code));
    }
    if !matches!(needs, Needs::Nothing | Needs::Token | Needs::Session) {
        codes.push((FORBIDDEN, "password_change_required"));
    }
    codes
}

/// True for the refusals of a token, whatever was asked for with it.
pub(crate) fn refuses_credential(code: &str) -> bool {
    TOKENS.iter().any(|(_, (_, known))| *known == code)
}

const TOKENS: [(TokenRefusal, Code); 6] = [
    (TokenRefusal::Invalid, (UNAUTHORIZED, "token_invalid")),
    (TokenRefusal::Expired, (UNAUTHORIZED, "token_expired")),
    (TokenRefusal::SessionEnded, (UNAUTHORIZED, "session_ended")),
    (TokenRefusal::UserDisabled, (FORBIDDEN, "user_disabled")),
    (TokenRefusal::NotMember, (FORBIDDEN, "not_member")),
    (TokenRefusal::TenantSuspended, (FORBIDDEN, "tenant_suspended")),
];

impl From<TokenRefusal> for Problem {
    fn from(refusal: TokenRefusal) -> Self {
        let known = TOKENS.into_iter().find(|(known, _)| *known == refusal);
        let (status, code) = known.map_or((UNAUTHORIZED, "token_invalid"), |(_, code)| code);
        Self::new(status, code, refusal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_bearer_token_is_read_in_any_letter_case() {
        let read = |value: &str| {
            let value = HeaderValue::from_str(value).expect("a header value");
            bearer(&HeaderMap::from_iter([(AUTHORIZATION, value)])).map(|token| token.map(str::to_owned))
        };
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c "] {
            assert_eq!(read(value).ok().flatten().as_deref(), Some("a.b.c"), "{value}");
        }
        for empty in ["Bearer", "bearer "] {
            assert!(read(empty).is_ok_and(|token| token.is_none()), "{empty}");
        }
        for other in ["Basic abc", "a.b.c", "Bearer\ta", "é"] {
            assert_eq!(read(other).err().map(|problem| problem.status()), Some(UNAUTHORIZED), "{other}");
        }
        assert!(bearer(&HeaderMap::new()).is_ok_and(|token| token.is_none()));
    }
}
