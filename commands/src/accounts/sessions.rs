//! Sessions and their refresh tokens: opening, rotation, and ends.

mod rotation;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use secrecy::SecretString;
use sqlx::{FromRow, PgConnection, Postgres, Transaction};
use tracing::warn;
use uuid::Uuid;

use super::cache::Changed;
use super::call::Call;
use super::error::{AccountError, TokenRefusal};
use super::principal::Principal;
use super::profile::Profile;
use super::{Accounts, generated, listening, tokens};

/// The tokens of a session.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token, for the `Authorization` header.
    pub access: SecretString,
    /// When it expires.
    pub access_expires_at: Instant,
    /// The refresh token, for one use.
    pub refresh: SecretString,
    /// When the session ends at the latest.
    pub session_expires_at: Instant,
}

/// The result of a registration, a login or a refresh.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The tokens.
    pub tokens: Tokens,
    /// The principal of the session.
    pub principal: Arc<Principal>,
    /// The user's own data.
    pub profile: Profile,
    /// The password that the session was opened with. It is for no answer to the user.
    pub password_id: Uuid,
}

/// A session as stored.
#[derive(Clone, Debug, FromRow)]
#[expect(clippy::struct_field_names, reason = "the columns of the table")]
pub(super) struct Session {
    pub(super) session_id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) tenant_id: Uuid,
    pub(super) password_id: Uuid,
    pub(super) must_change: bool,
    #[sqlx(try_from = "DateTime<Utc>")]
    pub(super) idle_until: Instant,
    #[sqlx(try_from = "DateTime<Utc>")]
    pub(super) expires_at: Instant,
    pub(super) is_revoked: bool,
}

/// The columns of [`Session`].
const COLUMNS: &str = "session_id, user_id, tenant_id, password_id, must_change, idle_until, expires_at, \
                       revoked_at is not null as is_revoked";

impl Session {
    /// Refuses a session that has ended.
    pub(super) fn check(&self, at: Instant) -> Result<(), TokenRefusal> {
        let is_over = self.is_revoked || self.expires_at <= at || self.idle_until <= at;
        if is_over { Err(TokenRefusal::SessionEnded) } else { Ok(()) }
    }
}

/// Why a session ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Because {
    LoggedOut,
    PasswordChanged,
    TokenReused,
    UserDisabled,
    MembershipEnded,
}

impl Because {
    const fn text(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::PasswordChanged => "password_changed",
            Self::TokenReused => "token_reused",
            Self::UserDisabled => "user_disabled",
            Self::MembershipEnded => "membership_ended",
        }
    }
}

/// Which sessions end.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// This one.
    One(Uuid),
    /// A user's: all, or those for one tenant, but for one.
    Of { user_id: UserId, tenant_id: Option<TenantId>, but_for: Option<Uuid> },
}

impl Accounts {
    /// Ends the session of an access token, whatever its user and its tenant may still do.
    pub async fn logout(&self, access: &str, call: &Call) -> Result<(), AccountError> {
        let claims = self.claims(access, call.at).await?;
        self.end_session(claims.sid, call).await
    }

    /// Ends the session of a refresh token, used or not: a browser may have nothing else any more.
    pub async fn logout_by_refresh(&self, refresh: &SecretString, call: &Call) -> Result<(), AccountError> {
        let session_id = self.session_of_refresh(refresh).await?;
        self.end_session(session_id.ok_or(TokenRefusal::Invalid)?, call).await
    }

    async fn end_session(&self, session_id: Uuid, call: &Call) -> Result<(), AccountError> {
        self.session(session_id).await?.ok_or(TokenRefusal::SessionEnded)?.check(call.at)?;
        let mut transaction = self.0.pool.begin().await?;
        revoke(&mut transaction, Ending::One(session_id), Because::LoggedOut, call.at).await?;
        Ok(self.commit(transaction, Changed::Session(session_id)).await?)
    }

    /// Begins a session of a user whose password was checked, and answers with its tokens.
    pub(super) async fn begin_session(
        &self,
        owner: (UserId, TenantId),
        credential: (Uuid, bool),
        device: Option<&str>,
        at: Instant,
    ) -> Result<SignedIn, AccountError> {
        let (session, refresh) = self.open(owner, credential, device, at).await?;
        // Once more from the streams: what changed since is refused here.
        let principal = Arc::new(self.stand(&session, None).await?);
        self.signed_in(&session, refresh, principal, at).await
    }

