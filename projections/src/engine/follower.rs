//! A follower: reacts to a history, with a cursor of its own, at least once.
//!
//! Its effects in the database are committed together with its cursor; effects elsewhere happen before the cursor
//! moves, and may happen again after a crash. One process at a time runs a follower, the others wait; or each process
//! runs one of its own, whose cursor ends with it. A follower that is installed for the first time begins at the end of
//! the history, unless it declares the start. One page is read at a time, so a slow follower costs no memory. What it
//! cannot take stops it, or is passed over, as it declares.

mod cursor;
pub mod history;

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::engine::outage::is_outage;
use cursor::HeldCursor;
use history::{Cursor, History, Next};

/// How often entries are tried before they count as poison, and the pause between.
const ATTEMPTS: u32 = 3;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a follower waits for a signal before it reads anyway, and for the lock before it looks again.
const POLL: Duration = Duration::from_millis(500);

/// The pause before reconnecting, and before a stopped follower tries again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(250);
const STOPPED_PAUSE: Duration = Duration::from_secs(30);

/// Where a follower begins that has no cursor yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At the present end: what happened before does not concern it.
    AtTheEnd,
    /// Before the first entry.
    AtTheStart,
}

/// Where a follower runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// In one process at a time, with a stored cursor.
    Once,
    /// In every process that starts it, with a cursor in memory: for what concerns only that process's clients.
    InEveryProcess,
}

/// What to do with an entry that cannot be taken, however often it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPoison {
    /// Stop before it, and try again from time to time.
    Stop,
    /// Count it and go on.
    PassOver,
}

/// Why entries could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The database refused or did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The effect failed.
    #[error("{0}")]
    Effect(String),
}

/// What reacts to a history.
pub trait Follower: Send {
    /// Its name. A stored cursor bears it.
    const NAME: &'static str;
    /// Where it begins.
    const BEGIN: Begin;
    /// What it does with poison.
    const ON_POISON: OnPoison;
    /// Where it runs.
    const RUNS: Runs = Runs::Once;
    /// The entries that it takes at once.
    const BATCH: i64 = 500;
    /// The history that it follows.
    type History: History;

    /// Reacts to entries, in the transaction that moves the cursor. The same entries may come again.
    fn take(
        &mut self,
        connection: &mut PgConnection,
        entries: &[<Self::History as History>::Entry],
    ) -> impl Future<Output = Result<(), TakeError>> + Send;

    /// Entries were deleted or replaced unseen: reacts to the present state instead.
    fn resync(&mut self, connection: &mut PgConnection)
    -> impl Future<Output = Result<(), TakeError>> + Send;
}

/// Why a follower gave up its turn.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error("another process moved the cursor")]
    Deposed,
    #[error("stopped after position {position}: {failure}")]
    Stopped { position: i64, failure: String },
}

/// Runs a follower until stopped, through lost connections; `options` connect with the role projector. It reads
/// whenever `woken` changes. Stopping waits for no effect: what was not committed is done again.
pub async fn run<F: Follower>(
    mut follower: F,
    options: PgConnectOptions,
    mut woken: watch::Receiver<()>,
    stop: CancellationToken,
) {
    let mut reached = None;
    while let Some(result) =
        stop.run_until_cancelled(hold(&mut follower, &options, &mut woken, &mut reached)).await
    {
        let Err(lost) = result;
        let pause = match lost {
            Lost::Stopped { position, failure } => {
                error!(follower = F::NAME, position, failure, "the follower stopped");
                STOPPED_PAUSE
            }
            error => {
                warn!(follower = F::NAME, %error, "the follower lost its cursor: taking it up again");
                RECONNECT_PAUSE
            }
        };
        stop.run_until_cancelled(sleep(pause)).await;
    }
}

/// Waits until no other process runs the follower, then follows until something is lost.
async fn hold<F: Follower>(
    follower: &mut F,
    options: &PgConnectOptions,
    woken: &mut watch::Receiver<()>,
    reached: &mut Option<Cursor>,
) -> Result<Infallible, Lost> {
    let mut connection = options.connect().await?;
    let cursor = loop {
        if let Some(cursor) = HeldCursor::claim::<F>(&mut connection, *reached).await? {
            break cursor;
        }
        sleep(POLL).await;
    };
    *reached = Some(cursor.at);
    info!(follower = F::NAME, position = cursor.at.position, "the follower runs");
    Turn { follower, connection, cursor, reached }.follow(woken).await
}

