//! Probes the database on a dedicated connection, to distinguish an overloaded database from one that is unavailable.

use std::time::{Duration, Instant};

use parking_database::{Database, Role};
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

/// How long the database may take to answer the probe.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connection and the last result with the time when its query was sent. Many callers probe at once when the server is
/// overloaded, so one query answers all callers that arrived before it was sent.
pub(crate) struct Probe {
    connection: PgPool,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Probe {
    /// A probe of this database. It connects on first use.
    pub(crate) fn of(database: &Database) -> Self {
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let connection = options.connect_lazy_with(database.as_role(Role::Reader));
        Self { connection, last: Mutex::default() }
    }

    /// Whether the database answers now.
    pub(crate) async fn answers(&self) -> bool {
        let called_at = Instant::now();
        let mut last = self.last.lock().await;
        if let Some((sent_at, answers)) = *last
            && sent_at >= called_at
        {
            return answers;
        }
        let sent_at = Instant::now();
        let answers = self.query().await;
        *last = Some((sent_at, answers));
        answers
    }

    async fn query(&self) -> bool {
        let head = sqlx::query_scalar::<_, i64>("select position from log_head").fetch_one(&self.connection);
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
