//! Login by e-mail and password, the switch to another tenant, and the change of the password.

use std::fmt;
use std::sync::Arc;

use parking_domain::actor::Actor;
use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use parking_domain::user::{Person, UserCommand};
use secrecy::{ExposeSecret, SecretString};
use tracing::warn;
use uuid::Uuid;

use super::cache::Changed;
use super::call::Call;
use super::error::AccountError;
use super::password_rules::{self, PasswordRefusal};
use super::principal::Principal;
use super::rows::Terms;
use super::sessions::{Because, SignedIn};
use super::{Accounts, generated};

/// What somebody logs in with. `Debug` prints no personal data.
#[derive(Clone)]
pub struct Login {
    /// The e-mail.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// The slug of the tenant; without it the platform's for its members, else the one that the user joined last.
    pub tenant_slug: Option<String>,
    /// The device that the session is for, in the client's words.
    pub device: Option<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("tenant_slug", &self.tenant_slug).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Opens a session. Whoever does not know the password learns nothing: for an unknown e-mail the same queries and the same
    /// hash are made.
    pub async fn login(&self, login: Login, call: &Call) -> Result<SignedIn, AccountError> {
        let found = self.user_by_email(&login.email).await?;
        let user_id = found.map_or_else(|| self.nobody().into(), |(user_id, _)| user_id);
        let person = self.user(user_id).await?.active().cloned();
        let password_id = person.as_ref().and_then(|person| person.password_id);
        let must_change = self.check_password(password_id, &login.password, call.at).await?;
        let (Some(person), Some(password_id), Some(must_change)) = (person, password_id, must_change) else {
            return Err(AccountError::LoginRefused);
        };
        let tenant_id = self.login_tenant(user_id, &person, login.tenant_slug.as_deref()).await?;
        let credential = (password_id, must_change);
        self.begin_session((user_id, tenant_id), credential, login.device.as_deref(), call.at).await
    }

    /// An id that nothing has.
    fn nobody(&self) -> Uuid {
        generated::id(&*self.0.randomness)
    }

    /// Whether the user must change the password, if it is the stored one and not void. Always one query and one hash.
    pub(super) async fn check_password(
        &self,
        password_id: Option<Uuid>,
        password: &SecretString,
        at: Instant,
    ) -> Result<Option<bool>, AccountError> {
        let stored = self.password(password_id.unwrap_or_else(|| self.nobody()), at).await?;
        let is_void = stored.as_ref().is_some_and(|stored| stored.is_void);
        let must_change = stored.as_ref().map(|stored| stored.must_change);
        let is_short = password.expose_secret().len() <= 4 * password_rules::LONGEST_PASSWORD;
        let matches =
            self.0.hasher.matches(password, stored.map(|stored| stored.hash).filter(|_| is_short)).await?;
        Ok(must_change.filter(|_| matches && !is_void))
    }

    /// The tenant of a new session: the named one, or the one joined last that is not suspended and in which the user is not
    /// locked out.
    async fn login_tenant(
        &self,
        user_id: UserId,
        person: &Person,
        slug: Option<&str>,
    ) -> Result<TenantId, AccountError> {
        let mut refusal = AccountError::NoTenant;
        let mut newest_first: Vec<_> = person.tenants.iter().rev().collect();
        // Who runs the platform belongs to other tenants only besides.
        newest_first.sort_by_key(|tenant_id| **tenant_id != TenantId::PLATFORM);
        for tenant_id in newest_first {
            let tenant = self.tenant(*tenant_id).await?;
            let is_meant = slug.is_none_or(|slug| tenant.slug() == Some(slug));
            if !is_meant || tenant.role_of(user_id).is_none() {
                continue;
            }
            if !tenant.is_suspended() {
                return Ok(*tenant_id);
            }
            refusal = AccountError::TenantSuspended;
        }
        Err(refusal)
    }

