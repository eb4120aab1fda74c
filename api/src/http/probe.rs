//! Asks the database whether it answers, on a connection that is used for nothing else: so that one that has much to do is
//! told from one that is away.

use std::time::Duration;

use parking_database::{Database, Role};
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::time::timeout;
use tracing::warn;

/// How long the database may take to answer the simplest question.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connection. Those who ask at the same time ask one after the other.
pub(crate) struct Probe(PgPool);

impl Probe {
    /// To this database. It is connected to when somebody asks.
    pub(crate) fn of(database: &Database) -> Self {
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        Self(options.connect_lazy_with(database.as_role(Role::Reader)))
    }

    /// Whether it answers.
    pub(crate) async fn answers(&self) -> bool {
        let head = sqlx::query_scalar::<_, i64>("select position from log_head").fetch_one(&self.0);
        match timeout(PATIENCE, head).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                warn!(%error, "the database does not answer");
                false
            }
            Err(_) => {
                warn!("the database does not answer in time");
                false
            }
        }
    }
}
