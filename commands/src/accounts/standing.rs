//! Authentication: a token's session, and what the user and the tenant say about it.

use std::sync::Arc;

use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use parking_domain::tenant::{Authority, Role, SLUG_SCOPE, Tenant};
use parking_domain::user::User;

use super::Accounts;
use super::error::{AccountError, TokenRefusal};
use super::principal::{Principal, TenantFacts, authority};
use super::sessions::Session;
use super::tokens;
use crate::store::LoadError;

impl Accounts {
    /// The principal of an access token. With a slug, for that tenant: if the user is its member, or if the session is a
    /// platform admin's. Whoever was locked out, or whose session has ended, is refused within two seconds.
    pub async fn authenticate(
        &self,
        token: &str,
        slug: Option<&str>,
        at: Instant,
    ) -> Result<Arc<Principal>, AccountError> {
        let (shared, claims) = (&*self.0, self.claims(token, at).await?);
        if let Some(principal) = shared.cache.get(claims.sid, slug, at) {
            return Ok(principal);
        }
        let changes = shared.cache.changes();
        let session = self.session(claims.sid).await?.ok_or(TokenRefusal::SessionEnded)?;
        if session.user_id != claims.sub.uuid() {
            return Err(TokenRefusal::Invalid.into());
        }
        session.check(at)?;
        let principal = Arc::new(self.stand(&session, slug).await?);
        shared.cache.put(slug, principal.clone(), session.tenant_id.into(), at, changes);
        Ok(principal)
    }

    /// What a token of the platform says.
    pub(super) async fn claims(&self, token: &str, at: Instant) -> Result<tokens::Claims, AccountError> {
        let shared = &*self.0;
        let key = shared.keys.find(&shared.pool, &tokens::key_id(token)?, at).await??;
        Ok(tokens::verify(&shared.settings, &key, token, at)?)
    }

    /// The principal of a session that has not ended.
    pub(super) async fn stand(
        &self,
        session: &Session,
        slug: Option<&str>,
    ) -> Result<Principal, AccountError> {
        let user_id = UserId::from(session.user_id);
        let user = self.user(user_id).await?;
        let person = user.person().ok_or(TokenRefusal::SessionEnded)?;
        if person.disabled {
            return Err(TokenRefusal::UserDisabled.into());
        }
        if person.password_id != Some(session.password_id) {
            return Err(TokenRefusal::SessionEnded.into());
        }
        let home_id = TenantId::from(session.tenant_id);
        let home = self.tenant(home_id).await?;
        let role = member_of(&home, user_id)?;
        let tenant = TenantFacts::of(home_id, &home).ok_or(TokenRefusal::NotMember)?;
        let principal = Principal {
            session_id: session.session_id,
            user_id,
            tenant,
            role,
            is_platform_admin: home.is_platform_admin(user_id),
            acting_for: false,
            must_change_password: session.must_change,
        };
        match slug {
            Some(slug) if slug != principal.tenant.slug => self.elsewhere(principal, slug).await,
            _ => Ok(principal),
        }
    }

    /// The principal for another tenant than the session's. A tenant that the caller may not know is as one that does not
    /// exist.
    async fn elsewhere(&self, principal: Principal, slug: &str) -> Result<Principal, AccountError> {
        let tenant_id = self.tenant_by_slug(slug).await?.ok_or(TokenRefusal::NotMember)?;
        let tenant = self.tenant(tenant_id).await?;
        let facts = TenantFacts::of(tenant_id, &tenant).ok_or(TokenRefusal::NotMember)?;
        let user_id = principal.user_id;
        let authority = authority(user_id, principal.is_platform_admin, (tenant_id, &tenant));
        if authority == Authority::Platform {
            return Ok(Principal { tenant: facts, role: Role::Owner, acting_for: true, ..principal });
        }
        let role = match tenant.role_of(user_id) {
            // Also for a suspended tenant.
            Some(role) if principal.is_platform_admin => role,
            _ => member_of(&tenant, user_id)?,
        };
        let is_platform_admin = principal.is_platform_admin || tenant.is_platform_admin(user_id);
        Ok(Principal { tenant: facts, role, is_platform_admin, ..principal })
    }

    /// Whether the user administers the platform now.
    pub(super) async fn is_platform_admin(&self, user_id: UserId) -> Result<bool, LoadError> {
        Ok(self.tenant(TenantId::PLATFORM).await?.is_platform_admin(user_id))
    }

    /// The tenant that holds a slug.
    pub(super) async fn tenant_by_slug(&self, slug: &str) -> Result<Option<TenantId>, LoadError> {
        let holder = self.platform().store.holder(SLUG_SCOPE, slug).await?;
        Ok(holder.and_then(|(_, tenant_id)| tenant_id.parse().ok()))
    }

    /// A tenant's state.
    pub(super) async fn tenant(&self, tenant_id: TenantId) -> Result<Tenant, LoadError> {
        Ok(self.platform().store.load::<Tenant>(&tenant_id.to_string()).await?.aggregate)
    }

    /// A user's state.
    pub(super) async fn user(&self, user_id: UserId) -> Result<User, LoadError> {
        Ok(self.platform().store.load::<User>(&user_id.to_string()).await?.aggregate)
    }
}

/// The role of an enabled member of a tenant that is not suspended.
fn member_of(tenant: &Tenant, user_id: UserId) -> Result<Role, TokenRefusal> {
    match tenant.role_of(user_id) {
        Some(_) if tenant.is_suspended() => Err(TokenRefusal::TenantSuspended),
        role => role.ok_or(TokenRefusal::NotMember),
    }
}
