//! A platform with accounts, in as many processes as a test needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use parking_commands::accounts::{
    AccountError, Accounts, Bootstrapped, Call, FirstAdmin, Login, NewPerson, Principal, Reach, Registration,
    Settings, SignedIn, TokenRefusal,
};
use parking_commands::platform::Platform;
use parking_commands::randomness::Randomness;
use parking_commands::snapshots::Snapshots;
use parking_domain::id::UserId;
use parking_domain::instant::Instant;
use parking_domain::tenant::Role as Rank;
use parking_testkit::{EventLog, Role};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

pub(crate) const ANN: &str = "Ann@Example.com";
pub(crate) const BOB: &str = "bob@example.com";
pub(crate) const PASSWORD: &str = "a quiet morning";
pub(crate) const OTHER: &str = "a loud evening";

const DEADLINE: Duration = Duration::from_secs(30);

/// Different bytes at every call and for every process, the same in every run.
struct Drawn(u64, AtomicU64);

impl Randomness for Drawn {
    fn fill(&self, bytes: &mut [u8]) {
        let drawn = self.1.fetch_add(1, Ordering::Relaxed);
        for (n, part) in bytes.chunks_mut(32).enumerate() {
            let hash = Sha256::digest(format!("{} {drawn} {n}", self.0));
            part.copy_from_slice(&hash[..part.len()]);
        }
    }
}

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

pub(crate) fn call(seconds: i64) -> Call {
    Call::at(at(seconds))
}

pub(crate) fn secret(text: &str) -> SecretString {
    text.to_owned().into()
}

/// A log, and the stop of the notices of its processes.
pub(crate) struct Deployment {
    pub(crate) log: EventLog,
}

impl Deployment {
    pub(crate) async fn start() -> Self {
        Self { log: EventLog::started().await }
    }

    /// A process with accounts.
    pub(crate) async fn process(&self) -> Accounts {
        self.process_with(Settings::default(), self.log.stop.clone()).await
    }

    /// A process that hears of no change by another one.
    pub(crate) async fn deaf_process(&self) -> Accounts {
        let stop = CancellationToken::new();
        stop.cancel();
        self.process_with(Settings::default(), stop).await
    }

    pub(crate) async fn process_with(&self, settings: Settings, stop: CancellationToken) -> Accounts {
        static PROCESSES: AtomicU64 = AtomicU64::new(1);
        let seed = PROCESSES.fetch_add(1, Ordering::Relaxed);
        let randomness = Arc::new(Drawn(seed, AtomicU64::new(0)));
        let store = self.log.store_of(self.log.second_writer(), Snapshots::off());
        let writers = self.log.database.pool(Role::Writer);
        let platform = Arc::new(Platform::start(store, writers, randomness.clone()).await.unwrap());
        let pool = self.log.database.pool(Role::Identity);
        Accounts::start(platform, pool, randomness, settings, at(0), stop).await.unwrap()
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.log.admin()).await.unwrap()
    }
}

pub(crate) fn registration(email: &str, slug: &str) -> Registration {
    Registration {
        email: email.to_owned(),
        password: secret(PASSWORD),
        name: Some("Ann Onymous".to_owned()),
        tenant_name: format!("Tenant {slug}"),
        tenant_slug: slug.to_owned(),
        device: Some("a browser".to_owned()),
    }
}

pub(crate) async fn register(accounts: &Accounts, email: &str, slug: &str) -> SignedIn {
    accounts.register(registration(email, slug), &call(0)).await.unwrap()
}

pub(crate) fn login(email: &str, password: &str) -> Login {
    Login { email: email.to_owned(), password: secret(password), tenant_slug: None, device: None }
}

pub(crate) fn login_to(email: &str, slug: &str) -> Login {
    Login { tenant_slug: Some(slug.to_owned()), ..login(email, PASSWORD) }
}

/// The principal of a token, or why it is refused.
pub(crate) async fn check(
    accounts: &Accounts,
    signed_in: &SignedIn,
    seconds: i64,
) -> Result<Arc<Principal>, TokenRefusal> {
    authenticate(accounts, signed_in.tokens.access.expose_secret(), None, seconds).await
}

pub(crate) async fn authenticate(
    accounts: &Accounts,
    token: &str,
    slug: Option<&str>,
    seconds: i64,
) -> Result<Arc<Principal>, TokenRefusal> {
    match accounts.authenticate(token, slug, at(seconds)).await {
        Ok(principal) => Ok(principal),
        Err(AccountError::Token(refusal)) => Err(refusal),
        Err(error) => panic!("{error}"),
    }
}

/// Somebody who joins the tenant of the principal by an invitation.
pub(crate) async fn join(accounts: &Accounts, inviter: &Principal, email: &str, role: Rank) -> SignedIn {
    let link = accounts.invite(inviter, email, role, &call(0)).await.unwrap();
    accounts.accept_as_new(&link.token, person(PASSWORD), &call(0)).await.unwrap()
}

pub(crate) fn person(password: &str) -> NewPerson {
    NewPerson { password: secret(password), name: Some("Robert Doe".to_owned()), device: None }
}

/// The platform's first owner, logged in.
pub(crate) async fn platform_admin(accounts: &Accounts) -> SignedIn {
    let admin = FirstAdmin {
        email: "root@example.com".to_owned(),
        password: Some(secret(PASSWORD)),
        reach: Reach::Loopback,
    };
    let made = accounts.bootstrap(admin, &call(0)).await.unwrap();
    assert!(matches!(made, Bootstrapped::Made { generated: None, .. }), "{made:?}");
    accounts.login(login("root@example.com", PASSWORD), &call(0)).await.unwrap()
}

pub(crate) fn user_of(signed_in: &SignedIn) -> UserId {
    signed_in.principal.user_id
}

/// Waits until the condition holds.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.expect("it becomes so");
}

pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, AccountError>) -> AccountError {
    result.expect_err("it is refused")
}
