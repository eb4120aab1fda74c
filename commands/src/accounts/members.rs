//! The members of a tenant: the list, and changes by whoever has the right.

use std::fmt;

use futures_util::{StreamExt, TryStreamExt, stream};
use parking_domain::aggregate::Decider;
use parking_domain::id::UserId;
use parking_domain::instant::Instant;
use parking_domain::tenant::{Member, MemberChange, Role, TenantCommand, TenantRefusal};
use secrecy::ExposeSecret;

use super::Accounts;
use super::acts::Leave;
use super::cache::Changed;
use super::call::Call;
use super::error::AccountError;
use super::principal::Principal;
use super::sessions::Because;

/// How many users are loaded at a time for a list.
const LOADED_AT_ONCE: usize = 50;

/// A member as an admin sees it. `Debug` prints no personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberProfile {
    /// The user.
    pub user_id: UserId,
    /// The e-mail; `None` once it is forgotten.
    pub email: Option<String>,
    /// The name, if there is one.
    pub name: Option<String>,
    /// The role in this tenant.
    pub role: Role,
    /// Whether the member is locked out of this tenant.
    pub is_disabled: bool,
    /// Whether the user is locked out of the platform.
    pub is_user_disabled: bool,
    /// When the user was registered.
    pub registered_at: Instant,
}

impl fmt::Debug for MemberProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberProfile").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl Accounts {
    /// The members of the principal's tenant, by e-mail.
    pub async fn members(&self, principal: &Principal) -> Result<Vec<MemberProfile>, AccountError> {
        let tenant = self.tenant(principal.tenant.tenant_id).await?;
        let mut profiles = self.profiles(tenant.members().collect()).await?;
        profiles.sort_by(|one, other| (&one.email, one.user_id).cmp(&(&other.email, other.user_id)));
        Ok(profiles)
    }

    /// One member of the principal's tenant.
    pub async fn member(
        &self,
        principal: &Principal,
        user_id: UserId,
    ) -> Result<MemberProfile, AccountError> {
        let tenant = self.tenant(principal.tenant.tenant_id).await?;
        let member = tenant.member(user_id).ok_or(TenantRefusal::UserNotMember)?;
        let profile = self.profiles(vec![(user_id, member)]).await?.pop();
        Ok(profile.ok_or(TenantRefusal::UserNotMember)?)
    }

    async fn profiles(&self, members: Vec<(UserId, Member)>) -> Result<Vec<MemberProfile>, AccountError> {
        let users = stream::iter(members).map(async |(user_id, member)| {
            let user = self.user(user_id).await?;
            Ok::<_, AccountError>((user_id, member, user))
        });
        let users: Vec<_> = users.buffered(LOADED_AT_ONCE).try_collect().await?;
        let people = || users.iter().filter_map(|(_, _, user)| user.person());
        let sealed: Vec<_> =
            people().flat_map(|person| std::iter::once(&person.email).chain(&person.name)).collect();
        let mut opened = self.platform().sealer.open(&sealed).await?.into_iter();
        let mut text = || opened.next().flatten().map(|text| text.expose_secret().to_owned());
        let mut profiles = Vec::new();
        for (user_id, member, user) in &users {
            let Some(person) = user.person() else { continue };
            let email = text();
            profiles.push(MemberProfile {
                user_id: *user_id,
                email,
                name: person.name.as_ref().and_then(|_| text()),
                role: member.role,
                is_disabled: member.disabled,
                is_user_disabled: person.disabled,
                registered_at: person.registered_at,
            });
        }
        Ok(profiles)
    }

    /// Changes a member of the principal's tenant. Whoever is locked out or removed loses the sessions for this tenant.
    pub async fn change_member(
        &self,
        principal: &Principal,
        user_id: UserId,
        change: MemberChange,
        call: &Call,
    ) -> Result<(), AccountError> {
        let (authority, tenant_id) = (principal.authority(), principal.tenant.tenant_id);
        let asked = call.asked(tenant_id, principal.actor());
        let context = call.context_of(principal, Some(tenant_id));
        let command = TenantCommand::ChangeMember { user_id, change, authority, asked };
        let ends = matches!(change, MemberChange::Disable | MemberChange::Remove);
        if ends {
            // Decided once before: what is refused must not end sessions.
            self.tenant(tenant_id).await?.decide(&command)?;
            self.end_sessions(user_id, Some(tenant_id), None, Because::MembershipEnded, call.at).await?;
        }
        if change == MemberChange::Remove {
            self.platform().store.execute(&Leave { user_id, authority, asked }, &context).await?;
        } else {
            self.platform().tenants.execute(&tenant_id.to_string(), &command, &context).await?;
        }
        self.changed(Changed::Tenant(tenant_id)).await;
        Ok(())
    }
}
