//! The writer's connection: sends a batch, reads the verdicts, and determines the outcome of a lost batch.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use parking_bodies::Encoder;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgDatabaseError, PgSeverity};
use sqlx::{ConnectOptions, Connection, Postgres, Transaction};
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::call::{self, Verdict};
use super::found::{self, Appends};
use super::pending::Pending;
use crate::append::Appended;

/// Limits on the time for which the head's lock is held.
const LIMITS: [(&str, &str); 3] =
    [("lock_timeout", "2s"), ("statement_timeout", "3s"), ("idle_in_transaction_session_timeout", "5s")];

/// An answer that exceeds the limits above will not arrive: the connection is dead.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);

/// How long lost server processes may take to end, and the pause between two looks.
const ENDING: Duration = Duration::from_secs(2);
const ENDING_PAUSE: Duration = Duration::from_millis(20);

/// Why a batch has no verdicts.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database refused an event's content; nothing was stored.
    Refused(String),
    /// The database is temporarily unable; nothing was stored.
    Unavailable(String),
    /// The answer was lost: whether the batch is stored is unknown.
    Lost(String),
}

/// A connection, and its server process, which is needed to settle a lost batch.
pub(super) struct Session {
    connection: PgConnection,
    backend: Backend,
}

/// A server process that may still work on a lost batch. Process ids are reused, so it includes the start time.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(super) struct Backend {
    pid: i32,
    backend_start: DateTime<Utc>,
}

impl Session {
    /// Opens a connection; returns it with the current encoder of bodies. Terminates the server processes of lost
    /// connections; those that do not terminate remain in the list.
    pub(super) async fn open(
        options: &PgConnectOptions,
        lost: &mut Vec<Backend>,
    ) -> Result<(Self, Option<Arc<Encoder>>), sqlx::Error> {
        let open = async {
            let mut connection = options.clone().options(LIMITS).connect().await?;
            make_durable(&mut connection).await?;
            let backend = sqlx::query_as(
                "select pid, backend_start from pg_stat_activity where pid = pg_backend_pid()",
            );
            let mut transaction = as_login(&mut connection).await?;
            let backend = backend.fetch_one(&mut *transaction).await?;
            transaction.commit().await?;
            let mut session = Self { connection, backend };
            let encoder = session.read_encoder().await?;
            Ok((session, encoder))
        };
        let mut opened = in_time(open).await?;
        if !lost.is_empty() {
            *lost = in_time(opened.0.end(lost)).await?;
        }
        Ok(opened)
    }

    /// Terminates server processes, so that their batches can no longer commit; returns those that are still running.
    async fn end(&mut self, lost: &[Backend]) -> Result<Vec<Backend>, sqlx::Error> {
        const THESE: &str = "from unnest($1::integer[], $2::timestamptz[]) as lost (pid, backend_start) \
                             join pg_stat_activity using (pid, backend_start)";
        // All at once, and one that does not end keeps no other waiting: it is looked for again later.
        let terminate = format!("select pg_terminate_backend(pid) {THESE}");
        let alive = format!("select pid, backend_start {THESE}");
        let pids: Vec<i32> = lost.iter().map(|backend| backend.pid).collect();
        let starts: Vec<DateTime<Utc>> = lost.iter().map(|backend| backend.backend_start).collect();
        let mut transaction = as_login(&mut self.connection).await?;
        sqlx::query(&terminate).bind(&pids).bind(&starts).execute(&mut *transaction).await?;
        transaction.commit().await?;
        let until = Instant::now() + ENDING;
        loop {
            let mut transaction = as_login(&mut self.connection).await?;
            let alive: Vec<Backend> =
                sqlx::query_as(&alive).bind(&pids).bind(&starts).fetch_all(&mut *transaction).await?;
            transaction.commit().await?;
            if alive.is_empty() || Instant::now() >= until {
                return Ok(alive);
            }
            sleep(ENDING_PAUSE).await;
        }
    }

    /// The encoder with the newest dictionary; `None` before the log has started.
    pub(super) async fn encoder(&mut self) -> Result<Option<Arc<Encoder>>, sqlx::Error> {
        in_time(self.read_encoder()).await
    }

