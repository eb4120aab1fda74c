//! Principals of the last two seconds, so that not every request reads the session, the user and the tenant.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use lru::LruCache;
use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use uuid::Uuid;

use super::principal::Principal;

/// How long a principal is used without looking it up again, even if no notice of a change arrives.
const FRESH: TimeDelta = TimeDelta::seconds(2);

/// The maximum number of cached principals.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// A session.
    Session(Uuid),
    /// A user, or the user's sessions.
    User(UserId),
    /// A tenant or its members.
    Tenant(TenantId),
}

/// A session, and the tenant that a request names by its slug, if it does.
type Name = (Uuid, Option<String>);

struct Entry {
    at: Instant,
    /// The tenant of the session, which a principal that acts for another one depends on too.
    home: TenantId,
    principal: Arc<Principal>,
}

/// The cache of a process.
pub(super) struct Cache {
    entries: Mutex<LruCache<Name, Entry>>,
    /// Counts the changes: what was read before a change is not kept after it.
    changes: AtomicU64,
}

impl Default for Cache {
    fn default() -> Self {
        Self { entries: Mutex::new(LruCache::new(CAPACITY)), changes: AtomicU64::new(0) }
    }
}

impl Cache {
    /// The principal, if it was looked up in the last two seconds.
    pub(super) fn get(&self, session_id: Uuid, slug: Option<&str>, at: Instant) -> Option<Arc<Principal>> {
        let mut entries = self.lock();
        let entry = entries.get(&(session_id, slug.map(str::to_owned)))?;
        (entry.at <= at && at - entry.at < FRESH).then(|| entry.principal.clone())
    }

    /// To be read before a principal is looked up.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Keeps a principal that was looked up when there had been so many changes.
    pub(super) fn put(
        &self,
        slug: Option<&str>,
        principal: Arc<Principal>,
        home: TenantId,
        at: Instant,
        changes: u64,
    ) {
        let mut entries = self.lock();
        if self.changes() == changes {
            entries.put((principal.session_id, slug.map(str::to_owned)), Entry { at, home, principal });
        }
    }

    /// Forgets what depends on something that changed.
    pub(super) fn forget(&self, changed: Changed) {
        let mut entries = self.lock();
        self.changes.fetch_add(1, Ordering::AcqRel);
        let depends = |entry: &Entry| match changed {
            Changed::Session(session_id) => entry.principal.session_id == session_id,
            Changed::User(user_id) => entry.principal.user_id == user_id,
            Changed::Tenant(tenant_id) => {
                entry.home == tenant_id || entry.principal.tenant.tenant_id == tenant_id
            }
        };
        let gone = entries.iter().filter(|(_, entry)| depends(entry)).map(|(name, _)| name.clone());
        for name in gone.collect::<Vec<_>>() {
            entries.pop(&name);
        }
    }

    /// Forgets everything, when notices may have been missed.
    pub(super) fn clear(&self) {
        let mut entries = self.lock();
        self.changes.fetch_add(1, Ordering::AcqRel);
        entries.clear();
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Name, Entry>> {
        // Each operation under the lock leaves a whole cache.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
