//! The status and the code of each refusal about accounts.

use axum::http::StatusCode;
use parking_commands::accounts::AccountError;
use tracing::error;

use crate::http::kit::documented::{Code, CodeSet};
use crate::http::kit::problem::Problem;

const BAD_REQUEST: StatusCode = StatusCode::BAD_REQUEST;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const INVALID: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let (status, code) = match error {
            AccountError::Token(refusal) => return refusal.into(),
            AccountError::Tenant(refusal) => return refusal.into(),
            AccountError::User(refusal) => return refusal.into(),
            AccountError::Site(refusal) => return refusal.into(),
            AccountError::Load(error) => return error.into(),
            AccountError::Append(error) => return error.into(),
            AccountError::PersonalData(error) => return error.into(),
            AccountError::Unavailable(error) => return error.into(),
            AccountError::Secret(_) => {
                error!(%error, "a secret was not made or checked");
                return Self::of(StatusCode::INTERNAL_SERVER_ERROR);
            }
            AccountError::Busy | AccountError::NotBootstrapped => {
                return Self::unavailable("busy", error.to_string());
            }
            AccountError::LoginRefused => (UNAUTHORIZED, "login_refused"),
            AccountError::NoTenant => (FORBIDDEN, "no_tenant"),
            AccountError::TenantSuspended => (FORBIDDEN, "tenant_suspended"),
            AccountError::WrongPassword => (FORBIDDEN, "password_wrong"),
            AccountError::Password(_) => (INVALID, "password_refused"),
            AccountError::EmailInvalid => (INVALID, "email_invalid"),
            // With 400, as V6 answers.
            AccountError::EmailTaken => (BAD_REQUEST, "email_taken"),
            AccountError::SlugTaken => (BAD_REQUEST, "slug_taken"),
            AccountError::LinkRefused => (BAD_REQUEST, "link_refused"),
            AccountError::LoginToAccept => (CONFLICT, "login_to_accept"),
            AccountError::NotPermitted => (FORBIDDEN, "not_permitted"),
            AccountError::UserNotFound => (NOT_FOUND, "user_not_found"),
        };
        Self::new(status, code, error.to_string())
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $($status:ident $code:literal),+;)*) => {$(
        $(#[$doc])*
        pub(crate) enum $name {}

        impl CodeSet for $name {
            fn codes() -> Vec<Code> {
                vec![$(($status, $code)),+]
            }
        }
    )*};
}

refusals! {
    /// The refusals of a login.
    LoginRefusals: UNAUTHORIZED "login_refused", FORBIDDEN "no_tenant", FORBIDDEN "tenant_suspended";
    /// The refusals of a logout.
    LogoutRefusals: UNAUTHORIZED "token_invalid", UNAUTHORIZED "token_expired", UNAUTHORIZED "session_ended";
    /// The refusals of a refresh.
    RefreshRefusals: UNAUTHORIZED "token_invalid", UNAUTHORIZED "token_expired", UNAUTHORIZED "session_ended",
        FORBIDDEN "user_disabled", FORBIDDEN "not_member", FORBIDDEN "tenant_suspended";
    /// The refusals of a switch to another tenant.
    SwitchRefusals: FORBIDDEN "no_tenant", FORBIDDEN "tenant_suspended", NOT_FOUND "user_not_found";
    /// The refusals of a registration.
    RegistrationRefusals: FORBIDDEN "registration_closed", BAD_REQUEST "email_taken", BAD_REQUEST "slug_taken", INVALID "email_invalid",
        INVALID "password_refused", INVALID "tenant_name_invalid", INVALID "tenant_slug_invalid", INVALID "limit_exceeded";
    /// The refusals of a change of one's own password.
    PasswordRefusals: FORBIDDEN "password_wrong", INVALID "password_refused", NOT_FOUND "user_not_found",
        CONFLICT "password_replaced";
    /// The refusals of a change of one's own name.
    NameRefusals: NOT_FOUND "user_not_found", INVALID "limit_exceeded";
    /// The refusals of a new password by a link.
    ResetRefusals: BAD_REQUEST "link_refused", INVALID "password_refused", CONFLICT "password_replaced";
    /// The refusals of a request to invite somebody.
    InvitationRefusals: FORBIDDEN "not_permitted", FORBIDDEN "role_too_low", INVALID "email_invalid",
        INVALID "limit_exceeded";
    /// The refusals of an acceptance of an invitation.
    AcceptanceRefusals: BAD_REQUEST "link_refused", CONFLICT "login_to_accept", CONFLICT "too_many_memberships",
        INVALID "password_refused", INVALID "limit_exceeded";
    /// The refusals of operations on a user.
    UserRefusals: FORBIDDEN "not_permitted", NOT_FOUND "user_not_found";
}
