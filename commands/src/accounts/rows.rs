//! The rows of users and passwords in `ops`: stored before their events, confirmed after them.

use parking_domain::id::UserId;
use parking_domain::instant::Instant;
use secrecy::SecretString;
use sqlx::FromRow;
use tracing::warn;
use uuid::Uuid;

use super::error::AccountError;
use super::{Accounts, generated};

/// A stored password.
#[derive(Clone, Debug, FromRow)]
pub(super) struct StoredPassword {
    pub(super) hash: String,
    pub(super) must_change: bool,
    pub(super) is_void: bool,
}

/// How a password may be used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Terms {
    /// Whether the user must choose another one first.
    pub(super) must_change: bool,
    /// When it stops working.
    pub(super) void_after: Option<Instant>,
}

impl Accounts {
    /// The user with this e-mail, and the subject of the user's personal data.
    pub(super) async fn user_by_email(&self, email: &str) -> Result<Option<(UserId, Uuid)>, sqlx::Error> {
        let key = self.platform().sealer.user_key(email);
        let found: Option<(Uuid, Uuid)> =
            sqlx::query_as("select user_id, subject from ops.users where email_key = $1")
                .bind(&key[..])
                .fetch_optional(&self.0.pool)
                .await?;
        Ok(found.map(|(user_id, subject)| (user_id.into(), subject)))
    }

    /// Reserves the e-mail for a new user. Without effect until the user's event; unless that follows, it is swept.
    pub(super) async fn store_user(
        &self,
        user_id: UserId,
        email: &str,
        subject: Uuid,
        at: Instant,
    ) -> Result<(), AccountError> {
        let key = self.platform().sealer.user_key(email);
        let stored = sqlx::query(
            "insert into ops.users (user_id, email_key, subject, created_at) values ($1, $2, $3, $4) \
             on conflict (email_key) do nothing",
        )
        .bind(user_id.uuid())
        .bind(&key[..])
        .bind(subject)
        .bind(at.utc())
        .execute(&self.0.pool)
        .await?;
        if stored.rows_affected() == 0 { Err(AccountError::EmailTaken) } else { Ok(()) }
    }

    /// Takes back what [`Self::store_user`] stored, when the user's event was refused.
    pub(super) async fn withdraw_user(&self, user_id: UserId) -> Result<(), sqlx::Error> {
        sqlx::query("delete from ops.users where user_id = $1 and not confirmed")
            .bind(user_id.uuid())
            .execute(&self.0.pool)
            .await?;
        Ok(())
    }

    /// Stores a password and returns its id. Without effect until the user's stream names it.
    pub(super) async fn store_password(
        &self,
        user_id: UserId,
        password: &SecretString,
        terms: Terms,
        at: Instant,
    ) -> Result<Uuid, AccountError> {
        let hash = self.0.hasher.hash(password, &*self.0.randomness).await?;
        let password_id = generated::id(&*self.0.randomness);
        sqlx::query(
            "insert into ops.passwords (password_id, user_id, hash, must_change, void_after, created_at) \
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(password_id)
        .bind(user_id.uuid())
        .bind(hash)
        .bind(terms.must_change)
        .bind(terms.void_after.map(Instant::utc))
        .bind(at.utc())
        .execute(&self.0.pool)
        .await?;
        Ok(password_id)
    }

    /// The stored password with this id.
    pub(super) async fn password(
        &self,
        password_id: Uuid,
        at: Instant,
    ) -> Result<Option<StoredPassword>, sqlx::Error> {
        let sql = "select hash, must_change, coalesce(void_after <= $2, false) as is_void from ops.passwords \
                    where password_id = $1";
        sqlx::query_as(sql).bind(password_id).bind(at.utc()).fetch_optional(&self.0.pool).await
    }

    /// After the events: the rows are no orphans, and the user's former passwords go. If it fails, the sweep does it; the
    /// command has succeeded.
    pub(super) async fn confirm(&self, user_id: UserId, password_id: Uuid) {
        let confirmed = sqlx::query(
            "with known as (update ops.users set confirmed = true where user_id = $1 and not confirmed), \
                  current as (update ops.passwords set confirmed = true where password_id = $2) \
             delete from ops.passwords where user_id = $1 and password_id <> $2 and confirmed",
        )
        .bind(user_id.uuid())
        .bind(password_id)
        .execute(&self.0.pool)
        .await;
        if let Err(error) = confirmed {
            warn!(%error, "the rows of a user are confirmed by the next sweep");
        }
    }
}
