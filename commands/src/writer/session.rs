//! The writer's connection: sends a batch, reads the verdicts, finds out what became of a batch that got lost.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::time::timeout;
use uuid::Uuid;

use super::Pending;
use crate::append::{Append, AppendError, Appended, Expected};

/// Nothing slow may stand between the head's lock and its release; these say what slow is.
const LIMITS: [(&str, &str); 3] =
    [("lock_timeout", "2s"), ("statement_timeout", "3s"), ("idle_in_transaction_session_timeout", "5s")];

/// An answer that takes longer than the limits above allow never comes: the connection is dead.
const ANSWER: Duration = Duration::from_secs(4);

const APPEND: &str = "select stream, version, holds, head, stamp \
     from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// What became of one append.
pub(super) type Verdict = Result<Appended, AppendError>;

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

/// What `append_events` says about one stream.
struct StreamVerdict {
    version: i64,
    holds: bool,
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
        timeout(ANSWER, open).await.unwrap_or_else(|_| Err(no_answer()))
    }

    pub(super) fn into_backend(self) -> Backend {
        self.backend
    }

    /// Appends the batch in one round trip.
    pub(super) async fn append(&mut self, batch: &[Pending]) -> Result<Vec<Verdict>, Failure> {
        let answer = timeout(ANSWER, bind(batch).fetch_all(&mut self.connection));
        let rows = answer.await.unwrap_or_else(|_| Err(no_answer()))?;
        let (mut head, mut stamp) = (self.backend.head, DateTime::UNIX_EPOCH);
        let mut streams = Vec::with_capacity(rows.len());
        for row in &rows {
            head = row.try_get("head")?;
            stamp = row.try_get("stamp")?;
            streams.push(StreamVerdict { version: row.try_get("version")?, holds: row.try_get("holds")? });
        }
        let (verdicts, head) = judge(batch, &streams, head, stamp);
        self.backend.head = head;
        Ok(verdicts)
    }

    /// Ends the lost backend, so that nothing of its batch can still commit, and looks for what did.
    pub(super) async fn settle(
        &mut self,
        lost: &Backend,
        batch: &[Pending],
    ) -> Result<Vec<Option<Appended>>, sqlx::Error> {
        timeout(ANSWER, self.end_and_look(lost, batch)).await.unwrap_or_else(|_| Err(no_answer()))
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
        let ids: Vec<Uuid> = batch.iter().map(|pending| pending.append.append_id).collect();
        let rows = sqlx::query(
            "select append_id, aggregate_type, aggregate_id, max(sequence) as version, \
                    min(position) as first, max(position) as last, min(recorded_at) as recorded_at \
             from events where position > $1 and append_id = any($2) group by 1, 2, 3",
        )
        .bind(lost.head)
        .bind(&ids)
        .fetch_all(&mut self.connection)
        .await?;
        batch.iter().map(|pending| found(&pending.append, &rows)).collect()
    }
}

/// The arrays of `append_events`, borrowed from the batch.
fn bind(batch: &[Pending]) -> sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments> {
    let streams = || (0_i32..).zip(batch).flat_map(|(n, p)| p.append.streams.iter().map(move |s| (n, s)));
    let events = || {
        (1_i32..)
            .zip(batch.iter().flat_map(|p| p.append.streams.iter().map(|s| (p.append.append_id, s))))
            .flat_map(|(stream, (append_id, s))| s.events.iter().map(move |event| (stream, append_id, event)))
    };
    sqlx::query(APPEND)
        .bind(streams().map(|(n, _)| n).collect::<Vec<_>>())
        .bind(streams().map(|(_, s)| s.aggregate_type.as_str()).collect::<Vec<_>>())
        .bind(streams().map(|(_, s)| s.aggregate_id.as_str()).collect::<Vec<_>>())
        .bind(streams().map(|(_, s)| expected_version(s.expected)).collect::<Vec<_>>())
        .bind(events().map(|(stream, ..)| stream).collect::<Vec<_>>())
        .bind(events().map(|(_, append_id, _)| append_id).collect::<Vec<_>>())
        .bind(events().map(|(.., e)| e.event_id).collect::<Vec<_>>())
        .bind(events().map(|(.., e)| e.tenant_id).collect::<Vec<_>>())
        .bind(events().map(|(.., e)| e.event_type.as_str()).collect::<Vec<_>>())
        .bind(events().map(|(.., e)| e.event_version.as_str()).collect::<Vec<_>>())
        .bind(events().map(|(.., e)| e.payload.as_str()).collect::<Vec<_>>())
        .bind(events().map(|(.., e)| e.metadata.as_str()).collect::<Vec<_>>())
        .bind(events().map(|(.., e)| e.body.as_deref()).collect::<Vec<_>>())
}

fn expected_version(expected: Expected) -> Option<i64> {
    match expected {
        Expected::Version(version) => Some(version),
        Expected::Exists => Some(-1),
        Expected::Any => None,
    }
}

/// The verdict on each append, by the rule of `append_events`: all its streams hold, or it did not happen. Winners take
/// the positions after the head in the order of the batch. Also gives the head after the batch.
fn judge(
    batch: &[Pending],
    streams: &[StreamVerdict],
    mut head: i64,
    recorded_at: DateTime<Utc>,
) -> (Vec<Verdict>, i64) {
    let mut rest = streams;
    let verdicts = batch
        .iter()
        .map(|Pending { append, .. }| {
            let (own, others) = rest.split_at(append.streams.len().min(rest.len()));
            rest = others;
            if let Some((stream, verdict)) =
                append.streams.iter().zip(own).find(|(_, verdict)| !verdict.holds)
            {
                return Err(AppendError::Conflict {
                    aggregate_type: stream.aggregate_type.clone(),
                    aggregate_id: stream.aggregate_id.clone(),
                    expected: stream.expected,
                    actual: verdict.version,
                });
            }
            let first_position = head + 1;
            head += count(append.event_count());
            let written = append.streams.iter().zip(own).filter(|(s, _)| !s.events.is_empty());
            let versions = written.map(|(s, v)| v.version + count(s.events.len()));
            Ok(Appended { first_position, last_position: head, recorded_at, versions: versions.collect() })
        })
        .collect();
    (verdicts, head)
}

/// What the log holds of an append; `None` when it holds nothing.
fn found(append: &Append, rows: &[sqlx::postgres::PgRow]) -> Result<Option<Appended>, sqlx::Error> {
    let mut done: Option<Appended> = None;
    for stream in &append.streams {
        for row in rows {
            let same = row.try_get::<Uuid, _>("append_id")? == append.append_id
                && row.try_get::<&str, _>("aggregate_type")? == stream.aggregate_type
                && row.try_get::<&str, _>("aggregate_id")? == stream.aggregate_id;
            if same {
                let (first, last, version) =
                    (row.try_get("first")?, row.try_get("last")?, row.try_get("version")?);
                let done = done.get_or_insert(Appended {
                    first_position: first,
                    last_position: last,
                    recorded_at: row.try_get("recorded_at")?,
                    versions: Vec::new(),
                });
                done.first_position = done.first_position.min(first);
                done.last_position = done.last_position.max(last);
                done.versions.push(version);
            }
        }
    }
    Ok(done)
}

fn no_answer() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the database did not answer"))
}

fn count(n: usize) -> i64 {
    i64::try_from(n).expect("a batch is bounded far below 2^63")
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
