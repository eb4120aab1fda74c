//! Jobs: the leader runs them on a schedule, and a request runs one at once. Every run is recorded.
//!
//! A run holds its job's advisory lock, so a job never runs twice at the same time, in any process. It has a time
//! limit, and ends when the server stops.

mod history;
mod work;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use parking_commands::ids::Ids;
use serde::Serialize;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{ConnectOptions, Connection};
use tokio::time::{self, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};
use uuid::Uuid;

use crate::clock::Clock;
use crate::due::Done;
use crate::leader::try_lock;
use crate::watcher::Watcher;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;

pub use history::{Outcome, Run, Trigger};
pub use work::Work;

/// The pause after a failure to read the schedule.
const PAUSE: Duration = Duration::from_secs(1);

/// The time limit for recording the end of a run.
const RECORD_LIMIT: Duration = Duration::from_secs(2);

/// A scheduled job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// Executes everything that is overdue: the safety net of the scheduler.
    ExpireReservations,
    /// Deletes old device reports from the read model.
    CleanupReadings,
}

impl Job {
    /// All jobs.
    pub const ALL: [Self; 2] = [Self::ExpireReservations, Self::CleanupReadings];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExpireReservations => "expire_reservations",
            Self::CleanupReadings => "cleanup_readings",
        }
    }

    /// The job of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|job| job.name() == name)
    }

    /// The interval between scheduled runs.
    pub const fn interval(self) -> TimeDelta {
        match self {
            Self::ExpireReservations => TimeDelta::seconds(60),
            Self::CleanupReadings => TimeDelta::hours(24),
        }
    }

    /// The time of the next scheduled run; now for a job that never ran.
    fn next_run_at(self, started_at: Option<Instant>, now: Instant) -> Instant {
        started_at.map_or(now, |started_at| started_at + self.interval())
    }

    /// The time limit of a run.
    const fn limit(self) -> Duration {
        match self {
            Self::ExpireReservations => Duration::from_secs(50),
            Self::CleanupReadings => Duration::from_secs(30 * 60),
        }
    }
}

/// The status of a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Its name.
    pub job: &'static str,
    /// The interval between scheduled runs, in seconds.
    pub interval_sec: i64,
    /// True while it runs in any process.
    pub running: bool,
    /// The newest run that has ended.
    pub last: Option<Run>,
    /// The next scheduled run; an overdue one starts as soon as a process leads.
    pub next_run_at: Instant,
}

/// Why a job was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It is running.
    #[error("the job runs already: wait for it to end")]
    Running,
    /// The server is stopping.
    #[error("the server is stopping: ask again when it is back")]
    Stopping,
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The jobs of a server. Cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    /// Connects with the role writer, which owns the operational tables.
    keeper: PgConnectOptions,
    pool: PgPool,
    work: Work,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    watcher: Arc<dyn Watcher>,
    runs: TaskTracker,
    stop: CancellationToken,
}

/// A run that holds the job's lock.
struct StartedRun {
    job: Job,
    run_id: Uuid,
    connection: PgConnection,
}

impl Jobs {
    /// Jobs that do this work; `keeper` (role writer) stores their history. Runs end when `stop` is cancelled.
    pub fn new(
        keeper: (PgConnectOptions, PgPool),
        work: Work,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        watcher: Arc<dyn Watcher>,
        stop: CancellationToken,
    ) -> Self {
        let (keeper, pool) = keeper;
        Self(Arc::new(Inner { keeper, pool, work, clock, ids, watcher, runs: TaskTracker::new(), stop }))
    }

    /// The status of all jobs.
    pub async fn list(&self) -> Result<Vec<Standing>, sqlx::Error> {
        let mut standings = Vec::new();
        for job in Job::ALL {
            standings.push(self.standing(job).await?);
        }
        Ok(standings)
    }

    /// The status of a job.
    pub async fn standing(&self, job: Job) -> Result<Standing, sqlx::Error> {
        let latest = history::latest(&self.0.pool, job).await?;
        Ok(Standing {
            job: job.name(),
            interval_sec: job.interval().num_seconds(),
            running: latest.running,
            last: latest.ended,
            next_run_at: job.next_run_at(latest.started_at, self.0.clock.now()),
        })
    }