    /// Stores a session, and returns it with its first refresh token.
    async fn open(
        &self,
        (user_id, tenant_id): (UserId, TenantId),
        (password_id, must_change): (Uuid, bool),
        device: Option<&str>,
        at: Instant,
    ) -> Result<(Session, SecretString), AccountError> {
        let token = generated::token(&*self.0.randomness);
        let settings = &self.0.settings;
        let sql = format!(
            "with opened as (insert into ops.sessions (session_id, user_id, tenant_id, password_id, must_change, device, \
                                                       created_at, last_used_at, idle_until, expires_at) \
                             values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9) returning *), \
                  first as (insert into ops.refresh_tokens (token_hash, session_id, created_at) \
                            select $10, session_id, $7 from opened) \
             select {COLUMNS} from opened"
        );
        let device: Option<String> =
            device.map(|device| device.replace('\0', " ").chars().take(255).collect());
        let session = sqlx::query_as(&sql)
            .bind(generated::id(&*self.0.randomness))
            .bind(user_id.uuid())
            .bind(tenant_id.uuid())
            .bind(password_id)
            .bind(must_change)
            .bind(device)
            .bind(at.utc())
            .bind((at + settings.idle_life).utc())
            .bind((at + settings.session_life).utc())
            .bind(&generated::secret_hash(&token)[..])
            .fetch_one(&self.0.pool)
            .await?;
        Ok((session, token))
    }

    /// The stored session.
    pub(super) async fn session(&self, session_id: Uuid) -> Result<Option<Session>, sqlx::Error> {
        let sql = format!("select {COLUMNS} from ops.sessions where session_id = $1");
        sqlx::query_as(&sql).bind(session_id).fetch_optional(&self.0.pool).await
    }

    /// Ends a user's sessions: all, or those for one tenant, but for one.
    pub(super) async fn end_sessions(
        &self,
        user_id: UserId,
        tenant_id: Option<TenantId>,
        but_for: Option<Uuid>,
        because: Because,
        at: Instant,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = self.0.pool.begin().await?;
        revoke(&mut transaction, Ending::Of { user_id, tenant_id, but_for }, because, at).await?;
        self.commit(transaction, Changed::User(user_id)).await
    }

    /// Commits a change to sessions, and lets all processes forget what they read before.
    pub(super) async fn commit(
        &self,
        mut transaction: Transaction<'_, Postgres>,
        changed: Changed,
    ) -> Result<(), sqlx::Error> {
        listening::announce(&mut *transaction, changed).await?;
        transaction.commit().await?;
        self.0.cache.forget(changed);
        Ok(())
    }

    /// Tells all processes that a user or a tenant changed. Called after the event; what was read before is forgotten.
    pub(super) async fn changed(&self, changed: Changed) {
        self.0.cache.forget(changed);
        // Without the notice it takes effect after two seconds; the command has succeeded.
        if let Err(error) = listening::announce(&self.0.pool, changed).await {
            warn!(%error, "other processes learn of a changed account two seconds late");
        }
    }

    /// Tells all processes that a tenant was suspended, activated or changed by a command that was not executed here.
    pub async fn tenant_changed(&self, tenant_id: TenantId) {
        self.changed(Changed::Tenant(tenant_id)).await;
    }

    /// The answer to a login or a refresh.
    async fn signed_in(
        &self,
        session: &Session,
        refresh: SecretString,
        principal: Arc<Principal>,
        at: Instant,
    ) -> Result<SignedIn, AccountError> {
        let settings = &self.0.settings;
        let key = self.0.keys.newest(&self.0.pool, at).await?;
        let key = key.ok_or_else(|| AccountError::Secret("there is no signing key".into()))?;
        let access_expires_at = tokens::end(at, settings.access_life, session.expires_at);
        let owner = (principal.user_id, session.session_id);
        let access = tokens::sign(settings, &key, owner, at, access_expires_at)?;
        let profile = self.profile(principal.user_id).await?;
        let tokens = Tokens { access, access_expires_at, refresh, session_expires_at: session.expires_at };
        Ok(SignedIn { tokens, principal, profile, password_id: session.password_id })
    }
}

/// Ends sessions that have not ended yet.
async fn revoke(
    connection: &mut PgConnection,
    which: Ending,
    because: Because,
    at: Instant,
) -> Result<(), sqlx::Error> {
    let (one, user_id, tenant_id, but_for) = match which {
        Ending::One(session_id) => (Some(session_id), None, None, None),
        Ending::Of { user_id, tenant_id, but_for } => (None, Some(user_id), tenant_id, but_for),
    };
    sqlx::query(
        "update ops.sessions set revoked_at = $1, revoked_because = $2 \
          where revoked_at is null and (session_id = $3 or user_id = $4) \
            and ($5::uuid is null or tenant_id = $5) and session_id is distinct from $6",
    )
    .bind(at.utc())
    .bind(because.text())
    .bind(one)
    .bind(user_id.map(UserId::uuid))
    .bind(tenant_id.map(TenantId::uuid))
    .bind(but_for)
    .execute(connection)
    .await?;
    Ok(())
}
