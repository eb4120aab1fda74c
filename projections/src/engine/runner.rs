//! Runs one projection along the feed: one runner at a time, rows and checkpoint in one transaction.
//!
//! A runner holds a session advisory lock while its connection lives; a second process waits and takes over when the
//! first one dies. The lock only saves work: the checkpoint moves by compare-and-set, and that keeps a deposed runner
//! from writing.

mod catch_up;
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

use crate::engine::exceptions::Exceptions;
use crate::engine::feed::{self, FeedError, Page};
use crate::engine::progress::{Progress, Reporter};
use crate::engine::projection::Projection;
use crate::engine::recent::Recent;
use catch_up::CatchUp;
use checkpoint::Checkpoint;
use take::Taker;

/// Events read, folded and written together.
const BATCH: usize = 1000;

/// How long a runner waits for a signal before it reads the log anyway.
const POLL: Duration = Duration::from_millis(500);

/// The pause before reconnecting, and before a stopped projection retries its poison event.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);
const STOPPED_PAUSE: Duration = Duration::from_secs(30);

/// Why a runner stopped or lost its lock.
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
    /// A runner with connections of its own (role projector) that reads the log whenever `woken` changes.
    pub fn new(options: PgConnectOptions, woken: watch::Receiver<()>) -> (Self, Progress) {
        let (reporter, progress) = Reporter::new();
        let recent = Recent::default();
        (Self { options, woken, reporter, recent, linger: Duration::ZERO, projection: PhantomData }, progress)
    }

    /// The same runner, sharing the log's last events with others.
    #[must_use]
    pub fn reading(self, recent: Recent) -> Self {
        Self { recent, ..self }
    }

    /// The same runner, pausing for `linger` after each page that was not full, so that under load it applies events in
    /// sets. The first events after a quiet time do not wait, nor does a reader that waits for a position.
    #[must_use]
    pub fn lingering(self, linger: Duration) -> Self {
        Self { linger, ..self }
    }

    /// Runs until stopped, through lost connections and restarts of the database.
    pub async fn run(mut self, stop: CancellationToken) {
        while let Some(result) = stop.run_until_cancelled(self.hold_lock()).await {
            let pause = match result {
                Err(RunError::Stopped { position, failure }) => {
                    self.reporter.set_stopped(true);
                    error!(projection = P::NAME, position, failure, "the projection stopped");
                    stop.run_until_cancelled(timeout(STOPPED_PAUSE, self.wait_for_retry())).await;
                    // It is tried again, here or in another process.
                    self.reporter.set_stopped(false);
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

    /// Returns when an operator asks for a retry of the event before which the projection stopped, or has skipped it.
    async fn wait_for_retry(&self) {
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

    /// Holds the lock until it is lost. Dropping the future is safe: an open transaction rolls back.
    async fn hold_lock(&mut self) -> Result<Infallible, RunError> {
        self.recent.forget();
        let mut reader = self.options.connect().await?;
        let mut connection = take::options(self.options.clone()).connect().await?;
        let mut checkpoint = Checkpoint::of::<P>();
        let position = self.wait_for_lock(&mut connection, &mut checkpoint).await?;
        self.reporter.set_stopped(false);
        info!(projection = P::NAME, position, "the projection runs");
        // Loaded after the checkpoint no longer says stopped: from then on no event is skipped.
        let exceptions = Exceptions::load(&mut connection, P::NAME).await?;
        let mut taker =
            Taker::<P>::new(connection, checkpoint, exceptions, position, self.reporter.reached().clone());
        let Err(error) = self.follow(&mut reader, &mut taker, position).await;
        match error {
            // Damage: neither skip it nor wait.
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
        let mut catch_up = CatchUp::from(position);
        loop {
            // Reads the next page while a full page is folded and written.
            let ahead = async {
                if !page.full {
                    return None;
                }
                Some(self.recent.read_page(reader, page.through, BATCH, P::STREAMS).await)
            };
            let (done, ahead) = tokio::join!(taker.take(&page), ahead);
            done?;
            catch_up.report(reader, P::NAME, page.through).await?;
            page = if let Some(next) = ahead {
                next?
            } else {
                self.linger().await;
                self.next(reader, page.through).await?
            };
        }
    }

    async fn linger(&self) {
        let _elapsed_or_awaited = timeout(self.linger, self.reporter.awaited()).await;
    }

    /// Waits until no other runner holds the lock; returns the position to go on from.
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

    /// The next page that advances the position; waits for one.
    async fn next(&mut self, reader: &mut PgConnection, after: i64) -> Result<Page, RunError> {
        loop {
            self.woken.mark_unchanged();
            let page = self.recent.read_page(reader, after, BATCH, P::STREAMS).await?;
            if page.through > after {
                return Ok(page);
            }
            // A wake-up or a time-out: the next read decides. When every sender is gone, this polls.
            if let Ok(Err(_)) = timeout(POLL, self.woken.changed()).await {
                sleep(POLL).await;
            }
        }
    }
}