    /// A page of a job's runs, newest first, and their number.
    pub async fn history(&self, job: Job, limit: i64, offset: i64) -> Result<(Vec<Run>, i64), sqlx::Error> {
        history::page(&self.0.pool, job, limit, offset).await
    }

    /// Starts a job now and returns the run's id at once.
    pub async fn run_now(&self, job: Job) -> Result<Uuid, StartError> {
        let started_run = self.begin(job, Trigger::Request).await?;
        let run_id = started_run.run_id;
        self.0.runs.spawn(self.clone().run(started_run));
        Ok(run_id)
    }

    /// Executes what is overdue at a tenant's spaces now, as [`Job::ExpireReservations`] does for all.
    pub async fn expire(&self, tenant_id: TenantId) -> Result<Done, sqlx::Error> {
        let mut connection = self.0.work.projector.connect().await?;
        self.0.work.dues.pass_time(&mut connection, Some(tenant_id), self.0.clock.now()).await
    }

    /// Runs every job when it is due, until dropped. For the leader.
    pub async fn keep_schedule(&self) -> Infallible {
        loop {
            match self.run_due().await {
                Ok(next) => self.0.clock.reach(next).await,
                Err(error) => {
                    warn!(%error, "the schedule of the jobs cannot be read: trying again");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Waits until the running jobs have recorded their end. `stop` must have been cancelled.
    pub async fn ended(&self) {
        self.0.runs.close();
        self.0.runs.wait().await;
    }

    /// Starts the jobs that are due; returns the time of the next one.
    async fn run_due(&self) -> Result<Instant, sqlx::Error> {
        let mut first = Instant::MAX;
        for job in Job::ALL {
            let now = self.0.clock.now();
            let mut next = job.next_run_at(history::latest(&self.0.pool, job).await?.started_at, now);
            if next <= now {
                match self.begin(job, Trigger::Schedule).await {
                    Ok(started_run) => drop(self.0.runs.spawn(self.clone().run(started_run))),
                    // A request was faster: that is this run.
                    Err(StartError::Running | StartError::Stopping) => {}
                    Err(StartError::Database(error)) => return Err(error),
                }
                next = now + job.interval();
            }
            first = first.min(next);
        }
        Ok(first)
    }

    async fn begin(&self, job: Job, trigger: Trigger) -> Result<StartedRun, StartError> {
        if self.0.stop.is_cancelled() || self.0.runs.is_closed() {
            return Err(StartError::Stopping);
        }
        let mut connection = self.0.keeper.connect().await?;
        if !try_lock(&mut connection, job.name()).await? {
            return Err(StartError::Running);
        }
        let (run_id, now) = (self.0.ids.next(), self.0.clock.now());
        history::begin(&mut connection, job, run_id, trigger, now).await?;
        Ok(StartedRun { job, run_id, connection })
    }

    async fn run(self, started_run: StartedRun) {
        let StartedRun { job, run_id, mut connection } = started_run;
        let started = time::Instant::now();
        let work = timeout(job.limit(), self.0.work.of(job, self.0.clock.now()));
        let (outcome, result) = match self.0.stop.run_until_cancelled(work).await {
            None => (Outcome::Cancelled, None),
            Some(Err(_)) => (Outcome::TimedOut, None),
            Some(Ok(Ok(result))) => (Outcome::Succeeded, Some(result)),
            // The database's message stays in the server's log.
            Some(Ok(Err(error))) => {
                warn!(job = job.name(), %error, "the job failed");
                (Outcome::Failed, None)
            }
        };
        let took = started.elapsed();
        debug!(job = job.name(), ?outcome, ?took, result = ?result.as_ref().map(ToString::to_string), "the job has ended");
        self.0.watcher.job_ended(job, outcome, took);
        let now = self.0.clock.now();
        let recorded = async {
            history::end(&mut connection, job, run_id, outcome, result, now).await?;
            connection.close().await
        };
        if let Ok(Err(error)) | Err(error) =
            timeout(RECORD_LIMIT, recorded).await.map_err(|_| sqlx::Error::PoolTimedOut)
        {
            warn!(job = job.name(), %error, "how the job ended could not be written down");
        }
    }
}
