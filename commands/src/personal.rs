//! Sealing of personal data before the domain sees it, and opening it for authorised readers.
//!
//! Every subject has a key of its own in `ops.subject_keys`. Personal data is encrypted with it using
//! XChaCha20-Poly1305, with the subject's id as associated data, so that a ciphertext cannot be used for another
//! subject. The key is stored before it is used: a command that fails leaves an unused key. Deleting the key erases the
//! subject's data; the log is unchanged.

mod command;
mod key;
mod keyed_hash;

use std::collections::HashMap;
use std::sync::Arc;

use parking_domain::id::TenantId;
use parking_domain::limits::{self, LimitExceeded};
use parking_domain::sealed::{KeyedHash, Sealed};
use secrecy::SecretString;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::append::RequestKey;
use crate::randomness::Randomness;
use key::SubjectKey;
use keyed_hash::HashKey;

pub use command::SealedCommandError;

/// How often to look for a key that another process creates at the same moment.
const ATTEMPTS: usize = 3;

/// Why personal data could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum PersonalDataError {
    /// The keys could not be read or stored.
    #[error("the keys of personal data cannot be reached: {0}")]
    Unavailable(#[from] sqlx::Error),
    /// A stored key is invalid.
    #[error("the key of subject {0} is not 32 bytes long: restore ops.subject_keys from the backup")]
    BrokenKey(Uuid),
    /// A text is too long for its field.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The key was created and deleted concurrently, repeatedly.
    #[error("the key of subject {0} was deleted while it was created: try again")]
    DeletedMeanwhile(Uuid),
}

/// Seals personal data. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    pool: PgPool,
    randomness: Arc<dyn Randomness>,
    hash_key: HashKey,
}

impl Sealer {
    /// A sealer that stores its keys with `pool` (role writer). Creates the platform's hash key if it is missing.
    pub async fn load(pool: PgPool, randomness: Arc<dyn Randomness>) -> Result<Self, PersonalDataError> {
        let mut fresh = [0; 32];
        randomness.fill(&mut fresh);
        sqlx::query(
            "insert into ops.platform_keys (purpose, key) values ('keyed_hash', $1) on conflict do nothing",
        )
        .bind(&fresh[..])
        .execute(&pool)
        .await?;
        let stored: Vec<u8> =
            sqlx::query_scalar("select key from ops.platform_keys where purpose = 'keyed_hash'")
                .fetch_one(&pool)
                .await?;
        Ok(Self { pool, randomness, hash_key: HashKey::new(&stored) })
    }

    /// The keyed hash of an e-mail, the same for all its spellings.
    pub fn email_hash(&self, email: &str) -> KeyedHash {
        self.hash_key.email(email)
    }

    /// The key under which a user of the platform is found by e-mail. It differs from [`Self::email_hash`], which events of
    /// reservations contain.
    pub fn user_key(&self, email: &str) -> [u8; 16] {
        self.hash_key.user(email)
    }

    /// The key under which a tenant's invitations of an e-mail are found. No other tenant has the same for that e-mail.
    pub fn invitee_key(&self, tenant: TenantId, email: &str) -> [u8; 16] {
        self.hash_key.invitee(tenant, email)
    }

    /// A key for this purpose: the same in all processes of the installation, and after a restart.
    pub fn derived_key(&self, purpose: &str) -> [u8; 32] {
        self.hash_key.derived(purpose)
    }

