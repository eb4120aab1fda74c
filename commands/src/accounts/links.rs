//! One-time links: made for one purpose, used once, before they expire. No mail is sent; whoever makes a link passes it on.
//!
//! A new link withdraws the former ones for the same: it makes them expire.

use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use parking_domain::sealed::Sealed;
use parking_domain::tenant::Role;
use secrecy::SecretString;
use sqlx::FromRow;
use uuid::Uuid;

use super::error::AccountError;
use super::{Accounts, generated};

/// A one-time link: the secret that a page sends back.
#[derive(Clone, Debug)]
pub struct Link {
    /// The secret.
    pub token: SecretString,
    /// When it expires.
    pub expires_at: Instant,
}

/// The purpose of a link, with what it needs.
pub(super) enum Purpose {
    /// To reset a user's password.
    Reset {
        user_id: UserId,
        /// The password that is reset: with another one the link is over.
        password_id: Option<Uuid>,
        /// Who made it; `None` for the host.
        by: Option<UserId>,
    },
    /// To become a member of a tenant.
    Invite {
        tenant_id: TenantId,
        /// The key of tenant and e-mail.
        invitee: [u8; 16],
        role: Role,
        email: Sealed,
        by: UserId,
    },
}

/// A stored link.
#[derive(Clone, Debug, FromRow)]
pub(super) struct StoredLink {
    pub(super) user_id: Option<Uuid>,
    pub(super) password_id: Option<Uuid>,
    pub(super) tenant_id: Option<Uuid>,
    pub(super) role: Option<String>,
    pub(super) subject: Option<Uuid>,
    pub(super) email: Option<Vec<u8>>,
    pub(super) created_by: Option<Uuid>,
}

impl Accounts {
    /// Makes a link, and withdraws the former ones: also one that is just being used, if what it is for is refused.
    pub(super) async fn make_link(
        &self,
        purpose: Purpose,
        at: Instant,
        expires_at: Instant,
    ) -> Result<Link, AccountError> {
        let token = generated::token(&*self.0.randomness);
        let hash = generated::secret_hash(&token);
        let insert = match purpose {
            Purpose::Reset { user_id, password_id, by } => sqlx::query(
                "with former as (update ops.links set expires_at = $2 where user_id = $4 and expires_at > $2) \
                 insert into ops.links (link_hash, created_at, expires_at, purpose, user_id, password_id, created_by) \
                 values ($1, $2, $3, 'reset', $4, $5, $6)",
            )
            .bind(hash.to_vec())
            .bind(at.utc())
            .bind(expires_at.utc())
            .bind(user_id.uuid())
            .bind(password_id)
            .bind(by.map(UserId::uuid)),
            Purpose::Invite { tenant_id, invitee, role, email, by } => sqlx::query(
                "with former as (update ops.links set expires_at = $2 where invitee = $5 and expires_at > $2) \
                 insert into ops.links (link_hash, created_at, expires_at, purpose, tenant_id, invitee, role, subject, \
                                        email, created_by) \
                 values ($1, $2, $3, 'invite', $4, $5, $6, $7, $8, $9)",
            )
            .bind(hash.to_vec())
            .bind(at.utc())
            .bind(expires_at.utc())
            .bind(tenant_id.uuid())
            .bind(invitee.to_vec())
            .bind(role.to_string())
            .bind(email.subject)
            .bind(email.sealed.as_bytes().to_vec())
            .bind(by.uuid()),
        };
        insert.execute(&self.0.pool).await?;
        Ok(Link { token, expires_at })
    }

    /// A link that can still be used.
    pub(super) async fn find_link(
        &self,
        token: &SecretString,
        purpose: &str,
        at: Instant,
    ) -> Result<StoredLink, AccountError> {
        let found = sqlx::query_as(
            "select user_id, password_id, tenant_id, role, subject, email, created_by from ops.links \
              where link_hash = $1 and purpose = $2 and used_at is null and expires_at > $3",
        )
        .bind(&generated::secret_hash(token)[..])
        .bind(purpose)
        .bind(at.utc())
        .fetch_optional(&self.0.pool)
        .await?;
        found.ok_or(AccountError::LinkRefused)
    }

    /// Uses a link up, before what it is for is done: of two who use it at once, one is refused.
    pub(super) async fn use_link(&self, token: &SecretString, at: Instant) -> Result<(), AccountError> {
        let used = sqlx::query(
            "update ops.links set used_at = $2 where link_hash = $1 and used_at is null and expires_at > $2",
        )
        .bind(&generated::secret_hash(token)[..])
        .bind(at.utc())
        .execute(&self.0.pool)
        .await?;
        if used.rows_affected() == 1 { Ok(()) } else { Err(AccountError::LinkRefused) }
    }

    /// The result of what a link was for. If that was refused, the link can be used again.
    pub(super) async fn settle_link<T>(
        &self,
        token: &SecretString,
        done: Result<T, AccountError>,
    ) -> Result<T, AccountError> {
        if done.as_ref().is_err_and(|error| !error.is_unsettled()) {
            sqlx::query("update ops.links set used_at = null where link_hash = $1")
                .bind(&generated::secret_hash(token)[..])
                .execute(&self.0.pool)
                .await?;
        }
        done
    }
}
