//! Carries one projection along the feed: one runner at a time, rows and checkpoint in one transaction.
//!
//! A runner holds a session advisory lock for as long as its connection lives, so a second process waits and takes over
//! when the first one dies. The lock only saves work: what keeps a deposed runner from writing is that the checkpoint
//! moves by compare-and-set.

pub(crate) mod checkpoint;
pub(crate) mod take;

use std::convert::Infallible;
use std::marker::PhantomData;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::exceptions::Exceptions;
use crate::feed::{self, FeedError, Page};
use crate::progress::{Progress, Reporter};
use crate::projection::Projection;
use crate::recent::Recent;
use checkpoint::Checkpoint;
use take::Taker;

/// Events looked at, folded and written together.
const BATCH: usize = 1000;

/// How long a runner that heard nothing waits before it looks for itself.
const POLL: Duration = Duration::from_millis(500);

/// The pause before a new connection after one failed, and before a stopped projection tries its poison event again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);
const STOPPED_PAUSE: Duration = Duration::from_secs(30);

/// Why a runner gave its place up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the checkpoint was moved by another runner")]
    Deposed,
    #[error("stopped after position {position}: {failure}")]
    Stopped { position: i64, failure: String },
}

/// Runs one projection.
pub struct Runner<P> {
    options: PgConnectOptions,
    woken: watch::Receiver<()>,
    reporter: Reporter,
    recent: Recent,
    linger: Duration,
    projection: PhantomData<fn() -> P>,
}

impl<P: Projection> Runner<P> {
    /// A runner with connections of its own (role projector), that looks at the log whenever `woken` changes.
    pub fn new(options: PgConnectOptions, woken: watch::Receiver<()>) -> (Self, Progress) {
        let (reporter, progress) = Reporter::new();
        let recent = Recent::default();
        (Self { options, woken, reporter, recent, linger: Duration::ZERO, projection: PhantomData }, progress)
    }

    /// The same runner, reading the log's end together with others.
    #[must_use]
    pub fn reading(self, recent: Recent) -> Self {
        Self { recent, ..self }
    }

    /// The same runner, pausing so long after each page that was not full, so that under load it takes events in sets and
    /// not one by one. The first events after a quiet time do not wait, nor does a reader who waits for a position.
    #[must_use]
    pub fn lingering(self, linger: Duration) -> Self {
        Self { linger, ..self }
    }

    /// Runs until stopped, through lost connections and restarts of the database.
    pub async fn run(mut self, stop: CancellationToken) {
        while let Some(result) = stop.run_until_cancelled(self.tenure()).await {
            let pause = match result {
                Err(RunError::Stopped { position, failure }) => {
                    error!(projection = P::NAME, position, failure, "the projection stopped");
                    stop.run_until_cancelled(timeout(STOPPED_PAUSE, self.until_asked())).await;
                    continue;
                }
                Err(error) => {
                    warn!(projection = P::NAME, %error, "the projection lost its place: taking it up again");
                    RECONNECT_PAUSE
                }
                Ok(never) => match never {},
            };
            stop.run_until_cancelled(sleep(pause)).await;
        }
    }

    /// Returns when somebody wants the event tried again before which the projection stopped, or has skipped it.
    async fn until_asked(&self) {
        let checkpoint = Checkpoint::of::<P>();
        loop {
            let look = async {
                let mut connection = self.options.connect().await?;
                while checkpoint.is_stopped(&mut connection).await? {
                    sleep(POLL).await;
                }
                Ok::<_, sqlx::Error>(())
            };
            match look.await {
                Ok(()) => return,
                Err(error) => debug!(projection = P::NAME, %error, "the checkpoint cannot be read"),
            }
            sleep(POLL).await;
        }
    }

    /// From taking the lock to losing it. Dropped half-way it leaves nothing half done: an open transaction rolls back.
    async fn tenure(&mut self) -> Result<Infallible, RunError> {
        self.recent.forget();
        let mut reader = self.options.connect().await?;
        let mut connection = take::options(self.options.clone()).connect().await?;
        let mut checkpoint = Checkpoint::of::<P>();
        let position = self.wait_for_lock(&mut connection, &mut checkpoint).await?;
        info!(projection = P::NAME, position, "the projection runs");
        // Read after the checkpoint says that it does not stand still any more: nothing is skipped from then on.
        let exceptions = Exceptions::load(&mut connection, P::NAME).await?;
        let mut taker =
            Taker::<P>::new(connection, checkpoint, exceptions, position, self.reporter.reached().clone());
        let Err(error) = self.follow(&mut reader, &mut taker, position).await;
        match error {
            // Damage: to step over it or to wait for it would be wrong alike.
            RunError::Feed(gap @ (FeedError::Gap { .. } | FeedError::Short { .. })) => {
                Err(taker.stop(None, gap.to_string()).await?)
            }
            error => Err(error),
        }
    }

    async fn follow(
        &mut self,
        reader: &mut PgConnection,
        taker: &mut Taker<P>,
        position: i64,
    ) -> Result<Infallible, RunError> {
        feed::check_reach(reader, position).await?;
        let mut page = self.next(reader, position).await?;
        loop {
            // While a full page is folded and written, the one after it is read.
            let ahead = async {
                if !page.full {
                    return None;
                }
                Some(self.recent.read_page(reader, page.through, BATCH, P::STREAMS).await)
            };
            let (done, ahead) = tokio::join!(taker.take(&page), ahead);
            done?;
            page = if let Some(next) = ahead {
                next?
            } else {
                self.linger().await;
                self.next(reader, page.through).await?
            };
        }
    }

    async fn linger(&self) {
        let _over_or_awaited = timeout(self.linger, self.reporter.awaited()).await;
    }

    /// Waits for whoever runs the projection to end; the position from which to go on.
    async fn wait_for_lock(
        &self,
        connection: &mut PgConnection,
        checkpoint: &mut Checkpoint,
    ) -> Result<i64, RunError> {
        loop {
            let (position, ours) = checkpoint.claim(connection).await?;
            self.reporter.reached().send_replace(position);
            if ours {
                return Ok(position);
            }
            sleep(POLL).await;
        }
    }

    /// The next page with anything in it; waits for one.
    async fn next(&mut self, reader: &mut PgConnection, after: i64) -> Result<Page, RunError> {
        loop {
            self.woken.mark_unchanged();
            let page = self.recent.read_page(reader, after, BATCH, P::STREAMS).await?;
            if page.through > after {
                return Ok(page);
            }
            // Woken or not, the next read tells. When nobody is left to wake anybody, it is polling.
            if let Ok(Err(_)) = timeout(POLL, self.woken.changed()).await {
                sleep(POLL).await;
            }
        }
    }
}
