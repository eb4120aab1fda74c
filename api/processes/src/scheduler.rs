//! Waits for what is due, and executes it in its second.
//!
//! It sleeps until the next due time, and looks again when due times may have changed. It keeps no state: a new
//! leader, after any pause, finds what is due in the read models.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use parking_projections::registry::{Registry, due_times};
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::due::Dues;
use crate::jobs::Jobs;
use crate::leader::Duty;
use crate::silences::SilenceWatch;
use parking_domain::instant::Instant;

/// The longest sleep: a sensor that was just claimed may fall silent within seconds.
const LONGEST: TimeDelta = TimeDelta::seconds(2);

/// The pause after something due appended nothing.
const UNSETTLED_PAUSE: Duration = Duration::from_secs(1);

/// How long it collects changes before it looks: they may come with every uplink.
const NEWS_PAUSE: Duration = Duration::from_millis(100);

/// Executes what is due. One is enough; several do no harm.
pub struct Scheduler {
    dues: Dues,
    clock: Arc<dyn Clock>,
    reached: watch::Sender<Instant>,
    silences: SilenceWatch,
}

impl Scheduler {
    /// A scheduler on this clock, and the time up to which it has executed everything.
    pub fn new(dues: Dues, clock: Arc<dyn Clock>) -> (Self, watch::Receiver<Instant>) {
        let (reached, through) = watch::channel(Instant::MIN);
        (Self { dues, clock, reached, silences: SilenceWatch::default() }, through)
    }

    /// Adds the scheduled jobs: together they are the leader's duties.
    pub fn with(self, jobs: Jobs) -> Duties {
        Duties { scheduler: self, jobs }
    }

    async fn follow(&mut self, connection: &mut PgConnection) -> Result<Infallible, sqlx::Error> {
        // Another process may have led meanwhile: the cache of sensors is invalid.
        self.silences = SilenceWatch::default();
        self.dues.forget_damaged();
        loop {
            let now = self.clock.now();
            let settled = self.look(connection, now).await?;
            if settled {
                self.reached.send_replace(now);
                self.wait(connection, now).await?;
            } else {
                sleep(UNSETTLED_PAUSE).await;
            }
        }
    }

    /// Executes everything due at `now` or before; false if it should look again soon.
    async fn look(&mut self, connection: &mut PgConnection, now: Instant) -> Result<bool, sqlx::Error> {
        let passed = self.dues.pass_time(connection, None, now).await?;
        let noted = self.silences.look(&self.dues, connection, now).await?;
        Ok(!passed.unsettled && !noted.unsettled)
    }

    /// Waits until the next due time. Arrivals meanwhile are the concern of [`Arrivals`](crate::arrivals::Arrivals).
    async fn wait(&self, connection: &mut PgConnection, now: Instant) -> Result<(), sqlx::Error> {
        let mut news = self.dues.progress().of::<Registry>().news();
        loop {
            let until = self.next(connection, now).await?;
            tokio::select! {
                biased;
                () = self.clock.reach(until) => return Ok(()),
                Ok(()) = news.changed() => sleep(NEWS_PAUSE).await,
            }
        }
    }

    async fn next(&self, connection: &mut PgConnection, now: Instant) -> Result<Instant, sqlx::Error> {
        let due = due_times::first(connection, &self.dues.damaged()).await?;
        let at_the_latest = now + LONGEST;
        Ok([due, self.silences.next()].into_iter().flatten().fold(at_the_latest, Ord::min))
    }
}

impl Duty for Scheduler {
    async fn perform(&mut self, connection: &mut PgConnection) -> Result<Infallible, sqlx::Error> {
        self.follow(connection).await
    }
}

/// All duties of the leader.
pub struct Duties {
    scheduler: Scheduler,
    jobs: Jobs,
}

impl Duty for Duties {
    async fn perform(&mut self, connection: &mut PgConnection) -> Result<Infallible, sqlx::Error> {
        tokio::select! {
            lost = self.scheduler.follow(connection) => lost,
            never = self.jobs.keep_schedule() => match never {},
        }
    }
}
