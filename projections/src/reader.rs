//! Reading for a tenant: every query sees one moment, and the rows of one tenant.

use parking_domain::id::TenantId;
use sqlx::{PgPool, Postgres, Transaction};

/// Gives out connections (role reader) behind a tenant's wall. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader(PgPool);

/// A connection behind a tenant's wall; whatever is read with it is of one moment. Dropped, it is free for others.
pub type Reading = Transaction<'static, Postgres>;

impl Reader {
    /// Over a pool of role reader.
    pub fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    /// A connection that sees the tenant's rows and no others.
    pub async fn of(&self, tenant: TenantId) -> Result<Reading, sqlx::Error> {
        // One round trip for both. The id prints as hexadecimal digits and hyphens: nothing to escape.
        let begin = format!(
            "begin isolation level repeatable read read only; set local parking.tenant_id = '{tenant}'"
        );
        self.0.begin_with(begin).await
    }

    /// The pool, for what belongs to no tenant.
    pub fn pool(&self) -> &PgPool {
        &self.0
    }
}