    async fn read_encoder(&mut self) -> Result<Option<Arc<Encoder>>, sqlx::Error> {
        let newest = "select d.number, d.dictionary from log_head h join log_dictionaries d on d.number = h.dictionary";
        let newest: Option<(i16, Vec<u8>)> =
            sqlx::query_as(newest).fetch_optional(&mut self.connection).await?;
        Ok(newest.map(|(number, dictionary)| Arc::new(Encoder::new(number, &dictionary))))
    }

    pub(super) fn into_backend(self) -> Backend {
        self.backend
    }

    /// Appends the batch in one round trip. Repeated requests cost another one for their original results.
    pub(super) async fn append(&mut self, batch: &[Pending]) -> Result<Vec<Verdict>, Failure> {
        let mut verdicts = in_time(call::append(&mut self.connection, batch)).await?.into_verdicts(batch);
        for verdict in verdicts.iter_mut().filter_map(|verdict| verdict.as_mut().ok()) {
            // A request without events has no event that shows its original result, and needs none.
            if verdict.repeated && verdict.first_position <= verdict.last_position {
                // The batch is committed: an error from here on loses a result, not an append.
                let first =
                    in_time(found::at(&mut self.connection, verdict.first_position, verdict.last_position));
                *verdict = first.await.map_err(|error| Failure::Lost(error.to_string()))?;
            }
        }
        Ok(verdicts)
    }

    /// Determines what a lost batch has committed. Its server process has ended.
    pub(super) async fn settle(&mut self, batch: &[Pending]) -> Result<Vec<Option<Appended>>, sqlx::Error> {
        let settle = async {
            let appends = batch.iter().map(|pending| &pending.append);
            let appends = Appends::find(&mut self.connection, appends).await?;
            let found: Vec<_> = batch.iter().map(|pending| appends.get(&pending.append)).collect();
            if found.iter().any(Option::is_some) {
                await_standby(&mut self.connection).await?;
            }
            Ok(found)
        };
        in_time(settle).await
    }

    /// The log's head, once a synchronous standby is certain to have it.
    pub(super) async fn confirm(&mut self) -> Result<i64, sqlx::Error> {
        let confirm = async {
            let head = "select position from log_head";
            let head = sqlx::query_scalar(head).fetch_one(&mut self.connection).await?;
            await_standby(&mut self.connection).await?;
            Ok(head)
        };
        in_time(confirm).await
    }
}

/// Waits until a synchronous standby has everything that this connection sees. The terminated backend may have
/// committed without the standby's acknowledgement: its append is visible here and may exist nowhere else. A commit of
/// this connection that writes something returns only when the standby has everything before it.
async fn await_standby(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    const MARK: &str = "select set_config('synchronous_commit', case current_setting('synchronous_commit') \
                                                      when 'remote_apply' then 'remote_apply' else 'on' end, true), \
                pg_logical_emit_message(true, 'parking', 'settled')::text";
    let mut transaction = connection.begin().await?;
    sqlx::query(MARK).execute(&mut *transaction).await?;
    transaction.commit().await
}

/// A backend may be seen and terminated only by its own login, which the connection may have left for the writer's
/// role.
async fn as_login(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query("set local role none").execute(&mut *transaction).await?;
    Ok(transaction)
}

/// A returned append must be durable: enables `synchronous_commit` if it is off, and warns if `fsync` is off.
async fn make_durable(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let fsync: String = sqlx::query_scalar(
        "select current_setting('fsync') from (select case when current_setting('synchronous_commit') = 'off' \
                then set_config('synchronous_commit', 'on', false) end) as made_durable",
    )
    .fetch_one(connection)
    .await?;
    if fsync == "off" {
        warn!("the database runs with fsync off: what it acknowledges may be lost when its machine fails");
    }
    Ok(())
}

async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "the database did not answer");
    timeout(ANSWER_TIMEOUT, answer).await.unwrap_or(Err(sqlx::Error::Io(late)))
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let reason = error.to_string();
        let sqlx::Error::Database(refusal) = &error else {
            return Self::Lost(reason);
        };
        let severity = refusal.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
        let fatal = matches!(severity, None | Some(PgSeverity::Fatal | PgSeverity::Panic));
        match refusal.code().as_deref() {
            // The server ends the session; it may have committed first.
            _ if fatal => Self::Lost(reason),
            // Data, integrity or program limits: caused by the events, and the same on every attempt.
            Some(code) if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => {
                Self::Refused(reason)
            }
            // All others concern the database: locks, timeouts, resources, rights, a standby.
            _ => Self::Unavailable(reason),
        }
    }
}
