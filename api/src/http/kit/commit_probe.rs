//! Probes whether an append would be committed now: it takes the locks of an append and commits a write of its own.

use std::time::{Duration, Instant};

use parking_database::{Database, Role};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;

/// How long a commit may take: ChirpStack waits five seconds for its answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the locks may take: less, so that the reason is known.
const LOCKED_FOR: &str = "1500ms";

/// How long a result is good for. Everyone may ask for the health, and each probe waits in line with the appends.
const GOOD_FOR: Duration = Duration::from_secs(2);

/// The connection and the last result.
pub(crate) struct CommitProbe {
    connection: PgPool,
    last: Mutex<Option<Probed>>,
}

/// The result of a probe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probed {
    at: Instant,
    /// Why nothing can be committed.
    pub(crate) result: Result<(), &'static str>,
}

impl CommitProbe {
    /// A probe of this database. It connects on first use, as the writer does.
    pub(crate) fn of(database: &Database) -> Self {
        let limits = [("lock_timeout", LOCKED_FOR), ("statement_timeout", LOCKED_FOR)];
        let options = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let connection = options.connect_lazy_with(database.as_role(Role::Writer).options(limits));
        Self { connection, last: Mutex::default() }
    }

    /// Whether an append would be committed, found out now or a moment ago.
    pub(crate) async fn probed(&self) -> Probed {
        let mut last = self.last.lock().await;
        if let Some(probed) = last.filter(|probed| probed.at.elapsed() < GOOD_FOR) {
            return probed;
        }
        let result = self.commit().await;
        *last.insert(Probed { at: Instant::now(), result })
    }

    async fn commit(&self) -> Result<(), &'static str> {
        let commit = sqlx::query("select probe_commit()").execute(&self.connection);
        match timeout(PATIENCE, commit).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                warn!(%error, "nothing can be committed");
                Err(reason(&error))
            }
            Err(_) => {
                warn!("a commit is not answered in time");
                Err("the database does not commit in time")
            }
        }
    }
}

impl Probed {
    /// How long ago this was, in seconds, to the millisecond.
    pub(crate) fn age_seconds(self) -> f64 {
        f64::from(u32::try_from(self.at.elapsed().as_millis()).unwrap_or(u32::MAX)) / 1000.0
    }
}

/// What an operator can act on. The database's own words are only logged: everyone may ask for the health.
fn reason(error: &sqlx::Error) -> &'static str {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some("25006") => "the database is read-only",
        Some("53100") => "the disk of the database is full",
        Some("55P03" | "57014" | "40P01") => "appends wait for a lock that another session holds",
        Some(_) => "the database refuses to write: the server's log has the reason",
        None => "the database does not answer",
    }
}
