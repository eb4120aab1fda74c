//! Changes of a user: the own name, and the lock-out from the platform by its admins.

use parking_domain::id::{TenantId, UserId};
use parking_domain::tenant::TenantType;
use parking_domain::user::{Person, UserCommand};

use super::Accounts;
use super::cache::Changed;
use super::call::Call;
use super::error::AccountError;
use super::principal::Principal;
use super::sessions::Because;
use crate::personal::Field;

impl Accounts {
    /// Changes the principal's own name.
    pub async fn rename(&self, principal: &Principal, name: &str, call: &Call) -> Result<(), AccountError> {
        let user = self.user(principal.user_id).await?;
        let person = user.active().ok_or(AccountError::UserNotFound)?;
        let name =
            self.platform().sealer.person(None, person.email.subject).await?.seal(Field::NAME, name)?;
        let asked = call.asked(TenantId::PLATFORM, principal.actor());
        let context = call.context_of(principal, None);
        let rename = UserCommand::RenameUser { name, asked };
        self.platform().users.execute(&principal.user_id.to_string(), &rename, &context).await?;
        Ok(())
    }

    /// Locks a user out of the platform and ends all of the user's sessions.
    pub async fn disable_user(
        &self,
        principal: &Principal,
        user_id: UserId,
        reason: Option<&str>,
        call: &Call,
    ) -> Result<(), AccountError> {
        let person = self.administered(principal, user_id).await?;
        let reason = match reason {
            Some(reason) => {
                let sealer = self.platform().sealer.person(None, person.email.subject).await?;
                Some(sealer.seal(Field::DISABLE_REASON, reason)?)
            }
            None => None,
        };
        self.end_sessions(user_id, None, None, Because::UserDisabled, call.at).await?;
        let asked = call.asked(TenantId::PLATFORM, principal.actor());
        let disable = UserCommand::DisableUser { reason, asked };
        let context = call.context_of(principal, None);
        self.platform().users.execute(&user_id.to_string(), &disable, &context).await?;
        // Again: a login may have been on its way.
        self.end_sessions(user_id, None, None, Because::UserDisabled, call.at).await?;
        Ok(())
    }

    /// Ends a lock-out. The user logs in again.
    pub async fn enable_user(
        &self,
        principal: &Principal,
        user_id: UserId,
        call: &Call,
    ) -> Result<(), AccountError> {
        self.administered(principal, user_id).await?;
        let enable = UserCommand::EnableUser { asked: call.asked(TenantId::PLATFORM, principal.actor()) };
        let context = call.context_of(principal, None);
        self.platform().users.execute(&user_id.to_string(), &enable, &context).await?;
        self.changed(Changed::User(user_id)).await;
        Ok(())
    }

    /// The user, if the principal is a platform admin with at least the user's role wherever the user runs the platform.
    async fn administered(&self, principal: &Principal, user_id: UserId) -> Result<Person, AccountError> {
        if !principal.is_platform_admin || principal.user_id == user_id {
            return Err(AccountError::NotPermitted);
        }
        let user = self.user(user_id).await?;
        let person = user.person().ok_or(AccountError::UserNotFound)?;
        for tenant_id in &person.tenants {
            let tenant = self.tenant(*tenant_id).await?;
            let runs_platform =
                tenant.definition().is_some_and(|definition| definition.tenant_type == TenantType::Platform);
            let (own, theirs) = (tenant.role_of(principal.user_id), tenant.member(user_id));
            if runs_platform && theirs.is_some_and(|theirs| own.is_none_or(|own| own < theirs.role)) {
                return Err(AccountError::NotPermitted);
            }
        }
        Ok(person.clone())
    }
}