/// A follower that holds its cursor.
struct Turn<'a, F> {
    follower: &'a mut F,
    connection: PgConnection,
    cursor: HeldCursor,
    /// The cursor of a follower in every process, for its next turn.
    reached: &'a mut Option<Cursor>,
}

impl<F: Follower> Turn<'_, F> {
    async fn follow(mut self, woken: &mut watch::Receiver<()>) -> Result<Infallible, Lost> {
        let (mut limit, mut attempts) = (F::BATCH, 1);
        loop {
            woken.mark_unchanged();
            let next = self.read(limit).await?;
            if matches!(&next, Next::Entries(_, to) if *to == self.cursor.at) {
                // A wake-up or a time-out: the next read decides. Without senders, this polls.
                if let Ok(Err(_)) = timeout(POLL, woken.changed()).await {
                    sleep(POLL).await;
                }
                continue;
            }
            let to = self.target(&next).await?;
            match self.take(&next, to).await? {
                Ok(()) => (limit, attempts) = ((limit * 2).min(F::BATCH), 1),
                // One position at a time, so that the others are taken.
                Err(_) if limit > 1 => limit = 1,
                Err(_) if attempts < ATTEMPTS => {
                    attempts += 1;
                    sleep(ATTEMPT_PAUSE).await;
                }
                Err(failure) => {
                    self.handle_poison(to, failure.to_string()).await?;
                    attempts = 1;
                }
            }
        }
    }

    /// Reads what follows the cursor. What cannot be read, though the database answers, stops the follower.
    async fn read(&mut self, limit: i64) -> Result<Next<<F::History as History>::Entry>, Lost> {
        match F::History::after(&mut self.connection, self.cursor.at, limit).await {
            Err(error) if !is_outage(&error) => Err(self.stop(error.to_string()).await?),
            read => Ok(read?),
        }
    }

    /// Takes entries and moves the cursor, in one transaction. The inner error says that they could not be taken.
    async fn take(
        &mut self,
        next: &Next<<F::History as History>::Entry>,
        to: Cursor,
    ) -> Result<Result<(), TakeError>, Lost> {
        let mut transaction = self.connection.begin().await?;
        let taken = match next {
            Next::Entries(entries, _) if entries.is_empty() => Ok(()),
            Next::Entries(entries, _) => self.follower.take(&mut transaction, entries).await,
            Next::Resync(_) => self.follower.resync(&mut transaction).await,
        };
        match taken {
            Ok(()) => {}
            Err(TakeError::Database(error)) if is_outage(&error) => return Err(error.into()),
            Err(error) => {
                transaction.rollback().await?;
                return Ok(Err(error));
            }
        }
        if !self.cursor.advance(&mut transaction, to, 0).await? {
            return Err(Lost::Deposed);
        }
        transaction.commit().await?;
        self.move_to(to);
        Ok(Ok(()))
    }

    fn move_to(&mut self, to: Cursor) {
        self.cursor.at = to;
        *self.reached = Some(to);
    }

    /// Where the cursor is after this. Rows made anew, by another version, are followed from where the old ones were
    /// left, unless the log does not reach there.
    async fn target(&mut self, next: &Next<<F::History as History>::Entry>) -> Result<Cursor, Lost> {
        match next {
            Next::Entries(_, to) => Ok(*to),
            Next::Resync(end) => {
                let log = F::History::end(&mut self.connection).await?.position;
                Ok(Cursor { position: end.position.max(self.cursor.at.position.min(log)), ..*end })
            }
        }
    }

    async fn handle_poison(&mut self, to: Cursor, failure: String) -> Result<(), Lost> {
        if F::ON_POISON == OnPoison::Stop {
            return Err(self.stop(failure).await?);
        }
        error!(follower = F::NAME, position = to.position, failure, "the follower passed over an entry");
        if !self.cursor.advance(&mut self.connection, to, 1).await? {
            return Err(Lost::Deposed);
        }
        self.move_to(to);
        Ok(())
    }

    async fn stop(&mut self, failure: String) -> Result<Lost, Lost> {
        self.cursor.stop(&mut self.connection, &failure).await?;
        Ok(Lost::Stopped { position: self.cursor.at.position, failure })
    }
}
