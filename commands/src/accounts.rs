//! Users, logins and sessions: who a caller is, decided from the streams of users and tenants and from `ops`.
//!
//! Everything here works while projections are stopped. What authenticates (passwords, sessions, tokens, links) is in `ops`,
//! read and written with the role identity; who is a member of what, and who is locked out, is in the log. A password or a
//! user's row is stored first and takes effect with its event; a revocation is stored before its event.

mod acts;
mod bootstrap;
mod cache;
mod call;
mod cleaning;
mod email;
mod error;
mod generated;
mod invitations;
mod keys;
mod links;
mod listening;
mod login;
mod members;
mod password_rules;
mod passwords;
mod principal;
mod profile;
mod registration;
mod resets;
mod rows;
mod sessions;
mod settings;
mod standing;
mod tokens;
mod users;

use std::sync::Arc;

use parking_domain::instant::Instant;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::platform::Platform;
use crate::randomness::Randomness;
use cache::Cache;
use keys::SigningKeys;
use passwords::Hasher;

pub use bootstrap::{Bootstrapped, FirstAdmin, NewPassword, Reach};
pub use call::Call;
pub use cleaning::Swept;
pub use error::{AccountError, TokenRefusal};
pub use invitations::NewPerson;
pub use links::Link;
pub use login::Login;
pub use members::MemberProfile;
pub use password_rules::{LONGEST_PASSWORD, PasswordRefusal, SHORTEST_PASSWORD};
pub use principal::{Principal, TenantFacts};
pub use profile::{Membership, Profile};
pub use registration::Registration;
pub use sessions::{SignedIn, Tokens};
pub use settings::Settings;

/// Executes everything that concerns accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Shared>);

struct Shared {
    platform: Arc<Platform>,
    pool: PgPool,
    randomness: Arc<dyn Randomness>,
    hasher: Hasher,
    keys: SigningKeys,
    cache: Arc<Cache>,
    settings: Settings,
}

impl Accounts {
    /// Accounts over a platform, with `pool` of the role identity, which keeps one connection for notices and needs two more.
    /// Makes the first signing key if there is none. A task receives notices of other processes until `stop`.
    pub async fn start(
        platform: Arc<Platform>,
        pool: PgPool,
        randomness: Arc<dyn Randomness>,
        settings: Settings,
        at: Instant,
        stop: CancellationToken,
    ) -> Result<Self, AccountError> {
        let keys = SigningKeys::load(&pool, &*randomness, at).await?;
        let cache = Arc::new(Cache::default());
        tokio::spawn(listening::follow(pool.clone(), cache.clone(), stop));
        let hasher = Hasher::new(settings.hashers, settings.waiting_hashes);
        Ok(Self(Arc::new(Shared { platform, pool, randomness, hasher, keys, cache, settings })))
    }

    /// The platform's write side.
    pub fn platform(&self) -> &Platform {
        &self.0.platform
    }
}
