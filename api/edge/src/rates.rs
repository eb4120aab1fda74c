//! How many requests who may send (decision 0057).

mod bucket;
mod passwords;

use std::hash::Hash;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use uuid::Uuid;

use crate::network::Network;
pub use bucket::Allowance;
use bucket::{Buckets, Quota};
pub use passwords::{Attempt, TriedUser};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The most buckets of a kind: about 10 MB.
const MOST: usize = 100_000;

/// Requests without a credential, of one subscriber.
const ANONYMOUS: Quota = Quota::per_minute(600);

/// Requests with a wrong credential, of one subscriber.
const REFUSED: Quota = Quota::per_minute(60);

/// Requests of a session about itself: who the user is, a new password, the logout.
const OF_SESSION: Quota = Quota::per_minute(600);

/// The limits of one process. With several processes each has its own, so the sum is what a client can reach.
pub struct RateLimits {
    tenants: Buckets,
    anonymous: Buckets,
    refused: Buckets,
    sessions: Buckets,
    passwords: Buckets,
}

/// The requests of a tenant that are counted together.
#[derive(Clone, Copy, Debug, Hash)]
enum TenantKey {
    All(TenantId),
    Member(TenantId, UserId),
}

impl Default for RateLimits {
    fn default() -> Self {
        let buckets = || Buckets::new(MOST);
        Self {
            tenants: buckets(),
            anonymous: buckets(),
            refused: buckets(),
            sessions: buckets(),
            passwords: buckets(),
        }
    }
}

impl RateLimits {
    /// Counts a request of a tenant's member; `per_minute` is the limit of its tier, none is no limit. An error: it is refused.
    ///
    /// Half of the limit is for each member alone. Beyond it a member uses what the others leave, and half of the tenant's
    /// bucket stays for them.
    pub fn check_tenant(
        &self,
        (tenant, user): (TenantId, UserId),
        per_minute: Option<u32>,
        now: Instant,
    ) -> Result<Option<Allowance>, Allowance> {
        let Some(limit) = per_minute else { return Ok(None) };
        let (key, whole) = (TenantKey::All(tenant), Quota::per_minute(limit));
        let (own_key, own) = (TenantKey::Member(tenant, user), Quota::per_minute(limit.div_ceil(2)));
        let Ok(own_left) = self.tenants.take(own_key, own, now) else {
            return self.tenants.take_leaving(limit / 2, key, whole, now).map(Some);
        };
        let taken = self.tenants.take(key, whole, now);
        if taken.is_err() {
            self.tenants.put_back(own_key, own);
        }
        let left = taken?;
        let remaining = own_left.remaining.max(left.remaining.saturating_sub(limit / 2)).min(left.remaining);
        Ok(Some(Allowance { remaining, ..left }))
    }

    /// Counts a request of a session about itself: others of the tenant must not be able to prevent it. An error: it is
    /// refused.
    pub fn check_session(&self, session_id: Uuid, now: Instant) -> Result<(), Allowance> {
        take(&self.sessions, session_id, OF_SESSION, now)
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
