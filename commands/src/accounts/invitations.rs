//! Invitations: an admin names an e-mail and a role, and whoever has the link becomes a member.

use std::fmt;

use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::id::{TenantId, UserId};
use parking_domain::sealed::Sealed;
use parking_domain::tenant::{Authority, Role, TenantCommand};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use uuid::Uuid;

use super::acts::Join;
use super::cache::Changed;
use super::call::Call;
use super::error::AccountError;
use super::links::{Link, Purpose, StoredLink};
use super::principal::{Principal, authority};
use super::registration::Unregistered;
use super::rows::Terms;
use super::sessions::SignedIn;
use super::{Accounts, email, generated};
use crate::personal::Field;
use crate::store::CommandContext;

/// What a person who accepts an invitation and is no user yet chooses. `Debug` prints no personal data.
#[derive(Clone)]
pub struct NewPerson {
    /// The password.
    pub password: SecretString,
    /// The name, if given.
    pub name: Option<String>,
    /// The device that the session is for, in the client's words.
    pub device: Option<String>,
}

impl fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPerson(..)")
    }
}

/// An invitation that can be accepted.
struct Invitation {
    tenant_id: TenantId,
    role: Role,
    email: Sealed,
    by: UserId,
}

impl Accounts {
    /// Invites somebody to the principal's tenant, and withdraws the tenant's former invitation of the e-mail. The answer does
    /// not tell whether a user has the e-mail.
    pub async fn invite(
        &self,
        principal: &Principal,
        email: &str,
        role: Role,
        call: &Call,
    ) -> Result<Link, AccountError> {
        let email = email::checked(email)?;
        let (tenant_id, authority) = (principal.tenant.tenant_id, principal.authority());
        // Refuses early what the tenant would refuse when somebody new accepts.
        let user_id = UserId::from(generated::id(&*self.0.randomness));
        let asked = call.asked(tenant_id, principal.actor());
        self.tenant(tenant_id).await?.decide(&TenantCommand::AddMember {
            user_id,
            role,
            authority,
            asked,
        })?;
        let subject = match self.user_by_email(email).await? {
            Some((_, subject)) => subject,
            None => generated::id(&*self.0.randomness),
        };
        let sealed = self.platform().sealer.person(None, subject).await?.seal(Field::EMAIL, email)?;
        let invitee = self.platform().sealer.invitee_key(tenant_id, email);
        let purpose = Purpose::Invite { tenant_id, invitee, role, email: sealed, by: principal.user_id };
        self.make_link(purpose, call.at, call.at + self.0.settings.invitation_life).await
    }

    /// Accepts an invitation as a user who has logged in: the one with the invited e-mail, and no other.
    pub async fn accept(
        &self,
        principal: &Principal,
        token: &SecretString,
        call: &Call,
    ) -> Result<(), AccountError> {
        let invitation = self.invitation(token, call).await?;
        let invited = self.opened(&invitation.email).await?.ok_or(AccountError::LinkRefused)?;
        if self.user_by_email(&invited).await?.is_none_or(|(user_id, _)| user_id != principal.user_id) {
            return Err(AccountError::LoginToAccept);
        }
        self.use_link(token, call.at).await?;
        let context = call.context_of(principal, Some(invitation.tenant_id));
        let joined = self.join(&invitation, principal.user_id, &context, call).await;
        self.settle_link(token, joined).await
    }

    /// The user who is invited, if the person is one, and the e-mail.
    pub async fn invited_user(
        &self,
        token: &SecretString,
        call: &Call,
    ) -> Result<Option<(UserId, String)>, AccountError> {
        let invitation = self.invitation(token, call).await?;
        let invited = self.opened(&invitation.email).await?.ok_or(AccountError::LinkRefused)?;
        Ok(self.user_by_email(&invited).await?.map(|(user_id, _)| (user_id, invited)))
    }

    /// Accepts an invitation as a user who knows the password, and logs the user in. Who belongs to no tenant cannot log in
    /// first.
    pub async fn accept_with_password(
        &self,
        user_id: UserId,
        token: &SecretString,
        person: &NewPerson,
        call: &Call,
    ) -> Result<SignedIn, AccountError> {
        let invitation = self.invitation(token, call).await?;
        let user = self.user(user_id).await?;
        let password_id = user.active().and_then(|person| person.password_id);
        let checked = self.check_password(password_id, &person.password, call.at).await?;
        let (Some(password_id), Some(must_change)) = (password_id, checked) else {
            return Err(AccountError::LoginRefused);
        };
        if self.invited_user(token, call).await?.is_none_or(|(invited, _)| invited != user_id) {
            return Err(AccountError::LinkRefused);
        }
        self.use_link(token, call.at).await?;
        let context = call.context(Some(invitation.tenant_id), Actor::User(user_id));
        let joined = self.join(&invitation, user_id, &context, call).await;
        self.settle_link(token, joined).await?;
        let owner = (user_id, invitation.tenant_id);
        self.begin_session(owner, (password_id, must_change), person.device.as_deref(), call.at).await
    }

