//! The platform's first administrator, and the way back in from the host.

use std::fmt;

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use parking_domain::tenant::{
    Authority, MemberChange, NewTenant, Role, Tenant, TenantCommand, TenantType, Tier,
};
use parking_domain::user::UserCommand;
use secrecy::SecretString;
use sqlx::{Postgres, Transaction};
use tracing::warn;

use super::acts::{Join, MakePlatform};
use super::cache::Changed;
use super::call::Call;
use super::error::AccountError;
use super::registration::Unregistered;
use super::rows::Terms;
use super::{Accounts, generated};

/// How long a generated password works where others than programs of this machine reach the server.
const GENERATED_LIFE: TimeDelta = TimeDelta::hours(24);

/// Who reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Programs of this machine only.
    Loopback,
    /// A network.
    Network,
}

/// The first administrator. `Debug` prints no personal data.
#[derive(Clone)]
pub struct FirstAdmin {
    /// The e-mail.
    pub email: String,
    /// The password; without it one is generated.
    pub password: Option<SecretString>,
    /// Who reaches the server.
    pub reach: Reach,
}

impl fmt::Debug for FirstAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstAdmin").field("reach", &self.reach).finish_non_exhaustive()
    }
}

/// What became of the first administrator.
#[derive(Clone, Debug)]
pub enum Bootstrapped {
    /// The platform has its tenant: nothing was done.
    Before,
    /// Made now.
    Made {
        /// The user.
        user_id: UserId,
        /// The generated password, to be shown once.
        generated: Option<NewPassword>,
    },
}

/// A generated password, which the user must change at the first login.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// The password.
    pub password: SecretString,
    /// When it stops working.
    pub void_after: Option<Instant>,
}

impl Accounts {
    /// True once the platform has its tenant, and with it the first administrator.
    pub async fn is_bootstrapped(&self) -> Result<bool, AccountError> {
        Ok(self.platform().store.version::<Tenant>(&TenantId::PLATFORM.to_string()).await? > 0)
    }

    /// Gives generated passwords that nobody has changed an end. To be called where a network reaches the server: a first start
    /// on loopback gave them none.
    pub async fn limit_generated(&self) -> Result<(), AccountError> {
        let sql =
            "update ops.passwords set void_after = created_at + $1 where must_change and void_after is null";
        sqlx::query(sql).bind(GENERATED_LIFE).execute(&self.0.pool).await?;
        Ok(())
    }

    /// Makes the platform's tenant and its owner, once: of several processes that start together one does.
    pub async fn bootstrap(&self, admin: FirstAdmin, call: &Call) -> Result<Bootstrapped, AccountError> {
        let lock = self.lock_bootstrap().await?;
        let made = self.bootstrap_locked(admin, call).await;
        // It only orders the processes: what is in the log stays, whatever becomes of the lock.
        drop(lock);
        made
    }

    async fn bootstrap_locked(&self, admin: FirstAdmin, call: &Call) -> Result<Bootstrapped, AccountError> {
        let platform = TenantId::PLATFORM.to_string();
        if self.platform().store.version::<Tenant>(&platform).await? > 0 {
            return Ok(Bootstrapped::Before);
        }
        let (password, generated) = if let Some(password) = admin.password {
            (password, None)
        } else {
            let generated = self.generate(admin.reach, call.at);
            (generated.password.clone(), Some(generated))
        };
        self.withdraw_unfinished(&admin.email).await?;
        let person = Unregistered { email: &admin.email, name: None, password: &password, subject: None };
        let terms = generated.as_ref().map(NewPassword::terms).unwrap_or_default();
        let owner = self.store_new(person, terms, call.at).await?;
        let tenant = NewTenant {
            name: "Platform".to_owned(),
            slug: "platform".to_owned(),
            tenant_type: TenantType::Platform,
            tier: Tier::Enterprise,
            ..NewTenant::default()
        };
        let asked = call.asked(TenantId::PLATFORM, Actor::System);
        let user_id = owner.user_id;
        let command = MakePlatform { tenant, owner: owner.clone(), asked };
        let context = call.context(Some(TenantId::PLATFORM), asked.by);
        let made = self.platform().store.execute(&command, &context).await;
        let was_first = made.as_ref().is_ok_and(|done| !done.events.is_empty());
        if made.is_ok() && !was_first {
            self.withdraw_user(user_id).await?;
            return Ok(Bootstrapped::Before);
        }
        self.settle_new(&owner, made.map(|_| ())).await?;
        self.own_installation(user_id, call).await;
        Ok(Bootstrapped::Made { user_id, generated })
    }

