//! The keys that sign access tokens, from `ops.signing_keys`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use chrono::TimeDelta;
use jsonwebtoken::{DecodingKey, EncodingKey};
use parking_domain::instant::Instant;
use sqlx::PgPool;

use super::error::TokenRefusal;
use super::generated;
use crate::randomness::Randomness;

/// How often tokens that name unknown keys may make a process read the keys again.
const REREAD: TimeDelta = TimeDelta::seconds(1);

/// How long a process signs without reading the keys again.
const SIGNS_UNREAD: TimeDelta = TimeDelta::minutes(1);

/// A signing key.
pub(super) struct Key {
    pub(super) kid: String,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
}

/// All keys, the newest first.
pub(super) struct SigningKeys(RwLock<Known>);

struct Known {
    keys: BTreeMap<String, Arc<Key>>,
    newest: Option<Arc<Key>>,
    read_at: Instant,
}

impl SigningKeys {
    /// The stored keys; makes the first one. Two processes that do so at once make two, and both are valid.
    pub(super) async fn load(
        pool: &PgPool,
        randomness: &dyn Randomness,
        at: Instant,
    ) -> Result<Self, sqlx::Error> {
        let mut known = read(pool, at).await?;
        if known.newest.is_none() {
            add(pool, randomness, at).await?;
            known = read(pool, at).await?;
        }
        Ok(Self(RwLock::new(known)))
    }

    /// The key that signs. Another process may have added a newer one, and the former keys are deleted some time later.
    pub(super) async fn newest(&self, pool: &PgPool, at: Instant) -> Result<Option<Arc<Key>>, sqlx::Error> {
        if (at - self.lock().read_at).abs() >= SIGNS_UNREAD {
            self.reread(pool, at).await?;
        }
        Ok(self.lock().newest.clone())
    }

    fn lock(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key with this id. Another process may have added it since the keys were read.
    pub(super) async fn find(
        &self,
        pool: &PgPool,
        kid: &str,
        at: Instant,
    ) -> Result<Result<Arc<Key>, TokenRefusal>, sqlx::Error> {
        let (found, is_recent) = {
            let known = self.lock();
            (known.keys.get(kid).cloned(), (at - known.read_at).abs() < REREAD)
        };
        if found.is_some() || is_recent {
            return Ok(found.ok_or(TokenRefusal::Invalid));
        }
        self.reread(pool, at).await?;
        Ok(self.lock().keys.get(kid).cloned().ok_or(TokenRefusal::Invalid))
    }

    /// Adds a key, which signs from now on. Tokens of the others stay valid until they expire.
    pub(super) async fn rotate(
        &self,
        pool: &PgPool,
        randomness: &dyn Randomness,
        at: Instant,
    ) -> Result<(), sqlx::Error> {
        add(pool, randomness, at).await?;
        self.reread(pool, at).await
    }

    /// Reads the keys again.
    pub(super) async fn reread(&self, pool: &PgPool, at: Instant) -> Result<(), sqlx::Error> {
        let known = read(pool, at).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }
}

async fn add(pool: &PgPool, randomness: &dyn Randomness, at: Instant) -> Result<(), sqlx::Error> {
    let mut key = [0; 32];
    randomness.fill(&mut key);
    let kid = generated::id(randomness).simple().to_string();
    sqlx::query("insert into ops.signing_keys (kid, key, created_at) values ($1, $2, $3)")
        .bind(kid)
        .bind(&key[..])
        .bind(at.utc())
        .execute(pool)
        .await?;
    Ok(())
}

async fn read(pool: &PgPool, at: Instant) -> Result<Known, sqlx::Error> {
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("select kid, key from ops.signing_keys order by created_at desc, kid")
            .fetch_all(pool)
            .await?;
    let of = |(kid, key): (String, Vec<u8>)| {
        let encoding = EncodingKey::from_secret(&key).expect("the table has keys of 32 bytes");
        let decoding = DecodingKey::from_secret(&key).expect("the table has keys of 32 bytes");
        Arc::new(Key { kid, encoding, decoding })
    };
    let keys: Vec<Arc<Key>> = rows.into_iter().map(of).collect();
    let newest = keys.first().cloned();
    Ok(Known { keys: keys.into_iter().map(|key| (key.kid.clone(), key)).collect(), newest, read_at: at })
}