    /// As [`open()`], for the platform itself.
    pub async fn open(&self, values: &[&Sealed]) -> Result<Vec<Option<SecretString>>, PersonalDataError> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        open(&mut *self.pool.acquire().await?, values).await
    }

    /// The subject of a tenant's guest with that e-mail; always the same, so that deleting one key erases all of the
    /// guest's data.
    pub fn guest(&self, tenant: TenantId, email: &str) -> Uuid {
        self.hash_key.guest(tenant, email)
    }

    /// The key of a request with the fingerprint of its content.
    pub fn request_key(&self, tenant_id: TenantId, key: String, content: &[u8]) -> RequestKey {
        RequestKey { tenant_id: tenant_id.uuid(), key, fingerprint: self.fingerprint(content) }
    }

    /// A fingerprint of a request's content for comparison. It does not reveal personal data.
    pub fn fingerprint(&self, content: &[u8]) -> Uuid {
        self.hash_key.request(content)
    }

    /// The subject to seal for. Creates the key if there is none; a guest's key belongs to the tenant.
    pub async fn person(
        &self,
        tenant: Option<TenantId>,
        subject: Uuid,
    ) -> Result<Person<'_>, PersonalDataError> {
        for _ in 0..ATTEMPTS {
            if let Some(key) = self.key(tenant, subject).await? {
                let key = SubjectKey::new(&key).ok_or(PersonalDataError::BrokenKey(subject))?;
                return Ok(Person { sealer: self, subject, key });
            }
        }
        Err(PersonalDataError::DeletedMeanwhile(subject))
    }

    /// The subject's key, created if there is none; `None` if another process created it after this statement began.
    async fn key(&self, tenant: Option<TenantId>, subject: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
        let mut fresh = [0; 32];
        self.randomness.fill(&mut fresh);
        sqlx::query_scalar(
            "with made as (insert into ops.subject_keys (subject, tenant_id, key) values ($1, $2, $3)
                           on conflict do nothing returning key)
             select key from made union all select key from ops.subject_keys where subject = $1 limit 1",
        )
        .bind(subject)
        .bind(tenant.map(TenantId::uuid))
        .bind(&fresh[..])
        .fetch_optional(&self.pool)
        .await
    }

    /// Erases a subject: nothing that was sealed for it can be opened any more. True if there was a key.
    pub async fn forget(&self, subject: Uuid) -> Result<bool, PersonalDataError> {
        let deleted = sqlx::query("delete from ops.subject_keys where subject = $1")
            .bind(subject)
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }
}

/// A sealed field with its maximum length, which cannot be checked after sealing.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    name: &'static str,
    most: usize,
    check: fn(&'static str, &str, usize) -> Result<(), LimitExceeded>,
}

impl Field {
    /// An e-mail.
    pub const EMAIL: Self = Self { name: "user_email", most: limits::EMAIL, check: limits::line };
    /// A name.
    pub const NAME: Self = Self { name: "user_name", most: limits::LABEL, check: limits::line };
    /// A phone.
    pub const PHONE: Self = Self { name: "user_phone", most: limits::PHONE, check: limits::line };
    /// Free text.
    pub const NOTES: Self = Self { name: "notes", most: limits::NOTES, check: limits::text };
    /// The reason to lock a user out.
    pub const DISABLE_REASON: Self = Self { name: "reason", most: limits::REASON, check: limits::text };
    /// The reason of a cancellation.
    pub const CANCELLATION_REASON: Self =
        Self { name: "cancellation_reason", most: limits::REASON, check: limits::text };
}

/// A subject whose data can be sealed.
pub struct Person<'a> {
    sealer: &'a Sealer,
    subject: Uuid,
    key: SubjectKey,
}

impl Person<'_> {
    /// Seals a text that is never compared; refuses one that is too long for its field.
    pub fn seal(&self, field: Field, text: &str) -> Result<Sealed, LimitExceeded> {
        (field.check)(field.name, text, field.most)?;
        let mut nonce = [0; key::NONCE_BYTES];
        self.sealer.randomness.fill(&mut nonce);
        let sealed = self.key.seal(self.subject, nonce, text).into();
        Ok(Sealed { subject: self.subject, sealed, hash: None })
    }

    /// Seals an e-mail with its keyed hash for comparison.
    pub fn seal_email(&self, email: &str) -> Result<Sealed, LimitExceeded> {
        let sealed = self.seal(Field::EMAIL, email)?;
        Ok(Sealed { hash: Some(self.sealer.email_hash(email)), ..sealed })
    }
}

/// The texts of sealed values, in order; `None` if the key is deleted or belongs to a subject that the connection may
/// not see. One query for all.
pub async fn open(
    connection: &mut PgConnection,
    values: &[&Sealed],
) -> Result<Vec<Option<SecretString>>, PersonalDataError> {
    let mut subjects: Vec<Uuid> = values.iter().map(|sealed| sealed.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<(Uuid, Vec<u8>)> =
        sqlx::query_as("select subject, key from ops.subject_keys where subject = any($1)")
            .bind(&subjects)
            .fetch_all(connection)
            .await?;
    let keys = keys
        .into_iter()
        .map(|(subject, key)| {
            Ok((subject, SubjectKey::new(&key).ok_or(PersonalDataError::BrokenKey(subject))?))
        })
        .collect::<Result<HashMap<_, _>, PersonalDataError>>()?;
    Ok(values.iter().map(|sealed| keys.get(&sealed.subject)?.open(sealed)).collect())
}
