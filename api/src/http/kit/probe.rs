//! Asks the database whether it answers, on a connection that is used for nothing else: so that one that has much to do is
//! told from one that is away.

use std::time::{Duration, Instant};

use parking_database::{Database, Role};
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

/// How long the database may take to answer the simplest question.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connection, and what the database answered last, to a question that was put then. Many ask at once just when there is
/// too much to do: one question answers all who came before it was put.
pub(crate) struct Probe {
    connection: PgPool,
    last: Mutex<Option<(Instant, bool)>>,
}

impl Probe {
    /// To this database. It is connected to when somebody asks.
    pub(crate) fn of(database: &Database) -> Self {
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let connection = options.connect_lazy_with(database.as_role(Role::Reader));
        Self { connection, last: Mutex::default() }
    }

    /// Whether it answers now.
    pub(crate) async fn answers(&self) -> bool {
        let called = Instant::now();
        let mut last = self.last.lock().await;
        if let Some((put, answers)) = *last
            && put >= called
        {
            return answers;
        }
        let put = Instant::now();
        let answers = self.ask().await;
        *last = Some((put, answers));
        answers
    }

    async fn ask(&self) -> bool {
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