    /// The password that the user with this e-mail logs in with. Whoever could ask for any e-mail would learn from the time
    /// whether it is known.
    pub async fn password_of(&self, email: &str) -> Result<Option<Uuid>, AccountError> {
        let Some((user_id, _)) = self.user_by_email(email).await? else { return Ok(None) };
        Ok(self.user(user_id).await?.active().and_then(|person| person.password_id))
    }

    /// Makes another of the user's tenants the tenant of the session. Tokens stay as they are.
    pub async fn switch_tenant(
        &self,
        principal: &Principal,
        slug: &str,
        call: &Call,
    ) -> Result<Arc<Principal>, AccountError> {
        let user = self.user(principal.user_id).await?;
        let person = user.active().ok_or(AccountError::UserNotFound)?;
        let tenant_id = self.login_tenant(principal.user_id, person, Some(slug)).await?;
        let mut transaction = self.0.pool.begin().await?;
        sqlx::query("update ops.sessions set tenant_id = $2, last_used_at = $3 where session_id = $1")
            .bind(principal.session_id)
            .bind(tenant_id.uuid())
            .bind(call.at.utc())
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction, Changed::Session(principal.session_id)).await?;
        let session = self.session(principal.session_id).await?.ok_or(AccountError::UserNotFound)?;
        session.check(call.at)?;
        Ok(Arc::new(self.stand(&session, None).await?))
    }

    /// Replaces the password of a user who knows the current one. All other sessions of the user end.
    pub async fn change_password(
        &self,
        principal: &Principal,
        current: &SecretString,
        new: &SecretString,
        call: &Call,
    ) -> Result<(), AccountError> {
        let user_id = principal.user_id;
        let user = self.user(user_id).await?;
        let person = user.active().ok_or(AccountError::UserNotFound)?;
        let checked = self.check_password(person.password_id, current, call.at).await?;
        checked.ok_or(AccountError::WrongPassword)?;
        if current.expose_secret() == new.expose_secret() {
            return Err(PasswordRefusal::Unchanged.into());
        }
        let email = self.opened(&person.email).await?;
        password_rules::check(new.expose_secret(), email.as_deref())?;
        let owner = (user_id, person.password_id);
        let kept = Some(principal.session_id);
        self.set_password(owner, new, Terms::default(), kept, principal.actor(), call).await
    }

    /// Stores a password, ends the user's sessions but one, and makes the password the user's instead of the former one.
    pub(super) async fn set_password(
        &self,
        (user_id, former): (UserId, Option<Uuid>),
        password: &SecretString,
        terms: Terms,
        kept: Option<Uuid>,
        by: Actor,
        call: &Call,
    ) -> Result<(), AccountError> {
        let password_id = self.store_password(user_id, password, terms, call.at).await?;
        self.end_sessions(user_id, None, kept, Because::PasswordChanged, call.at).await?;
        let mut context = call.context(None, by);
        context.metadata.session_id = kept.map(|session_id| session_id.to_string());
        let asked = call.asked(TenantId::PLATFORM, by);
        let set = UserCommand::SetPassword { password_id, former, asked };
        // From this event on no session that was opened with the former password is accepted, stored or not.
        self.platform().users.execute(&user_id.to_string(), &set, &context).await?;
        if let Some(session_id) = kept {
            self.keep_session(session_id, former, password_id, terms).await;
        }
        self.confirm(user_id, password_id, former).await;
        self.changed(Changed::User(user_id)).await;
        Ok(())
    }

    /// Lets a session of the former password go on with the new one. If it fails, its user logs in again; the password is
    /// changed.
    async fn keep_session(&self, session_id: Uuid, former: Option<Uuid>, password_id: Uuid, terms: Terms) {
        let kept = sqlx::query(
            "update ops.sessions set password_id = $3, must_change = $4 where session_id = $1 and password_id = $2",
        )
        .bind(session_id)
        .bind(former)
        .bind(password_id)
        .bind(terms.must_change)
        .execute(&self.0.pool)
        .await;
        if let Err(error) = kept {
            warn!(%error, "a session ends although it changed the password itself");
        }
    }
}
