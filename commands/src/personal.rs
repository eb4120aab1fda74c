//! Sealing of personal data before the domain sees it, and opening it for those who may.
//!
//! Every person has a key of their own in `ops.subject_keys`. What is personal is encrypted under it with
//! XChaCha20-Poly1305, the subject's id as associated data, so that a ciphertext means nothing beside another subject.
//! The key is stored before anything is sealed with it: a command that fails leaves a key that seals nothing. Deleting
//! the key forgets the person; the log stays whole.

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

use crate::randomness::Randomness;
use key::SubjectKey;
use keyed_hash::HashKey;

/// How often a key is looked for that another process makes at the same moment.
const ATTEMPTS: usize = 3;

/// Why personal data could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum PersonalDataError {
    /// The keys could not be read or stored.
    #[error("the keys of personal data cannot be reached: {0}")]
    Unavailable(#[from] sqlx::Error),
    /// The table holds something that is no key.
    #[error("the key of subject {0} is not 32 bytes long: restore ops.subject_keys from the backup")]
    BrokenKey(Uuid),
    /// A text is too long for its field.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The key was made and deleted again and again.
    #[error("the key of subject {0} was deleted while it was made: try again")]
    DeletedMeanwhile(Uuid),
}

/// Seals. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    pool: PgPool,
    randomness: Arc<dyn Randomness>,
    hash_key: HashKey,
}

impl Sealer {
    /// A sealer that keeps its keys with `pool` (role writer). The platform's key for hashes is drawn when it is missing.
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

    /// The keyed hash of an e-mail: the same for every spelling of it.
    pub fn email_hash(&self, email: &str) -> KeyedHash {
        self.hash_key.email(email)
    }

    /// The subject that a tenant's guest of that e-mail is: always the same, so that one key forgets all of it.
    pub fn guest(&self, tenant: TenantId, email: &str) -> Uuid {
        self.hash_key.guest(tenant, email)
    }

    /// Names the content of a request, so that two can be compared. It tells nobody what is personal in it.
    pub fn fingerprint(&self, content: &[u8]) -> Uuid {
        self.hash_key.request(content)
    }

    /// The person to seal for. Makes their key, if they have none; a guest's belongs to the tenant.
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

    /// The subject's key, made if there is none; `None` when another process made it after this statement began.
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

    /// Forgets a person: nothing that was sealed for them can be opened any more. True if there was a key.
    pub async fn forget(&self, subject: Uuid) -> Result<bool, PersonalDataError> {
        let deleted = sqlx::query("delete from ops.subject_keys where subject = $1")
            .bind(subject)
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }
}

/// A field that is sealed: nobody can look at its length afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    name: &'static str,
    most: usize,
}

impl Field {
    /// An e-mail.
    pub const EMAIL: Self = Self { name: "user_email", most: limits::EMAIL };
    /// A name.
    pub const NAME: Self = Self { name: "user_name", most: limits::LABEL };
    /// A phone.
    pub const PHONE: Self = Self { name: "user_phone", most: limits::PHONE };
    /// Free text.
    pub const NOTES: Self = Self { name: "notes", most: limits::NOTES };
    /// Why a reservation is given up.
    pub const CANCELLATION_REASON: Self = Self { name: "cancellation_reason", most: limits::REASON };
}

/// Somebody whose data can be sealed now.
pub struct Person<'a> {
    sealer: &'a Sealer,
    subject: Uuid,
    key: SubjectKey,
}

impl Person<'_> {
    /// Seals a text that is never compared, unless it is too long for its field.
    pub fn seal(&self, field: Field, text: &str) -> Result<Sealed, LimitExceeded> {
        limits::text(field.name, text, field.most)?;
        let mut nonce = [0; key::NONCE_BYTES];
        self.sealer.randomness.fill(&mut nonce);
        let sealed = self.key.seal(self.subject, nonce, text).into();
        Ok(Sealed { subject: self.subject, sealed, hash: None })
    }

    /// Seals an e-mail, with its keyed hash for comparison.
    pub fn seal_email(&self, email: &str) -> Result<Sealed, LimitExceeded> {
        let sealed = self.seal(Field::EMAIL, email)?;
        Ok(Sealed { hash: Some(self.sealer.email_hash(email)), ..sealed })
    }
}

/// The texts of sealed values, in their order; `None` for one whose key is gone or belongs to somebody whom the
/// connection may not see. One query for all of them.
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
