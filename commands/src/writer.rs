//! The group-commit writer: one task per process, one round trip per batch.
//!
//! There is no timer: a batch forms from what waits while the one before it commits. Each append is decided whole
//! inside `append_events()`, losers do not harm their neighbours, and an append whose answer was lost is settled by
//! looking for its id, never by sending it again blindly.

mod batch;
mod body;
mod call;
mod counts;
mod found;
mod pending;
mod recorded;
mod session;
mod task;

use std::collections::HashSet;
use std::sync::Arc;

use parking_bodies::Encoder;
use parking_domain::aggregate::ClaimChange;
use parking_domain::stored::Recorded;
use parking_failpoint::reach;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::append::{Append, AppendError, Appended, MAX_EVENT_BYTES, NewEvent};
use pending::{Asked, Doubt, Pending};
use task::Task;

pub use counts::Counts;

/// Appends and questions that may wait before new ones are refused.
const QUEUE: usize = 2048;

/// Hears of appended events. The writer waits for it: it may not take its time.
pub type Tell = Box<dyn Fn(Vec<Recorded>) + Send>;

/// A handle on the writer task: cheap to clone, safe to share.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Asked>,
    head: watch::Receiver<i64>,
    encoder: watch::Receiver<Option<Arc<Encoder>>>,
    counts: Arc<Counts>,
}

impl Writer {
    /// Starts the task on a connection of its own. Cancelled, it stops taking appends, answers those that wait, and
    /// ends.
    pub fn start(options: PgConnectOptions, stop: CancellationToken) -> (Self, JoinHandle<()>) {
        Self::start_telling(options, None, stop)
    }

    /// The same, and what is appended is told as the log now holds it: in order, before anybody hears of the new head. Not
    /// everything is: what a lost connection left in doubt and what other processes append has to be read.
    pub fn start_telling(
        options: PgConnectOptions,
        tell: Option<Tell>,
        stop: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (raise_head, head) = watch::channel(0);
        let (encode_with, encoder) = watch::channel(None);
        let counts = Arc::new(Counts::default());
        let task = Task::new(options, tell, raise_head, encode_with, counts.clone());
        (Self { queue, head, encoder, counts }, tokio::spawn(task.run(waiting, stop)))
    }

    /// Appends, and answers when it is durable or certain not to be.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        check(&append)?;
        reach("append.queued");
        // The place comes first: an append that has none is not compressed for nothing.
        let place = self.place()?;
        let (reply, result) = oneshot::channel();
        // Compressed here, by the caller's thread: the writer's has the batch to send, and the head is locked meanwhile.
        let encoder = self.encoder.borrow().clone();
        place.send(Asked::Append(Pending::new(append, reply, encoder.as_deref())));
        answered(result).await
    }

    /// Answers once what the log shows up to a position may be acknowledged: a synchronous standby has it. An append
    /// that came back has waited for that; one that a reader finds may be left from a server process that was ended while
    /// it waited. Costs nothing up to the head that this process knows of, and a commit beyond.
    pub async fn confirm(&self, position: i64) -> Result<(), AppendError> {
        if position <= *self.head.borrow() {
            return Ok(());
        }
        let (reply, result) = oneshot::channel();
        let place = self.place().map_err(|refused| match refused {
            // What was found may be stored for good.
            AppendError::Stopped => AppendError::Unsettled("the server is shutting down".into()),
            refused => refused,
        })?;
        place.send(Asked::Confirm(Doubt { position, reply }));
        answered(result).await
    }

    fn place(&self) -> Result<mpsc::Permit<'_, Asked>, AppendError> {
        self.queue.try_reserve().map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(()) => AppendError::Overloaded,
            mpsc::error::TrySendError::Closed(()) => AppendError::Stopped,
        })
    }

    /// False once the writer has stopped or died: nothing can be appended any more.
    pub fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }

    /// What it has done so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The last position of which this process knows that it may be acknowledged; wakes whoever waits for new events.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }
}

/// A writer that stops answers everything first: one that does not has died, maybe after the commit.
async fn answered<T>(result: oneshot::Receiver<Result<T, AppendError>>) -> Result<T, AppendError> {
    result.await.unwrap_or_else(|_| Err(AppendError::Unsettled("the writer has died".into())))
}

/// Refuses what the log could not take, before it can cost its neighbours a second round trip.
fn check(append: &Append) -> Result<(), AppendError> {
    let mut streams = HashSet::new();
    let mut changed = HashSet::new();
    let mut taken = HashSet::new();
    let each_stream_once =
        append.streams.iter().all(|s| streams.insert((&s.aggregate_type, &s.aggregate_id)));
    let each_claim_once = append.streams.iter().zip(0..).all(|(stream, place)| {
        stream.claims.iter().all(|change| {
            let taken_once = !matches!(change, ClaimChange::Take(claim) if !taken.insert(claim));
            taken_once && changed.insert((place, change.claim()))
        })
    });
    let claims_with_events = append.streams.iter().all(|s| s.claims.is_empty() || !s.events.is_empty());
    if !each_stream_once || !each_claim_once || !claims_with_events || append.event_count() == 0 {
        return Err(AppendError::Malformed);
    }
    match append.events().map(NewEvent::size).max() {
        Some(size) if size > MAX_EVENT_BYTES => Err(AppendError::TooLarge { size }),
        _ => Ok(()),
    }
}
