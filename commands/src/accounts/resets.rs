//! Resets of passwords by a one-time link, which somebody with a higher role makes; never for an anonymous request.

use parking_domain::actor::Actor;
use parking_domain::id::{TenantId, UserId};
use parking_domain::user::Person;
use secrecy::{ExposeSecret, SecretString};

use super::call::Call;
use super::error::AccountError;
use super::links::{Link, Purpose};
use super::principal::Principal;
use super::rows::Terms;
use super::{Accounts, password_rules};

impl Accounts {
    /// A link with which the user chooses a new password; the former one is withdrawn. For somebody who is above the user in
    /// every tenant of the user. The user stays unknown to whoever shares no tenant with it.
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
        let by = Some(principal.user_id);
        let purpose = Purpose::Reset { user_id, password_id: person.password_id, by };
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
        // Decided once more by the user's stream, which is told the password that is replaced.
        let person = user.active().filter(|person| person.password_id == link.password_id);
        let person = person.ok_or(AccountError::LinkRefused)?;
        if let Some(by) = link.created_by
            && !self.is_above(by.into(), user_id, person).await?
        {
            return Err(AccountError::LinkRefused);
        }
        let email = self.opened(&person.email).await?;
        password_rules::check(password.expose_secret(), email.as_deref())?;
        self.use_link(token, call.at).await?;
        let owner = (user_id, person.password_id);
        let set =
            self.set_password(owner, password, Terms::default(), None, Actor::User(user_id), call).await;
        self.settle_link(token, set).await
    }

    /// True when one user is above the other in every tenant of the other: by a higher role there, or by the platform's right.
    pub(super) async fn is_above(
        &self,
        one: UserId,
        other: UserId,
        person: &Person,
    ) -> Result<bool, AccountError> {
        if one == other || self.user(one).await?.active().is_none() {
            return Ok(false);
        }
        let is_platform_admin = self.is_platform_admin(one).await?;
        let mut is_above = is_platform_admin || !person.tenants.is_empty();
        for tenant_id in &person.tenants {
            let tenant = self.tenant(*tenant_id).await?;
            let Some(member) = tenant.member(other) else { continue };
            let has_higher_role = || tenant.role_of(one).is_some_and(|role| role > member.role);
            is_above &= is_platform_admin && *tenant_id != TenantId::PLATFORM
                || !tenant.is_suspended() && has_higher_role();
        }
        Ok(is_above)
    }
}
