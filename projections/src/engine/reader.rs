//! Reads for one tenant: every query sees one snapshot and only this tenant's rows.

use parking_domain::id::TenantId;
use sqlx::{Executor, PgPool, Postgres, Transaction};

use crate::engine::progress::Sources;

/// Gives out connections (role reader) that row-level security limits to one tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reader(PgPool);

/// A transaction limited to one tenant and one snapshot. Dropping it frees the connection.
pub type Reading = Transaction<'static, Postgres>;

impl Reader {
    /// Uses a pool of the role reader.
    pub fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    /// A transaction that sees only the tenant's rows.
    pub async fn of(&self, tenant: TenantId) -> Result<Reading, sqlx::Error> {
        // One round trip for both. The id consists of hexadecimal digits and hyphens, so it needs no escaping.
        let begin = format!(
            "begin isolation level repeatable read read only; set local parking.tenant_id = '{tenant}'"
        );
        self.0.begin_with(begin).await
    }

    /// As [`Self::of`], for reads of these projections' rows. Refused while one of them holds back events of the tenant: the
    /// policies of the tables refuse only a query that comes upon a row.
    pub async fn showing<S: Sources>(&self, tenant: TenantId) -> Result<Reading, sqlx::Error> {
        let mut reading = self.of(tenant).await?;
        let asked: Vec<String> =
            S::NAMES.iter().map(|name| format!("public.tenant_for_reader('{name}')")).collect();
        // Not together with `begin`: a connection whose `begin` failed would return to the pool in a failed transaction.
        reading.execute(&*format!("select {}", asked.join(", "))).await?;
        Ok(reading)
    }

    /// The pool, for data that belongs to no tenant.
    pub fn pool(&self) -> &PgPool {
        &self.0
    }
}
