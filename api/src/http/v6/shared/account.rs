//! Users and their sessions as several resources show them.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use parking_commands::accounts::{Link, Principal, Profile, SignedIn};
use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use parking_domain::tenant::Role;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::kit::console::Keeping;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid_body;
use crate::http::v6::shared::words;

/// The user who has logged in, in the tenant of the session.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountView {
    #[schema(value_type = Uuid)]
    id: UserId,
    email: Option<String>,
    /// The name; without one, the e-mail.
    username: Option<String>,
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    tenant_name: String,
    tenant_slug: String,
    #[schema(value_type = words::Role)]
    role: Role,
    /// Whether the tenant runs the platform, and the user is its admin or owner.
    is_platform_admin: bool,
    /// Whether the password is an initial one: nothing works before it is changed.
    must_change_password: bool,
    created_at: DateTime<Utc>,
}

impl AccountView {
    pub(crate) fn of(principal: &Principal, profile: Profile) -> Self {
        let tenant = &principal.tenant;
        Self {
            id: principal.user_id,
            username: profile.name.or_else(|| profile.email.clone()),
            email: profile.email,
            tenant_id: tenant.tenant_id,
            tenant_name: tenant.definition.name.clone(),
            tenant_slug: tenant.slug.clone(),
            role: principal.role,
            is_platform_admin: principal.is_platform_admin,
            must_change_password: principal.must_change_password,
            created_at: profile.registered_at.utc(),
        }
    }
}

/// The tokens of a session, and its user.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInView {
    /// To be sent as `Authorization: Bearer` with every request. Empty if cookies have the tokens.
    access_token: String,
    /// Gets the next tokens at `POST /api/auth/refresh`, once. Empty if cookies have the tokens.
    refresh_token: String,
    /// Always `bearer`.
    token_type: &'static str,
    /// When the access token expires, in seconds from now.
    expires_in: i64,
    /// When the session ends at the latest, in seconds from now.
    refresh_expires_in: i64,
    user: AccountView,
}

impl SignedInView {
    /// The tokens where the client keeps them: in the body, or in headers that set cookies.
    pub(crate) fn of(signed_in: SignedIn, keeping: &Keeping, at: Instant) -> (HeaderMap, Self) {
        let SignedIn { tokens, principal, profile, .. } = signed_in;
        let in_body = |token: &SecretString| {
            if keeping.is_by_cookies() { String::new() } else { token.expose_secret().to_owned() }
        };
        let view = Self {
            access_token: in_body(&tokens.access),
            refresh_token: in_body(&tokens.refresh),
            token_type: "bearer",
            expires_in: (tokens.access_expires_at - at).num_seconds(),
            refresh_expires_in: (tokens.session_expires_at - at).num_seconds(),
            user: AccountView::of(&principal, profile),
        };
        (keeping.keep(&tokens, at), view)
    }
}

/// A one-time link. The platform sends no mail: pass the token on to the person, who sends it back from a page of yours.
#[derive(Serialize, ToSchema)]
#[schema(as = OneTimeLink)]
pub(crate) struct LinkView {
    /// Shown only now.
    token: String,
    expires_at: DateTime<Utc>,
}

impl LinkView {
    pub(crate) fn of(link: &Link) -> Self {
        Self { token: link.token.expose_secret().to_owned(), expires_at: link.expires_at.utc() }
    }
}

/// The answer to a command that has nothing to show.
#[derive(Serialize, ToSchema)]
#[schema(as = Succeeded)]
pub(crate) struct SucceededView {
    /// Always true.
    success: bool,
    message: &'static str,
}

impl SucceededView {
    pub(crate) fn saying(message: &'static str) -> Self {
        Self { success: true, message }
    }
}

/// A field that a body cannot do without.
pub(crate) fn required(name: &str, value: Option<String>) -> Result<String, Problem> {
    value.filter(|text| !text.is_empty()).ok_or_else(|| invalid_body(format!("{name} is required")))
}

/// Refuses a text with fewer or more characters.
pub(crate) fn sized(name: &str, text: String, shortest: usize, longest: usize) -> Result<String, Problem> {
    if (shortest..=longest).contains(&text.chars().count()) && !text.trim().is_empty() {
        Ok(text)
    } else {
        Err(invalid_body(format!("{name} must have {shortest} to {longest} characters")))
    }
}
