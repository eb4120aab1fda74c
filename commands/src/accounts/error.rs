//! Why a call about accounts is refused.

use parking_domain::limits::LimitExceeded;
use parking_domain::site::SiteRefusal;
use parking_domain::tenant::{SLUG_SCOPE, TenantRefusal};
use parking_domain::user::UserRefusal;

use super::password_rules::PasswordRefusal;
use crate::append::AppendError;
use crate::bus::ExecuteError;
use crate::personal::PersonalDataError;
use crate::store::LoadError;

/// Why a call is refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The e-mail is unknown, the password is wrong or void, or the user is locked out: the caller does not learn which.
    #[error("incorrect email or password")]
    LoginRefused,
    /// The password is right, and the user belongs to no tenant, or not to the named one.
    #[error("the user belongs to no such tenant: ask its admin for an invitation")]
    NoTenant,
    /// The password is right, and the tenant is suspended; without a named one, all of the user's tenants are.
    #[error("the tenant is suspended: ask the operator of the platform")]
    TenantSuspended,
    /// The token does not authenticate.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
    /// The current password is wrong.
    #[error("the current password is wrong: check it")]
    WrongPassword,
    /// The new password is not accepted.
    #[error(transparent)]
    Password(#[from] PasswordRefusal),
    /// The text is no e-mail address.
    #[error("this is no e-mail address: write it as name@example.com")]
    EmailInvalid,
    /// A user has the e-mail.
    #[error("a user with this e-mail exists: log in, or choose another e-mail")]
    EmailTaken,
    /// A tenant has the slug.
    #[error("a tenant with this slug exists: choose another slug")]
    SlugTaken,
    /// The link is unknown, used, expired or withdrawn.
    #[error("the link is not valid or was used: ask for a new one")]
    LinkRefused,
    /// The invited user exists: only that user accepts.
    #[error("the invited user exists: log in as that user and accept then, or send that user's password")]
    LoginToAccept,
    /// The role does not suffice.
    #[error("the caller may not do this: ask somebody with a higher role")]
    NotPermitted,
    /// There is no such user, or the caller may not know it.
    #[error("there is no such user: check the id")]
    UserNotFound,
    /// The platform has no administrator yet.
    #[error("the platform has no administrator yet: start the server, which makes the first one")]
    NotBootstrapped,
    /// Too many passwords are being checked.
    #[error("too many logins at once: try again in a moment")]
    Busy,
    /// The tenant refuses.
    #[error(transparent)]
    Tenant(#[from] TenantRefusal),
    /// The user's stream refuses.
    #[error(transparent)]
    User(#[from] UserRefusal),
    /// The first site is refused.
    #[error(transparent)]
    Site(#[from] SiteRefusal),
    /// A stream could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The events could not be appended.
    #[error(transparent)]
    Append(AppendError),
    /// Personal data could not be sealed or opened.
    #[error(transparent)]
    PersonalData(#[from] PersonalDataError),
    /// The operational tables did not answer.
    #[error("the accounts are not available: {0}")]
    Unavailable(#[from] sqlx::Error),
    /// A password could not be hashed, or a token not be signed.
    #[error("a secret could not be made or checked: {0}")]
    Secret(String),
}

/// Why a token does not authenticate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Not a token of this platform, changed, or of another kind.
    #[error("the token is not valid: log in again")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired: refresh it, or log in again")]
    Expired,
    /// The session was ended: by logout, a new password, a reused refresh token, or its age.
    #[error("the session has ended: log in again")]
    SessionEnded,
    /// The user is locked out of the platform.
    #[error("the user account is disabled: ask the operator of the platform")]
    UserDisabled,
    /// The user is not, or no longer, an enabled member of the tenant.
    #[error("the user is no member of the tenant: ask its admin for an invitation")]
    NotMember,
    /// The tenant is suspended.
    #[error("the tenant is suspended: ask the operator of the platform")]
    TenantSuspended,
}

impl AccountError {
    /// True when it is unknown whether the events were appended.
    pub(super) fn is_unsettled(&self) -> bool {
        matches!(self, Self::Append(AppendError::Unsettled(_)))
    }
}

impl From<AppendError> for AccountError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::ClaimHeld { claim, .. } if claim.scope == SLUG_SCOPE => Self::SlugTaken,
            error => Self::Append(error),
        }
    }
}

impl From<LimitExceeded> for AccountError {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::PersonalData(exceeded.into())
    }
}

impl<R: Into<Self>> From<ExecuteError<R>> for AccountError {
    fn from(error: ExecuteError<R>) -> Self {
        match error {
            ExecuteError::Refused { refusal, .. } => refusal.into(),
            ExecuteError::Load(error) => error.into(),
            ExecuteError::Append(error) => error.into(),
        }
    }
}
