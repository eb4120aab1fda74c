//! Waits for what is due, and lets it happen at its second.
//!
//! It sleeps until the next due time that it knows of, and looks again when the read models have moved on. Nothing is kept
//! here: who takes over, after whatever pause, finds what is due in the read models.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use parking_projections::{arrivals, due_times};
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::due::Dues;
use crate::jobs::Jobs;
use crate::leader::Duty;
use crate::silences::SilenceWatch;
use parking_domain::instant::Instant;

/// How long it sleeps at most: a sensor that was just claimed may fall silent within seconds.
const LONGEST: TimeDelta = TimeDelta::seconds(2);

/// The pause after something due came to nothing.
const UNSETTLED_PAUSE: Duration = Duration::from_secs(1);

/// How long it gathers news before it looks: they may come with every uplink.
const NEWS_PAUSE: Duration = Duration::from_millis(100);

/// Lets things happen when they are due. One is enough; several do no harm.
pub struct Scheduler {
    dues: Dues,
    clock: Arc<dyn Clock>,
    reached: watch::Sender<Instant>,
    silences: SilenceWatch,
}

impl Scheduler {
    /// One that goes by this clock, and the time up to which everything has happened.
    pub fn new(dues: Dues, clock: Arc<dyn Clock>) -> (Self, watch::Receiver<Instant>) {
        let (reached, through) = watch::channel(Instant::MIN);
        (Self { dues, clock, reached, silences: SilenceWatch::default() }, through)
    }

    /// With the jobs on their schedule beside it, the duty of who leads.
    pub fn with(self, jobs: Jobs) -> Duties {
        Duties { scheduler: self, jobs }
    }

    async fn follow(&mut self, connection: &mut PgConnection) -> Result<Infallible, sqlx::Error> {
        // Another process may have led meanwhile: what was known of the sensors is worth nothing.
        self.silences = SilenceWatch::default();
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

    /// Lets everything happen that is due at `now` or before; false when it should look again soon.
    async fn look(&mut self, connection: &mut PgConnection, now: Instant) -> Result<bool, sqlx::Error> {
        let passed = self.dues.pass_time(connection, now).await?;
        let noted = self.silences.look(&self.dues, connection, now).await?;
        Ok(!passed.unsettled && !noted.unsettled)
    }

    /// Until the next thing is due, or somebody has come whom a reservation waits for.
    async fn wait(&self, connection: &mut PgConnection, now: Instant) -> Result<(), sqlx::Error> {
        let mut news = News::of(&self.dues);
        loop {
            if !arrivals::first(connection, 1, &self.dues.damaged()).await?.is_empty() {
                return Ok(());
            }
            let until = self.next(connection, now).await?;
            tokio::select! {
                biased;
                () = self.clock.reach(until) => return Ok(()),
                () = news.arrive() => sleep(NEWS_PAUSE).await,
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

/// Everything that who leads has to do.
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

/// That the read models have moved on which say when something is due and who has come.
struct News {
    registry: watch::Receiver<i64>,
    space_occupancy: watch::Receiver<i64>,
}

impl News {
    fn of(dues: &Dues) -> Self {
        let read_models = dues.read_models();
        Self { registry: read_models.registry.news(), space_occupancy: read_models.space_occupancy.news() }
    }

    /// Returns when there are some. Where a read model has stopped there are none any more.
    async fn arrive(&mut self) {
        tokio::select! {
            Ok(()) = self.registry.changed() => {}
            Ok(()) = self.space_occupancy.changed() => {}
            else => pending().await,
        }
    }
}
