//! The sweep: what is over, and what was stored for events that never came.

use chrono::TimeDelta;
use parking_domain::instant::Instant;
use parking_domain::user::User;
use sqlx::PgPool;
use uuid::Uuid;

use super::Accounts;
use super::error::AccountError;

/// How long an append can take at most, generously: only older rows without an event are orphans.
const SETTLED: TimeDelta = TimeDelta::hours(1);

/// How long sessions and links are kept after their end.
const KEPT: TimeDelta = TimeDelta::days(1);

/// How many orphans one sweep looks at.
const LOOKED_AT: i64 = 1000;

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Sessions, with their refresh tokens.
    pub sessions: u64,
    /// One-time links.
    pub links: u64,
    /// Users without an event, and passwords that are no user's.
    pub orphans: u64,
    /// Signing keys of which no valid token is left.
    pub keys: u64,
    /// Keys of persons who were invited and did not come.
    pub persons: u64,
}

impl Accounts {
    /// Removes what is over and what has no event. It may run at any time, in several processes.
    pub async fn sweep(&self, at: Instant) -> Result<Swept, AccountError> {
        let pool = &self.0.pool;
        let before = at - KEPT;
        let sessions =
            delete(pool, "delete from ops.sessions where expires_at < $1 or revoked_at < $1", before);
        let sessions = sessions.await?;
        let persons = self.forget_uninvited(before).await?;
        // An invitation of somebody whose key is left for the next sweep stays: it names the key.
        let links = delete(
            pool,
            "delete from ops.links where (expires_at < $1 or used_at < $1) \
                and (subject is null or exists (select from ops.users u where u.subject = links.subject))",
            before,
        );
        let links = links.await?;
        // The key that signed before the newest one is needed for the life of a token after the newest was made.
        let keys = delete(
            pool,
            "delete from ops.signing_keys k using ops.signing_keys newer \
              where newer.created_at > k.created_at and newer.created_at < $1",
            at - self.0.settings.access_life * 2,
        );
        let keys = keys.await?;
        self.0.keys.reread(pool, at).await?;
        let orphans = self.sweep_users(at - SETTLED).await? + self.sweep_passwords(at - SETTLED).await?;
        Ok(Swept { sessions, links, orphans, keys, persons })
    }

    /// Makes a new key for access tokens. Tokens signed before stay valid until they expire.
    pub async fn rotate_signing_key(&self, at: Instant) -> Result<(), AccountError> {
        Ok(self.0.keys.rotate(&self.0.pool, &*self.0.randomness, at).await?)
    }

    /// Deletes the keys of persons whose invitations are over and who are no users, and with them their links. A user who was
    /// invited before the registration has accepted with another key.
    async fn forget_uninvited(&self, before: Instant) -> Result<u64, AccountError> {
        let subjects: Vec<Uuid> = sqlx::query_scalar(
            "select distinct l.subject from ops.links l \
              where l.purpose = 'invite' and (l.expires_at < $1 or l.used_at < $1) \
                and not exists (select from ops.users u where u.subject = l.subject) \
                and not exists (select from ops.links o where o.subject = l.subject and o.expires_at >= $1 \
                                   and (o.used_at is null or o.used_at >= $1)) \
              limit $2",
        )
        .bind(before.utc())
        .bind(LOOKED_AT)
        .fetch_all(&self.0.pool)
        .await?;
        for subject in &subjects {
            self.platform().sealer.forget(*subject).await?;
        }
        Ok(subjects.len() as u64)
    }

    async fn sweep_users(&self, before: Instant) -> Result<u64, AccountError> {
        let rows: Vec<Uuid> = sqlx::query_scalar(
            "select user_id from ops.users where not confirmed and created_at < $1 order by created_at limit $2",
        )
        .bind(before.utc())
        .bind(LOOKED_AT)
        .fetch_all(&self.0.pool)
        .await?;
        let mut removed = 0;
        for user_id in rows {
            if self.platform().store.version::<User>(&user_id.to_string()).await? == 0 {
                self.withdraw_user(user_id.into()).await?;
                removed += 1;
            } else {
                sqlx::query("update ops.users set confirmed = true where user_id = $1")
                    .bind(user_id)
                    .execute(&self.0.pool)
                    .await?;
            }
        }
        Ok(removed)
    }

    async fn sweep_passwords(&self, before: Instant) -> Result<u64, AccountError> {
        let users: Vec<Uuid> = sqlx::query_scalar(
            "select user_id from ops.passwords where created_at < $1 \
              group by user_id having count(*) > 1 or not bool_and(confirmed) limit $2",
        )
        .bind(before.utc())
        .bind(LOOKED_AT)
        .fetch_all(&self.0.pool)
        .await?;
        let mut removed = 0;
        for user_id in users {
            let current = self.user(user_id.into()).await?.person().and_then(|person| person.password_id);
            // Newer ones may be of an event that follows.
            let deleted = sqlx::query(
                "with current as (update ops.passwords set confirmed = true where password_id = $2) \
                 delete from ops.passwords \
                  where user_id = $1 and password_id is distinct from $2 and created_at < $3",
            )
            .bind(user_id)
            .bind(current)
            .bind(before.utc())
            .execute(&self.0.pool)
            .await?;
            removed += deleted.rows_affected();
        }
        Ok(removed)
    }
}

async fn delete(pool: &PgPool, sql: &str, before: Instant) -> Result<u64, sqlx::Error> {
    Ok(sqlx::query(sql).bind(before.utc()).execute(pool).await?.rows_affected())
}
