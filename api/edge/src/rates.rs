//! How many requests who may send (decision 0057).

mod bucket;

use std::hash::Hash;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;

use crate::devices::Device;
use crate::network::Network;
pub use bucket::Allowance;
use bucket::{Buckets, Quota};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The most buckets of a kind: about 10 MB.
const MOST: usize = 100_000;

/// Requests without a credential, of one subscriber.
const ANONYMOUS: Quota = Quota::per_minute(600);

/// Requests with a wrong credential, of one subscriber.
const REFUSED: Quota = Quota::per_minute(60);

/// Logins of one account from one network.
const OF_ACCOUNT: Quota = Quota::of(10, 1);

/// Logins of all accounts from one subscriber.
const OF_ADDRESS: Quota = Quota::of(30, 10);

/// Logins of all accounts from everywhere. Hashing the passwords of so many keeps one processor busy for a third of the time.
const OF_ALL: Quota = Quota::of(600, 600);

/// Logins of one account from a device that it has logged in from before.
const OF_DEVICE: Quota = Quota::of(10, 1);

/// The limits of one process. With several processes each has its own, so the sum is what a client can reach.
pub struct RateLimits {
    tenants: Buckets,
    anonymous: Buckets,
    refused: Buckets,
    logins: Buckets,
}

/// A login that was allowed, until it is known whether the password is right.
#[derive(Debug)]
#[must_use = "a login that succeeds is put back with `succeeded`"]
pub struct Attempt(Vec<(LoginKey, Quota)>);

/// Whose tries are counted together. Of an account only the [hash](Buckets) is kept.
#[derive(Clone, Debug, Hash)]
enum LoginKey {
    Account(Vec<u8>, Network),
    Address(Network),
    All,
    Device(Device),
}

impl Default for RateLimits {
    fn default() -> Self {
        let buckets = || Buckets::new(MOST);
        Self { tenants: buckets(), anonymous: buckets(), refused: buckets(), logins: buckets() }
    }
}

impl RateLimits {
    /// Counts a request of a tenant; `per_minute` is the limit of its tier, none is no limit. An error: it is refused.
    pub fn check_tenant(
        &self,
        tenant: TenantId,
        per_minute: Option<u32>,
        now: Instant,
    ) -> Result<Option<Allowance>, Allowance> {
        per_minute.map(|limit| self.tenants.take(tenant.uuid(), Quota::per_minute(limit), now)).transpose()
    }

    /// Counts a request without a credential. An error: it is refused.
    pub fn check_anonymous(&self, address: IpAddr, now: Instant) -> Result<(), Allowance> {
        take(&self.anonymous, Network::of_subscriber(address), ANONYMOUS, now)
    }

    /// Counts a request whose credential was wrong. An error: its sender has sent too many of them. A request with a valid
    /// credential is never refused for that: its sender may share the address.
    pub fn check_refused(&self, address: IpAddr, now: Instant) -> Result<(), Allowance> {
        take(&self.refused, Network::of_subscriber(address), REFUSED, now)
    }

    /// Counts a try to log in, before the password is hashed. `account` is whatever names the account, known or not. An
    /// error: it is refused. What others try elsewhere takes nothing from a known device.
    pub fn check_login(
        &self,
        account: &[u8],
        address: IpAddr,
        device: Option<Device>,
        now: Instant,
    ) -> Result<Attempt, Allowance> {
        let keys = match device {
            Some(device) => vec![(LoginKey::Device(device), OF_DEVICE)],
            // From the narrowest to the widest, so that one attacker does not use up what is everyone's.
            None => vec![
                (LoginKey::Account(account.to_vec(), Network::of_neighbours(address)), OF_ACCOUNT),
                (LoginKey::Address(Network::of_subscriber(address)), OF_ADDRESS),
                (LoginKey::All, OF_ALL),
            ],
        };
        let mut taken = Attempt(Vec::new());
        for (key, quota) in keys {
            if let Err(refused) = take(&self.logins, &key, quota, now) {
                self.put_back(taken);
                return Err(refused);
            }
            taken.0.push((key, quota));
        }
        Ok(taken)
    }

    /// The password was right: only wrong ones count.
    pub fn succeeded(&self, attempt: Attempt) {
        self.put_back(attempt);
    }

    fn put_back(&self, Attempt(taken): Attempt) {
        for (key, quota) in taken {
            self.logins.put_back(&key, quota);
        }
    }
}

fn take(buckets: &Buckets, key: impl Hash, quota: Quota, now: Instant) -> Result<(), Allowance> {
    buckets.take(key, quota, now).map(|_| ())
}

impl Allowance {
    /// Writes the headers of an answer to a tenant with a limit.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.limit.into());
        headers.insert(REMAINING, self.remaining.into());
        headers.insert(RESET, self.reset.into());
    }
}

#[cfg(test)]
mod tests;
