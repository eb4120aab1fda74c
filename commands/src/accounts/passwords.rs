//! Hashing of passwords: Argon2id with 19 MiB and two passes, on threads of its own, a bounded number at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::error::AccountError;
use crate::randomness::Randomness;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

/// Hashes and checks passwords.
#[derive(Clone)]
pub(super) struct Hasher {
    /// One permit for each hash that runs or waits.
    admitted: Arc<Semaphore>,
    /// One permit for each hash that runs.
    running: Arc<Semaphore>,
}

impl Hasher {
    /// A hasher that runs and keeps waiting at most so many at a time.
    pub(super) fn new(running: usize, waiting: usize) -> Self {
        let admitted = Arc::new(Semaphore::new(running + waiting));
        Self { admitted, running: Arc::new(Semaphore::new(running)) }
    }

    /// The hash to store, in the PHC string format.
    pub(super) async fn hash(
        &self,
        password: &SecretString,
        randomness: &dyn Randomness,
    ) -> Result<String, AccountError> {
        let mut salt = [0; SALT_BYTES];
        randomness.fill(&mut salt);
        let password = password.clone();
        self.run(move || hash(&password, &salt)).await?.map_err(failed)
    }

    /// True when the password has this hash. Without a hash it takes as long and is false, so that nobody learns from the time
    /// whether a user exists.
    pub(super) async fn matches(
        &self,
        password: &SecretString,
        stored: Option<String>,
    ) -> Result<bool, AccountError> {
        let password = password.clone();
        self.run(move || {
            let Some(stored) = stored else {
                hash(&password, &[0; SALT_BYTES])?;
                return Ok(false);
            };
            match argon2().verify_password(bytes(&password), &*stored) {
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                verified => verified.map(|()| true),
            }
        })
        .await?
        .map_err(failed)
    }

    /// The permits go along: the work goes on when the caller has gone, and still counts.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccountError> {
        let admitted = self.admitted.clone().try_acquire_owned().map_err(|_| AccountError::Busy)?;
        let running = self.running.clone().acquire_owned().await.map_err(|_| AccountError::Busy)?;
        let done = spawn_blocking(move || {
            let _permits = (admitted, running);
            work()
        });
        done.await.map_err(|error| AccountError::Secret(error.to_string()))
    }
}

fn hash(password: &SecretString, salt: &[u8]) -> password_hash::Result<String> {
    let hash: PasswordHash = argon2().hash_password_with_salt(bytes(password), salt)?;
    Ok(hash.to_string())
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within their bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn bytes(password: &SecretString) -> &[u8] {
    password.expose_secret().as_bytes()
}

fn failed(error: password_hash::Error) -> AccountError {
    AccountError::Secret(error.to_string())
}