    async fn join(
        &self,
        invitation: &Invitation,
        user_id: UserId,
        context: &CommandContext,
        call: &Call,
    ) -> Result<(), AccountError> {
        let authority = self.authority_of(invitation.by, invitation.tenant_id).await?;
        let asked = call.asked(invitation.tenant_id, Actor::User(user_id));
        let join = Join { user_id, new: None, role: invitation.role, authority, asked };
        self.platform().store.execute(&join, context).await?;
        self.changed(Changed::Tenant(invitation.tenant_id)).await;
        Ok(())
    }

    /// Accepts an invitation as a new user, and logs the user in.
    pub async fn accept_as_new(
        &self,
        token: &SecretString,
        person: NewPerson,
        call: &Call,
    ) -> Result<SignedIn, AccountError> {
        let invitation = self.invitation(token, call).await?;
        let invited = self.opened(&invitation.email).await?.ok_or(AccountError::LinkRefused)?;
        self.use_link(token, call.at).await?;
        let joined = self.join_as_new(&invitation, &invited, &person, call).await;
        let (user_id, password_id) = self.settle_link(token, joined).await?;
        let owner = (user_id, invitation.tenant_id);
        self.begin_session(owner, (password_id, false), person.device.as_deref(), call.at).await
    }

    async fn join_as_new(
        &self,
        invitation: &Invitation,
        invited: &str,
        person: &NewPerson,
        call: &Call,
    ) -> Result<(UserId, Uuid), AccountError> {
        let authority = self.authority_of(invitation.by, invitation.tenant_id).await?;
        let new = Unregistered {
            email: invited,
            name: person.name.as_deref(),
            password: &person.password,
            subject: Some(invitation.email.subject),
        };
        let stored = self.store_new(new, Terms::default(), call.at).await;
        let new = stored.map_err(|error| match error {
            AccountError::EmailTaken => AccountError::LoginToAccept,
            error => error,
        })?;
        let asked = call.asked(invitation.tenant_id, Actor::User(new.user_id));
        let join =
            Join { user_id: new.user_id, new: Some(new.clone()), role: invitation.role, authority, asked };
        let context = call.context(Some(invitation.tenant_id), asked.by);
        let joined = self.platform().store.execute(&join, &context).await;
        self.settle_new(&new, joined.map(|_| ())).await?;
        self.changed(Changed::Tenant(invitation.tenant_id)).await;
        Ok((new.user_id, new.password_id))
    }

    async fn invitation(&self, token: &SecretString, call: &Call) -> Result<Invitation, AccountError> {
        let link = self.find_link(token, "invite", call.at).await?;
        let StoredLink { tenant_id: Some(tenant_id), role: Some(role), created_by: Some(by), .. } = &link
        else {
            return Err(AccountError::LinkRefused);
        };
        let (Some(subject), Some(sealed)) = (link.subject, link.email.clone()) else {
            return Err(AccountError::LinkRefused);
        };
        let role: Result<Role, ValueError> = Role::deserialize(role.as_str().into_deserializer());
        Ok(Invitation {
            tenant_id: (*tenant_id).into(),
            role: role.map_err(|_| AccountError::LinkRefused)?,
            email: Sealed { subject, sealed: sealed.into(), hash: None },
            by: (*by).into(),
        })
    }

    /// By what right a user manages the members of a tenant now: an invitation is worth as much as its author is.
    async fn authority_of(&self, user_id: UserId, tenant_id: TenantId) -> Result<Authority, AccountError> {
        if self.user(user_id).await?.active().is_none() {
            return Err(AccountError::LinkRefused);
        }
        let tenant = self.tenant(tenant_id).await?;
        if tenant.is_suspended() {
            return Err(AccountError::TenantSuspended);
        }
        Ok(authority(user_id, self.is_platform_admin(user_id).await?, (tenant_id, &tenant)))
    }
}