    /// Makes the first administrator the owner of the tenant that the installation starts with, if that has no members. Without
    /// it a platform admin still acts for the tenant.
    async fn own_installation(&self, user_id: UserId, call: &Call) {
        let tenant_id = TenantId::DEFAULT;
        let own = async {
            let tenant = self.tenant(tenant_id).await?;
            if tenant.definition().is_none() || tenant.members().next().is_some() {
                return Ok(());
            }
            let asked = call.asked(tenant_id, Actor::System);
            let join = Join { user_id, new: None, role: Role::Owner, authority: Authority::Platform, asked };
            let context = call.context(Some(tenant_id), asked.by);
            self.platform().store.execute(&join, &context).await.map(|_| ())
        };
        if let Err(error) = own.await {
            warn!(%error, "the first administrator does not own the default tenant, and has to name it with each request");
        }
    }

    /// For the host: a generated password for a user, who is enabled again. Without an e-mail, for an owner of the platform,
    /// whose membership is enabled again too. All sessions of the user end.
    pub async fn reset_on_host(
        &self,
        email: Option<&str>,
        reach: Reach,
        call: &Call,
    ) -> Result<NewPassword, AccountError> {
        let platform = self.tenant(TenantId::PLATFORM).await?;
        let user_id = if let Some(email) = email {
            self.user_by_email(email).await?.ok_or(AccountError::UserNotFound)?.0
        } else {
            let owners = platform.members().filter(|(_, member)| member.role == Role::Owner);
            let first = owners.min_by_key(|(user_id, member)| (member.disabled, *user_id));
            first.ok_or(AccountError::NotBootstrapped)?.0
        };
        let context = call.context(None, Actor::System);
        let asked = call.asked(TenantId::PLATFORM, Actor::System);
        let enable = UserCommand::EnableUser { asked };
        self.platform().users.execute(&user_id.to_string(), &enable, &context).await?;
        if platform.member(user_id).is_some_and(|member| member.disabled) {
            let change = MemberChange::Enable;
            let authority = Authority::Platform;
            let enable = TenantCommand::ChangeMember { user_id, change, authority, asked };
            let context = call.context(Some(TenantId::PLATFORM), Actor::System);
            self.platform().tenants.execute(&TenantId::PLATFORM.to_string(), &enable, &context).await?;
            self.changed(Changed::Tenant(TenantId::PLATFORM)).await;
        }
        let new = self.generate(reach, call.at);
        let former = self.user(user_id).await?.person().and_then(|person| person.password_id);
        self.set_password((user_id, former), &new.password, new.terms(), None, Actor::System, call).await?;
        Ok(new)
    }

    fn generate(&self, reach: Reach, at: Instant) -> NewPassword {
        let void_after = (reach == Reach::Network).then(|| at + GENERATED_LIFE);
        NewPassword { password: generated::password(&*self.0.randomness), void_after }
    }

    /// Held until the first administrator is in the log.
    async fn lock_bootstrap(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let mut transaction = self.0.pool.begin().await?;
        sqlx::query("select singleton from ops.bootstrap for update").execute(&mut *transaction).await?;
        Ok(transaction)
    }

    /// Removes the row of a user with this e-mail whom the log does not have: a process died while it made the first
    /// administrator.
    async fn withdraw_unfinished(&self, email: &str) -> Result<(), AccountError> {
        if let Some((user_id, _)) = self.user_by_email(email).await?
            && self.user(user_id).await?.person().is_none()
        {
            self.withdraw_user(user_id).await?;
        }
        Ok(())
    }
}

impl NewPassword {
    fn terms(&self) -> Terms {
        Terms { must_change: true, void_after: self.void_after }
    }
}
