//! Carries one projection along the feed: one runner at a time, rows and checkpoint in one transaction.
//!
//! A runner holds a session advisory lock for as long as its connection lives, so a second process waits and takes over
//! when the first one dies. The lock only saves work: what keeps a deposed runner from writing is that the checkpoint
//! moves by compare-and-set.

mod checkpoint;

use std::marker::PhantomData;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::feed::{self, FeedError, RecordedEvent};
use crate::progress::Progress;
use crate::projection::{ApplyError, Poison, Projection};
use checkpoint::Checkpoint;

/// Events folded and written together.
const BATCH: i64 = 1000;

/// How long a runner that heard nothing waits before it looks for itself.
const POLL: Duration = Duration::from_millis(500);

/// How often an event is tried before it counts as poison, and the pause between.
const ATTEMPTS: u32 = 3;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(100);

/// The pause before a new connection after one failed, and before a stopped projection tries its poison event again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);
const STOPPED_PAUSE: Duration = Duration::from_secs(30);

/// Why a runner gave its place up.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("the checkpoint was moved by another runner")]
    Deposed,
    #[error("stopped before position {position}: {failure}")]
    Poisoned { position: i64, failure: String },
}

/// Runs one projection.
pub struct Runner<P> {
    options: PgConnectOptions,
    heads: watch::Receiver<i64>,
    reached: watch::Sender<i64>,
    projection: PhantomData<fn() -> P>,
}

impl<P: Projection> Runner<P> {
    /// A runner with a connection of its own (role projector), woken by `heads`.
    pub fn new(options: PgConnectOptions, heads: watch::Receiver<i64>) -> (Self, Progress) {
        let (reached, progress) = Progress::new();
        (Self { options, heads, reached, projection: PhantomData }, progress)
    }

    /// Runs until stopped, through lost connections and restarts of the database.
    pub async fn run(mut self, stop: CancellationToken) {
        while let Some(result) = stop.run_until_cancelled(self.tenure()).await {
            let pause = match result {
                Err(RunError::Poisoned { position, failure }) => {
                    error!(
                        projection = P::NAME,
                        position, failure, "the projection stopped before a poison event"
                    );
                    STOPPED_PAUSE
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

    /// From taking the lock to losing it. Dropped half-way it leaves nothing half done: an open transaction rolls back.
    async fn tenure(&mut self) -> Result<std::convert::Infallible, RunError> {
        let mut connection = self.options.connect().await?;
        let checkpoint = Checkpoint::of::<P>();
        let mut position = loop {
            let (position, ours) = checkpoint.claim(&mut connection).await?;
            self.reached.send_replace(position);
            if ours {
                break position;
            }
            sleep(POLL).await;
        };
        info!(projection = P::NAME, position, "the projection runs");
        let mut projection = P::default();
        loop {
            self.heads.mark_unchanged();
            let events = feed::read(&mut connection, position, BATCH).await?;
            match events.last() {
                Some(last) => {
                    position = last.position;
                    self.take(&mut connection, &checkpoint, &mut projection, &events).await?;
                }
                None => {
                    // Woken or not, the next read tells.
                    let _woken = timeout(POLL, self.heads.changed()).await;
                }
            }
        }
    }

    /// Applies a batch whole; if that fails, ever smaller parts of it, down to the one event that is to blame.
    async fn take(
        &self,
        connection: &mut PgConnection,
        checkpoint: &Checkpoint,
        projection: &mut P,
        events: &[RecordedEvent],
    ) -> Result<(), RunError> {
        let (mut rest, mut size, mut attempts) = (events, events.len(), 1);
        while let Some(first) = rest.first() {
            let applied = apply(connection, checkpoint, projection, &rest[..size]).await;
            if applied.is_err() {
                // What it took in memory was not written.
                *projection = P::default();
            }
            match applied {
                Ok(position) => {
                    self.reached.send_replace(position);
                    rest = &rest[size..];
                    (size, attempts) = (rest.len(), 1);
                }
                Err(ApplyFailure::Fatal(error)) => return Err(error),
                Err(ApplyFailure::Batch(_)) if size > 1 => size /= 2,
                Err(ApplyFailure::Batch(_)) if attempts < ATTEMPTS => {
                    attempts += 1;
                    sleep(ATTEMPT_PAUSE).await;
                }
                Err(ApplyFailure::Batch(failure)) => {
                    bury::<P>(connection, checkpoint, first.position, &failure.to_string()).await?;
                    self.reached.send_replace(first.position);
                    rest = &rest[1..];
                    (size, attempts) = (rest.len(), 1);
                }
            }
        }
        Ok(())
    }
}

enum ApplyFailure {
    /// The connection or the lock is gone: nothing to do with the events.
    Fatal(RunError),
    /// These events do not go in.
    Batch(ApplyError),
}

/// Applies events that follow each other and moves the checkpoint behind the last, in one transaction.
async fn apply<P: Projection>(
    connection: &mut PgConnection,
    checkpoint: &Checkpoint,
    projection: &mut P,
    events: &[RecordedEvent],
) -> Result<i64, ApplyFailure> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        unreachable!("only called with events");
    };
    let fatal = |error: sqlx::Error| ApplyFailure::Fatal(error.into());
    let mut transaction = connection.begin().await.map_err(fatal)?;
    match projection.apply(&mut transaction, events).await {
        Err(ApplyError::Database(error)) if is_passing(&error) => return Err(fatal(error)),
        Err(error) => {
            transaction.rollback().await.map_err(fatal)?;
            return Err(ApplyFailure::Batch(error));
        }
        Ok(()) => {}
    }
    let moved =
        checkpoint.advance(&mut transaction, first.position - 1, last.position).await.map_err(fatal)?;
    if !moved {
        return Err(ApplyFailure::Fatal(RunError::Deposed));
    }
    transaction.commit().await.map_err(fatal)?;
    Ok(last.position)
}

/// What the projection's policy says about the event at `position`.
async fn bury<P: Projection>(
    connection: &mut PgConnection,
    checkpoint: &Checkpoint,
    position: i64,
    failure: &str,
) -> Result<(), RunError> {
    match P::POISON {
        Poison::Stop => {
            checkpoint.stop(connection, failure).await?;
            Err(RunError::Poisoned { position, failure: failure.to_owned() })
        }
        Poison::DeadLetter => {
            error!(projection = P::NAME, position, failure, "an event became a dead letter");
            let mut transaction = connection.begin().await?;
            checkpoint.note_dead_letter(&mut transaction, position, failure).await?;
            if !checkpoint.advance(&mut transaction, position - 1, position).await? {
                return Err(RunError::Deposed);
            }
            Ok(transaction.commit().await?)
        }
    }
}

/// True for errors that say something about the database's state, not about the events.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(refusal) => refusal.code().is_none_or(|code| {
            ["08", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class))
        }),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_) => false,
        _ => true,
    }
}
