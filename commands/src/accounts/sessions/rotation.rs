//! Refresh: each refresh token is used once and exchanged for the next one; a second use ends the session.
//!
//! A client may lose the answer. So the predecessor of the unused token may be sent again once, within ten seconds, and
//! moves its family on by one more token: of two who hold tokens of one family, one always shows itself by a second use.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use parking_domain::instant::Instant;
use secrecy::SecretString;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{Because, COLUMNS, Ending, Session, SignedIn, revoke};
use crate::accounts::cache::Changed;
use crate::accounts::call::Call;
use crate::accounts::error::{AccountError, TokenRefusal};
use crate::accounts::{Accounts, generated};

/// How long the predecessor may be sent again.
const RETRY: TimeDelta = TimeDelta::seconds(10);

/// A used token.
#[derive(FromRow)]
struct Used {
    #[sqlx(try_from = "DateTime<Utc>")]
    at: Instant,
    successor: Vec<u8>,
    retried: bool,
    /// Whether its successor is the family's unused token.
    is_predecessor: bool,
}

/// What becomes of a refresh token.
enum Exchanged {
    Rotated,
    Reused,
}

impl Accounts {
    /// Exchanges a refresh token for new tokens of the same session.
    pub async fn refresh(&self, token: &SecretString, call: &Call) -> Result<SignedIn, AccountError> {
        let (presented, next) = (generated::secret_hash(token), generated::token(&*self.0.randomness));
        let session_id = self.session_of(&presented).await?.ok_or(TokenRefusal::Invalid)?;
        let session = self.session(session_id).await?.ok_or(TokenRefusal::Invalid)?;
        session.check(call.at)?;
        // Before the token is used up: a suspension may end.
        let principal = Arc::new(self.stand(&session, None).await?);
        let session = self.exchange(session_id, &presented, &generated::secret_hash(&next), call.at).await?;
        self.signed_in(&session, next, principal, call.at).await
    }

    /// The session of a refresh token, used or not, if there is one.
    pub async fn session_of_refresh(&self, token: &SecretString) -> Result<Option<Uuid>, AccountError> {
        Ok(self.session_of(&generated::secret_hash(token)).await?)
    }

    /// The session of a refresh token, used or not.
    pub(super) async fn session_of(&self, presented: &[u8]) -> Result<Option<Uuid>, sqlx::Error> {
        sqlx::query_scalar("select session_id from ops.refresh_tokens where token_hash = $1")
            .bind(presented)
            .fetch_optional(&self.0.pool)
            .await
    }

    /// Uses a token and stores the next one. Exchanges of one family wait for each other.
    async fn exchange(
        &self,
        session_id: Uuid,
        presented: &[u8],
        next: &[u8],
        at: Instant,
    ) -> Result<Session, AccountError> {
        let mut transaction = self.0.pool.begin().await?;
        let sql = format!("select {COLUMNS} from ops.sessions where session_id = $1 for update");
        let session: Option<Session> =
            sqlx::query_as(&sql).bind(session_id).fetch_optional(&mut *transaction).await?;
        let session = session.ok_or(TokenRefusal::Invalid)?;
        session.check(at)?;
        match use_up(&mut transaction, presented, next, at).await? {
            Exchanged::Rotated => {
                sqlx::query(
                    "insert into ops.refresh_tokens (token_hash, session_id, created_at) values ($1, $2, $3)",
                )
                .bind(next)
                .bind(session_id)
                .bind(at.utc())
                .execute(&mut *transaction)
                .await?;
                sqlx::query(
                    "update ops.sessions set last_used_at = $2, idle_until = $3 where session_id = $1",
                )
                .bind(session_id)
                .bind(at.utc())
                .bind((at + self.0.settings.idle_life).utc())
                .execute(&mut *transaction)
                .await?;
                transaction.commit().await?;
                Ok(session)
            }
            Exchanged::Reused => {
                revoke(&mut transaction, Ending::One(session_id), Because::TokenReused, at).await?;
                self.commit(transaction, Changed::Session(session_id)).await?;
                Err(TokenRefusal::SessionEnded.into())
            }
        }
    }
}

/// Marks the family's unused token as used: the presented one, or its successor if the presented one may be sent again.
async fn use_up(
    connection: &mut PgConnection,
    presented: &[u8],
    next: &[u8],
    at: Instant,
) -> Result<Exchanged, sqlx::Error> {
    if mark(connection, presented, next, at).await? {
        return Ok(Exchanged::Rotated);
    }
    let used: Used = sqlx::query_as(
        "select t.used_at as at, t.successor, t.retried, \
                exists (select from ops.refresh_tokens s where s.token_hash = t.successor and s.used_at is null) \
                    as is_predecessor \
           from ops.refresh_tokens t where t.token_hash = $1",
    )
    .bind(presented)
    .fetch_one(&mut *connection)
    .await?;
    let is_retry = used.is_predecessor && !used.retried && (at - used.at).abs() <= RETRY;
    if !is_retry || !mark(connection, &used.successor, next, at).await? {
        return Ok(Exchanged::Reused);
    }
    sqlx::query("update ops.refresh_tokens set retried = true where token_hash = $1")
        .bind(presented)
        .execute(connection)
        .await?;
    Ok(Exchanged::Rotated)
}

/// True if the token was unused.
async fn mark(
    connection: &mut PgConnection,
    token: &[u8],
    next: &[u8],
    at: Instant,
) -> Result<bool, sqlx::Error> {
    let marked: Option<Uuid> = sqlx::query_scalar(
        "update ops.refresh_tokens set used_at = $2, successor = $3 where token_hash = $1 and used_at is null \
         returning session_id",
    )
    .bind(token)
    .bind(at.utc())
    .bind(next)
    .fetch_optional(connection)
    .await?;
    Ok(marked.is_some())
}
