//! A user's own data and memberships, for the user.

use std::fmt;

use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use parking_domain::sealed::Sealed;
use parking_domain::tenant::{Role, TenantType};
use secrecy::ExposeSecret;

use super::Accounts;
use super::error::AccountError;

/// A user's own data. `Debug` prints no personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub user_id: UserId,
    /// The e-mail; `None` once it is forgotten.
    pub email: Option<String>,
    /// The name, if there is one.
    pub name: Option<String>,
    /// When the user was registered.
    pub registered_at: Instant,
    /// The user's tenants, the one joined last first.
    pub memberships: Vec<Membership>,
}

/// A membership of a user who is not locked out of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// Its type.
    pub tenant_type: TenantType,
    /// The user's role in it.
    pub role: Role,
    /// Whether it is suspended.
    pub is_suspended: bool,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl Accounts {
    /// The user's own data and memberships.
    pub async fn profile(&self, user_id: UserId) -> Result<Profile, AccountError> {
        let user = self.user(user_id).await?;
        let person = user.person().ok_or(AccountError::UserNotFound)?;
        let sealed: Vec<&Sealed> = std::iter::once(&person.email).chain(&person.name).collect();
        let mut opened = self.platform().sealer.open(&sealed).await?.into_iter();
        let mut text = || opened.next().flatten().map(|text| text.expose_secret().to_owned());
        let (email, name) = (text(), text());
        let mut memberships = Vec::new();
        for tenant_id in person.tenants.iter().rev() {
            let tenant = self.tenant(*tenant_id).await?;
            if let (Some(role), Some(slug), Some(definition)) =
                (tenant.role_of(user_id), tenant.slug(), tenant.definition())
            {
                memberships.push(Membership {
                    tenant_id: *tenant_id,
                    name: definition.name.clone(),
                    slug: slug.to_owned(),
                    tenant_type: definition.tenant_type,
                    role,
                    is_suspended: tenant.is_suspended(),
                });
            }
        }
        Ok(Profile { user_id, email, name, registered_at: person.registered_at, memberships })
    }

    /// The text of a sealed field, unless it is forgotten.
    pub(super) async fn opened(&self, sealed: &Sealed) -> Result<Option<String>, AccountError> {
        let opened = self.platform().sealer.open(&[sealed]).await?;
        Ok(opened.into_iter().next().flatten().map(|text| text.expose_secret().to_owned()))
    }
}
