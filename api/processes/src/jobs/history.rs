//! The history of jobs, in the operational table `ops.job_runs`.

use serde::{Serialize, Serializer};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use super::Job;
use chrono::{DateTime, Utc};
use parking_domain::instant::Instant;

/// Runs kept for each job. For the job that runs every minute this is one day.
const KEPT: i64 = 1440;

/// What started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The schedule.
    Schedule,
    /// A request.
    Request,
}

impl Trigger {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Request => "request",
        }
    }
}

impl Serialize for Trigger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// The outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It completed.
    Succeeded,
    /// It failed.
    Failed,
    /// It exceeded its time limit.
    TimedOut,
    /// The server stopped.
    Cancelled,
    /// Its process died.
    Abandoned,
}

impl Outcome {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Abandoned => "abandoned",
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A run of a job.
#[derive(Clone, Debug, PartialEq, Serialize, FromRow)]
pub struct Run {
    /// Its id.
    pub run_id: Uuid,
    /// The job's name.
    pub job: String,
    /// What started it, as [`Trigger::word`] writes it.
    pub trigger: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it ended; none while it runs.
    pub finished_at: Option<DateTime<Utc>>,
    /// The outcome, as [`Outcome::word`] writes it.
    pub outcome: Option<String>,
    /// The result, in numbers.
    pub result: Option<Value>,
}

/// The newest runs of a job.
#[derive(Debug, Default)]
pub(super) struct Latest {
    pub(super) running: bool,
    pub(super) started_at: Option<Instant>,
    pub(super) ended: Option<Run>,
}

pub(super) async fn latest(pool: &PgPool, job: Job) -> Result<Latest, sqlx::Error> {
    let newest = page_of(pool, job, 2, 0).await?;
    let running = newest.first().is_some_and(|run| run.finished_at.is_none());
    let started_at = newest.first().map(|run| Instant::at_or_before(run.started_at));
    let ended = newest.into_iter().find(|run| run.finished_at.is_some());
    Ok(Latest { running, started_at, ended })
}

pub(super) async fn page(
    pool: &PgPool,
    job: Job,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Run>, i64), sqlx::Error> {
    let total = sqlx::query_scalar("select count(*) from ops.job_runs where job = $1")
        .bind(job.name())
        .fetch_one(pool)
        .await?;
    Ok((page_of(pool, job, limit, offset).await?, total))
}

async fn page_of(pool: &PgPool, job: Job, limit: i64, offset: i64) -> Result<Vec<Run>, sqlx::Error> {
    sqlx::query_as(
        "select run_id, job, trigger, started_at, finished_at, outcome, result from ops.job_runs \
          where job = $1 order by started_at desc, run_id desc limit $2 offset $3",
    )
    .bind(job.name())
    .bind(limit)
    .bind(offset)
    .fetch_all(pool)
    .await
}

/// Records the start of a run. The caller holds the job's lock, so a run that has not ended lost its process.
pub(super) async fn begin(
    connection: &mut PgConnection,
    job: Job,
    run_id: Uuid,
    trigger: Trigger,
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update ops.job_runs set finished_at = $2, outcome = $3 where job = $1 and finished_at is null",
    )
    .bind(job.name())
    .bind(now.utc())
    .bind(Outcome::Abandoned.word())
    .execute(&mut *connection)
    .await?;
    sqlx::query("insert into ops.job_runs (run_id, job, trigger, started_at) values ($1, $2, $3, $4)")
        .bind(run_id)
        .bind(job.name())
        .bind(trigger.word())
        .bind(now.utc())
        .execute(connection)
        .await?;
    Ok(())
}

/// Records the end of a run, and deletes the oldest runs.
pub(super) async fn end(
    connection: &mut PgConnection,
    job: Job,
    run_id: Uuid,
    outcome: Outcome,
    result: Option<Value>,
    now: Instant,
) -> Result<(), sqlx::Error> {
    sqlx::query("update ops.job_runs set finished_at = $2, outcome = $3, result = $4 where run_id = $1")
        .bind(run_id)
        .bind(now.utc())
        .bind(outcome.word())
        .bind(result)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "delete from ops.job_runs where run_id in \
                (select run_id from ops.job_runs where job = $1 order by started_at desc, run_id desc offset $2)",
    )
    .bind(job.name())
    .bind(KEPT)
    .execute(connection)
    .await?;
    Ok(())
}
