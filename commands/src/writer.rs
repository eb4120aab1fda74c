//! The group-commit writer: one task per process, one round trip per batch.
//!
//! There is no timer: a batch forms from the appends that arrive while the previous one commits. `append_events()`
//! decides each append as a whole, refused appends do not affect the others, and an append with a lost result is
//! settled by looking for its id; only one that is certainly not stored is sent again.

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
use pending::{ConfirmRequest, Pending, WriterRequest};
use task::Task;

pub use counts::Counts;

/// The maximum number of waiting requests; more are refused.
const QUEUE: usize = 2048;

/// A callback for appended events. The writer waits for it, so it must be fast.
pub type Tell = Box<dyn Fn(Vec<Recorded>) + Send>;

/// A handle on the writer task: cheap to clone, safe to share.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<WriterRequest>,
    head: watch::Receiver<i64>,
    encoder: watch::Receiver<Option<Arc<Encoder>>>,
    counts: Arc<Counts>,
}

impl Writer {
    /// Starts the task on a connection of its own. On cancellation it accepts no more appends, answers the waiting
    /// ones, and ends.
    pub fn start(options: PgConnectOptions, stop: CancellationToken) -> (Self, JoinHandle<()>) {
        Self::start_telling(options, None, stop)
    }

    /// As [`Self::start`], and passes appended events to the callback as stored: in order, before the new head is
    /// published. It does not get all events: those of a lost connection's batch and those of other processes must be
    /// read.
    pub fn start_telling(
        options: PgConnectOptions,
        tell: Option<Tell>,
        stop: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (head_sender, head) = watch::channel(0);
        let (encoder_sender, encoder) = watch::channel(None);
        let counts = Arc::new(Counts::default());
        let task = Task::new(options, tell, head_sender, encoder_sender, counts.clone());
        (Self { queue, head, encoder, counts }, tokio::spawn(task.run(waiting, stop)))
    }

    /// Appends; returns once the append is durable or certain not to be.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        check(&append)?;
        reach("append.queued");
        // Reserves the slot first, so that a refused append is not compressed.
        let slot = self.reserve()?;
        let (reply, result) = oneshot::channel();
        // Compressed here, in the caller's task: the writer's task holds the head's lock while it sends a batch.
        let encoder = self.encoder.borrow().clone();
        slot.send(WriterRequest::Append(Pending::new(append, reply, encoder.as_deref())));
        answered(result).await
    }

    /// Returns once everything visible up to a position may be acknowledged, because a synchronous standby has it. A
    /// returned append has waited for that; one that is found by reading may stem from a server process that was
    /// terminated while it waited. Free up to the head that this process knows, one commit beyond.
    pub async fn confirm(&self, position: i64) -> Result<(), AppendError> {
        if position <= *self.head.borrow() {
            return Ok(());
        }
        self.confirm_by_commit(Some(position)).await
    }

    /// As [`Self::confirm`], for everything visible now, including what has no position.
    pub async fn confirm_visible(&self) -> Result<(), AppendError> {
        self.confirm_by_commit(None).await
    }

    async fn confirm_by_commit(&self, position: Option<i64>) -> Result<(), AppendError> {
        let (reply, result) = oneshot::channel();
        let slot = self.reserve().map_err(|refused| match refused {
            // The events that were found may be durable.
            AppendError::Stopped => AppendError::Unsettled("the server is shutting down".into()),
            AppendError::Overloaded => AppendError::Unsettled("too many appends are waiting".into()),
            refused => refused,
        })?;
        slot.send(WriterRequest::Confirm(ConfirmRequest { position, reply }));
        answered(result).await
    }

    fn reserve(&self) -> Result<mpsc::Permit<'_, WriterRequest>, AppendError> {
        self.queue.try_reserve().map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(()) => AppendError::Overloaded,
            mpsc::error::TrySendError::Closed(()) => AppendError::Stopped,
        })
    }

    /// False once the writer has stopped or died: nothing can be appended any more.
    pub fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }

    /// The counters since the start.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The last position that this process knows may be acknowledged; wakes readers that wait for new events.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }
}

/// A writer that stops replies to all requests first; if it does not, it has died, possibly after the commit.
async fn answered<T>(result: oneshot::Receiver<Result<T, AppendError>>) -> Result<T, AppendError> {
    result.await.unwrap_or_else(|_| Err(AppendError::Unsettled("the writer has died".into())))
}

/// Refuses an invalid append before it costs the others in its batch a second round trip.
fn check(append: &Append) -> Result<(), AppendError> {
    let mut streams = HashSet::new();
    let mut changed = HashSet::new();
    let mut taken = HashSet::new();
    let streams_unique = append.streams.iter().all(|s| streams.insert((&s.aggregate_type, &s.aggregate_id)));
    let claims_unique = append.streams.iter().zip(0..).all(|(stream, place)| {
        stream.claims.iter().all(|change| {
            let taken_once = !matches!(change, ClaimChange::Take(claim) if !taken.insert(claim));
            taken_once && changed.insert((place, change.claim()))
        })
    });
    let claims_with_events = append.streams.iter().all(|s| s.claims.is_empty() || !s.events.is_empty());
    let has_effect = append.event_count() > 0 || append.request.is_some();
    if !streams_unique || !claims_unique || !claims_with_events || !has_effect || append.streams.is_empty() {
        return Err(AppendError::Malformed);
    }
    match append.events().map(NewEvent::size).max() {
        Some(size) if size > MAX_EVENT_BYTES => Err(AppendError::TooLarge { size }),
        _ => Ok(()),
    }
}
