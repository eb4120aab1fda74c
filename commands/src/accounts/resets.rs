//! Resets of passwords by a one-time link, which somebody with a higher role makes; never for an anonymous request.

use parking_domain::actor::Actor;
use parking_domain::id::{TenantId, UserId};
use parking_domain::tenant::TenantType;
use parking_domain::user::Person;
use secrecy::{ExposeSecret, SecretString};

use super::call::Call;
use super::error::AccountError;
use super::links::{Link, Purpose};
use super::principal::Principal;
use super::rows::Terms;
use super::{Accounts, password_rules};

impl Accounts {
    /// A link with which the user chooses a new password. For somebody whose role is above the user's in every tenant of the
    /// user, or for a platform admin. The user stays unknown to whoever shares no tenant with it.
    pub async fn reset_link(
        &self,
        principal: &Principal,
        user_id: UserId,
        call: &Call,
    ) -> Result<Link, AccountError> {
        let user = self.user(user_id).await?;
        let person = user.person().ok_or(AccountError::UserNotFound)?;
        if !principal.is_platform_admin && !person.tenants.contains(&principal.tenant.tenant_id) {
            return Err(AccountError::UserNotFound);
        }
        if !self.is_above(principal.user_id, user_id, person).await? {
            return Err(AccountError::NotPermitted);
        }
        let purpose = Purpose::Reset { user_id, by: Some(principal.user_id) };
        self.make_link(purpose, call.at, call.at + self.0.settings.reset_life).await
    }

    /// Sets a new password with a reset link. All sessions of the user end.
    pub async fn use_reset(
        &self,
        token: &SecretString,
        password: &SecretString,
        call: &Call,
    ) -> Result<(), AccountError> {
        let link = self.find_link(token, "reset", call.at).await?;
        let user_id = UserId::from(link.user_id.ok_or(AccountError::LinkRefused)?);
        let user = self.user(user_id).await?;
        let person = user.active().ok_or(AccountError::LinkRefused)?;
        if let Some(by) = link.created_by
            && !self.is_above(by.into(), user_id, person).await?
        {
            return Err(AccountError::LinkRefused);
        }
        let email = self.opened(&person.email).await?;
        password_rules::check(password.expose_secret(), email.as_deref())?;
        self.use_link(token, call.at).await?;
        let set =
            self.set_password(user_id, password, Terms::default(), None, Actor::User(user_id), call).await;
        self.settle_link(token, set).await
    }

    /// True when one user's role is above the other's in every tenant of the other. A platform admin is above whoever does
    /// not run the platform.
    pub(super) async fn is_above(
        &self,
        one: UserId,
        other: UserId,
        person: &Person,
    ) -> Result<bool, AccountError> {
        if one == other || self.user(one).await?.active().is_none() {
            return Ok(false);
        }
        let is_platform_admin = self.tenant(TenantId::PLATFORM).await?.is_platform_admin(one);
        let mut is_above = is_platform_admin || !person.tenants.is_empty();
        for tenant_id in &person.tenants {
            let tenant = self.tenant(*tenant_id).await?;
            let Some(member) = tenant.member(other) else { continue };
            let runs_platform =
                tenant.definition().is_some_and(|definition| definition.tenant_type == TenantType::Platform);
            let higher = tenant.role_of(one).filter(|_| !tenant.is_suspended());
            is_above &=
                (is_platform_admin && !runs_platform) || higher.is_some_and(|role| role > member.role);
        }
        Ok(is_above)
    }
}
