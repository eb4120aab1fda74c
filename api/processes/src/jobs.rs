//! Jobs: work that is done every so often by whoever leads, or at once when somebody asks. Every run is written down.
//!
//! A run holds its job's advisory lock, so a job never runs twice at a time, in whatever processes; it has a time limit, and
//! ends when the server does.

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
use crate::leader::try_lock;
use crate::watcher::Watcher;
use parking_domain::instant::Instant;

pub use history::{Outcome, Run, Trigger};
pub use work::Work;

/// The pause after the schedule could not be kept.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a run that has ended may take to say so.
const LAST_WORD: Duration = Duration::from_secs(2);

/// What is done every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// Lets everything happen that is overdue: the safety net below the scheduler.
    ExpireReservations,
    /// Cleans away what devices reported long ago, in the read model.
    CleanupReadings,
}

impl Job {
    /// All there are.
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

    /// From one scheduled run to the next.
    pub const fn interval(self) -> TimeDelta {
        match self {
            Self::ExpireReservations => TimeDelta::seconds(60),
            Self::CleanupReadings => TimeDelta::hours(24),
        }
    }

    /// When it runs next by schedule: one that never ran, now.
    fn next_run_at(self, started_at: Option<Instant>, now: Instant) -> Instant {
        started_at.map_or(now, |started_at| started_at + self.interval())
    }

    /// How long a run may take.
    const fn limit(self) -> Duration {
        match self {
            Self::ExpireReservations => Duration::from_secs(50),
            Self::CleanupReadings => Duration::from_secs(30 * 60),
        }
    }
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Its name.
    pub job: &'static str,
    /// Seconds from one scheduled run to the next.
    pub interval_sec: i64,
    /// True while it runs, in whatever process.
    pub running: bool,
    /// Its newest run that has ended.
    pub last: Option<Run>,
    /// When it runs next by schedule; one whose time has passed runs as soon as somebody leads.
    pub next_run_at: Instant,
}

/// Why a job was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It runs.
    #[error("the job runs already: wait for it to end")]
    Running,
    /// The server is about to stop.
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
    /// Of role writer, which keeps the operational tables.
    keeper: PgConnectOptions,
    pool: PgPool,
    work: Work,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    watcher: Arc<dyn Watcher>,
    runs: TaskTracker,
    stop: CancellationToken,
}

/// A run that may begin: it holds the job's lock.
struct Begun {
    job: Job,
    run_id: Uuid,
    connection: PgConnection,
}

impl Jobs {
    /// Jobs that do this work; their history is kept with `keeper` (role writer). Runs end when `stop` is cancelled.
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

    /// Where all jobs stand.
    pub async fn list(&self) -> Result<Vec<Standing>, sqlx::Error> {
        let mut standings = Vec::new();
        for job in Job::ALL {
            standings.push(self.standing(job).await?);
        }
        Ok(standings)
    }

    /// Where a job stands.
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

    /// Some of a job's runs, the newest first, and how many there are.
    pub async fn history(&self, job: Job, limit: i64, offset: i64) -> Result<(Vec<Run>, i64), sqlx::Error> {
        history::page(&self.0.pool, job, limit, offset).await
    }

    /// Starts a job now. Answers with the run's id while it runs.
    pub async fn run_now(&self, job: Job) -> Result<Uuid, StartError> {
        let begun = self.begin(job, Trigger::Request).await?;
        let run_id = begun.run_id;
        self.0.runs.spawn(self.clone().run(begun));
        Ok(run_id)
    }

    /// Runs every job when its time has come, until dropped. For whoever leads.
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

    /// Ends what runs, and waits until it has said so. `stop` must have been cancelled.
    pub async fn ended(&self) {
        self.0.runs.close();
        self.0.runs.wait().await;
    }

    /// Starts those whose time has come; when the next one's will.
    async fn run_due(&self) -> Result<Instant, sqlx::Error> {
        let mut first = Instant::MAX;
        for job in Job::ALL {
            let now = self.0.clock.now();
            let mut next = job.next_run_at(history::latest(&self.0.pool, job).await?.started_at, now);
            if next <= now {
                match self.begin(job, Trigger::Schedule).await {
                    Ok(begun) => drop(self.0.runs.spawn(self.clone().run(begun))),
                    // Whoever asked for it was faster: that is this time's run.
                    Err(StartError::Running | StartError::Stopping) => {}
                    Err(StartError::Database(error)) => return Err(error),
                }
                next = now + job.interval();
            }
            first = first.min(next);
        }
        Ok(first)
    }

    async fn begin(&self, job: Job, trigger: Trigger) -> Result<Begun, StartError> {
        if self.0.stop.is_cancelled() || self.0.runs.is_closed() {
            return Err(StartError::Stopping);
        }
        let mut connection = self.0.keeper.connect().await?;
        if !try_lock(&mut connection, job.name()).await? {
            return Err(StartError::Running);
        }
        let (run_id, now) = (self.0.ids.next(), self.0.clock.now());
        history::begin(&mut connection, job, run_id, trigger, now).await?;
        Ok(Begun { job, run_id, connection })
    }

    async fn run(self, begun: Begun) {
        let Begun { job, run_id, mut connection } = begun;
        let started = time::Instant::now();
        let work = timeout(job.limit(), self.0.work.of(job, self.0.clock.now()));
        let (outcome, result) = match self.0.stop.run_until_cancelled(work).await {
            None => (Outcome::Cancelled, None),
            Some(Err(_)) => (Outcome::TimedOut, None),
            Some(Ok(Ok(result))) => (Outcome::Succeeded, Some(result)),
            // What the database said stays in the server's log.
            Some(Ok(Err(error))) => {
                warn!(job = job.name(), %error, "the job failed");
                (Outcome::Failed, None)
            }
        };
        let took = started.elapsed();
        debug!(job = job.name(), ?outcome, ?took, result = ?result.as_ref().map(ToString::to_string), "the job has ended");
        self.0.watcher.job_ended(job, outcome, took);
        let now = self.0.clock.now();
        let said = async {
            history::end(&mut connection, job, run_id, outcome, result, now).await?;
            connection.close().await
        };
        if let Ok(Err(error)) | Err(error) =
            timeout(LAST_WORD, said).await.map_err(|_| sqlx::Error::PoolTimedOut)
        {
            warn!(job = job.name(), %error, "how the job ended could not be written down");
        }
    }
}
