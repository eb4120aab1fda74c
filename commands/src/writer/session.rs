//! The writer's connection: sends a batch, reads the verdicts, finds out what became of a batch that got lost.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use super::Pending;
use super::call::{self, Verdict};
use super::found::{self, Appends};
use crate::append::Appended;

/// Nothing slow may stand between the head's lock and its release; these say what slow is.
const LIMITS: [(&str, &str); 3] =
    [("lock_timeout", "2s"), ("statement_timeout", "3s"), ("idle_in_transaction_session_timeout", "5s")];

/// An answer that takes longer than the limits above allow never comes: the connection is dead.
const ANSWER: Duration = Duration::from_secs(4);

/// Why a batch has no verdicts.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database refused some event's content; nothing was stored.
    Refused(String),
    /// The database could not do it now; nothing was stored.
    Unavailable(String),
    /// The answer never came: stored or not is unknown.
    Lost(String),
}

/// A connection and what it takes to settle the batch it may lose.
pub(super) struct Session {
    connection: PgConnection,
    backend: Backend,
}

/// A server process that may still be at work on a lost batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backend {
    pid: i32,
    /// The head before the batch: what the batch stored stands after it.
    head: i64,
}

impl Session {
    pub(super) async fn open(options: &PgConnectOptions) -> Result<Self, sqlx::Error> {
        let open = async {
            let mut connection = options.clone().options(LIMITS).connect().await?;
            let (pid, head) = sqlx::query_as("select pg_backend_pid(), position from log_head")
                .fetch_one(&mut connection)
                .await?;
            Ok(Self { connection, backend: Backend { pid, head } })
        };
        in_time(open).await
    }

    pub(super) fn into_backend(self) -> Backend {
        self.backend
    }

    /// Appends the batch in one round trip. Requests that were made before cost another, to say what they got.
    pub(super) async fn append(&mut self, batch: &[Pending]) -> Result<Vec<Verdict>, Failure> {
        let answer = in_time(call::append(&mut self.connection, batch)).await?;
        let (mut verdicts, head) = answer.judge(batch);
        for verdict in verdicts.iter_mut().filter_map(|verdict| verdict.as_mut().ok()) {
            if verdict.repeated {
                // The batch is committed: what goes wrong from here on is an answer lost, not an append.
                let first =
                    in_time(found::at(&mut self.connection, verdict.first_position, verdict.last_position));
                *verdict = first.await.map_err(|error| Failure::Lost(error.to_string()))?;
            }
        }
        // Only now: until then the batch may have to be looked for behind the head before it.
        self.backend.head = head;
        Ok(verdicts)
    }

    /// Ends the lost backend, so that nothing of its batch can still commit, and looks for what did.
    pub(super) async fn settle(
        &mut self,
        lost: &Backend,
        batch: &[Pending],
    ) -> Result<Vec<Option<Appended>>, sqlx::Error> {
        in_time(self.end_and_look(lost, batch)).await
    }

    async fn end_and_look(
        &mut self,
        lost: &Backend,
        batch: &[Pending],
    ) -> Result<Vec<Option<Appended>>, sqlx::Error> {
        // A backend may be ended by its own login, which this connection may have left for the writer's role.
        let mut transaction = self.connection.begin().await?;
        sqlx::query("set local role none").execute(&mut *transaction).await?;
        sqlx::query("select pg_terminate_backend($1, 2000)")
            .bind(lost.pid)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        let alive: bool = sqlx::query_scalar("select exists (select from pg_stat_activity where pid = $1)")
            .bind(lost.pid)
            .fetch_one(&mut self.connection)
            .await?;
        if alive {
            return Err(sqlx::Error::Protocol("the lost backend is still at work".into()));
        }
        let appends =
            Appends::after(&mut self.connection, lost.head, batch.iter().map(|p| &p.append)).await?;
        Ok(batch.iter().map(|pending| appends.get(&pending.append)).collect())
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "the database did not answer");
    timeout(ANSWER, answer).await.unwrap_or(Err(sqlx::Error::Io(late)))
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let reason = error.to_string();
        let sqlx::Error::Database(refusal) = &error else {
            return Self::Lost(reason);
        };
        match refusal.code().as_deref() {
            // The server is going away: it may have committed first.
            Some("57P01" | "57P02" | "57P03") | None => Self::Lost(reason),
            Some(code) if code.starts_with("08") => Self::Lost(reason),
            // Lock and statement time-outs, deadlocks, resources, read-only after a fail-over, broken disks.
            Some("55P03" | "57014" | "25006") => Self::Unavailable(reason),
            Some(code) if ["40", "53", "58", "XX"].iter().any(|class| code.starts_with(class)) => {
                Self::Unavailable(reason)
            }
            Some(_) => Self::Refused(reason),
        }
    }
}
