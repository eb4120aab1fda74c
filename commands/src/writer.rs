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
mod recorded;
mod session;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use parking_bodies::Encoder;
use parking_domain::aggregate::ClaimChange;
use parking_domain::log::Log;
use parking_domain::stored::Recorded;
use parking_failpoint::reach;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::append::{Append, AppendError, Appended, MAX_EVENT_BYTES, NewEvent};
use batch::Batches;
use body::StoredBody;
use call::Verdict;
use session::{Failure, Session};

pub use counts::Counts;

/// Appends that may wait before new ones are refused.
const QUEUE: usize = 2048;

/// How long a batch may wait for the database to come back before its appends are refused.
const PATIENCE: Duration = Duration::from_secs(3);

/// The pause before the next attempt to reach a database that is away.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// An append that waits for its result.
#[derive(Debug)]
struct Pending {
    /// What is asked; its bodies are below.
    append: Append,
    /// The body of each of its events, as it will be stored.
    bodies: Vec<Option<StoredBody>>,
    /// What it weighs as it will be stored, in bytes.
    size: usize,
    /// The streams, claims and requests it must not share with another append of its batch.
    touches: Vec<u64>,
    reply: Reply,
}

type Reply = oneshot::Sender<Result<Appended, AppendError>>;

impl Pending {
    fn new(mut append: Append, reply: Reply, encoder: Option<&Encoder>) -> Self {
        let bodies = body::take(&mut append, encoder);
        let size = append.size() + bodies.iter().flatten().map(|body| body.bytes.len()).sum::<usize>();
        Self { touches: batch::touches(&append), append, bodies, size, reply }
    }

    fn answer(self, result: Result<Appended, AppendError>) {
        answer(self.reply, result);
    }
}

fn answer(reply: Reply, result: Result<Appended, AppendError>) {
    // Nobody listens when the caller has gone away; the append is settled all the same.
    let _gone = reply.send(result);
}

/// Hears of appended events. The writer waits for it: it may not take its time.
pub type Tell = Box<dyn Fn(Vec<Recorded>) + Send>;

/// A handle on the writer task: cheap to clone, safe to share.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Pending>,
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
        let task = Task { options, session: None, tell, raise_head, encode_with, counts: counts.clone() };
        (Self { queue, head, encoder, counts }, tokio::spawn(task.run(waiting, stop)))
    }

    /// Appends, and answers when it is durable or certain not to be.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        check(&append)?;
        reach("append.queued");
        let (reply, result) = oneshot::channel();
        // Compressed here, by the caller's thread: the writer's has the batch to send, and the head is locked meanwhile.
        let encoder = self.encoder.borrow().clone();
        let pending = Pending::new(append, reply, encoder.as_deref());
        self.queue.try_send(pending).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => AppendError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => AppendError::Stopped,
        })?;
        // A writer that stops answers everything first: one that does not has died, maybe after the commit.
        result.await.unwrap_or_else(|_| Err(AppendError::Unsettled("the writer has died".into())))
    }

    /// False once the writer has stopped or died: nothing can be appended any more.
    pub fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }

    /// What it has done so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The last position this process knows of; wakes whoever waits for new events.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }
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

struct Task {
    options: PgConnectOptions,
    session: Option<Session>,
    tell: Option<Tell>,
    raise_head: watch::Sender<i64>,
    encode_with: watch::Sender<Option<Arc<Encoder>>>,
    counts: Arc<Counts>,
}

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<Pending>, stop: CancellationToken) {
        let mut batches = Batches::default();
        loop {
            if batches.is_empty() {
                tokio::select! {
                    biased;
                    () = stop.cancelled(), if !waiting.is_closed() => waiting.close(),
                    next = waiting.recv() => match next {
                        Some(pending) => batches.push(pending),
                        None => return,
                    },
                }
            }
            // No more than a batch and what it may put off: the rest stays in the queue, which is what bounds it.
            while batches.has_room()
                && let Ok(pending) = waiting.try_recv()
            {
                batches.push(pending);
            }
            let batch = batches.take();
            self.commit(batch, Instant::now() + PATIENCE).await;
        }
    }

    /// Answers every append of the batch, whatever happens to the database.
    async fn commit(&mut self, mut batch: Vec<Pending>, deadline: Instant) {
        while !batch.is_empty() {
            let session = match self.session(deadline).await {
                Ok(session) => session,
                Err(reason) => return refuse(batch, &AppendError::Unavailable(reason)),
            };
            reach("append.batched");
            match session.append(&batch).await {
                Ok(verdicts) => {
                    reach("append.committed");
                    self.take_dictionary(&batch).await;
                    self.answer(batch, verdicts);
                    return reach("append.answered");
                }
                Err(Failure::Refused(reason)) if batch.len() == 1 => {
                    error!(reason, "the database refused an event");
                    return refuse(batch, &AppendError::Rejected(reason));
                }
                Err(Failure::Refused(_)) => return self.commit_singly(batch, deadline).await,
                Err(Failure::Unavailable(reason)) => {
                    warn!(reason, "a batch could not commit");
                    // A new connection may meet a database that can.
                    self.session = None;
                    return refuse(batch, &AppendError::Unavailable(reason));
                }
                Err(Failure::Lost(reason)) => {
                    warn!(reason, appends = batch.len(), "the connection broke during a batch: settling it");
                    batch = self.settle(batch, deadline, &reason).await;
                    if Instant::now() >= deadline {
                        // What is left was certainly not stored.
                        return refuse(batch, &AppendError::Unavailable(reason));
                    }
                }
            }
        }
    }

    /// The log's own events may announce a dictionary: what comes next is compressed with it.
    async fn take_dictionary(&mut self, batch: &[Pending]) {
        let of_the_log =
            |pending: &Pending| pending.append.streams.iter().any(|s| s.aggregate_type == Log::TYPE);
        if let Some(session) = &mut self.session
            && batch.iter().any(of_the_log)
        {
            match session.encoder().await {
                Ok(encoder) => drop(self.encode_with.send_replace(encoder)),
                // It is read again with the next connection; until then the older one does.
                Err(error) => warn!(%error, "the newest dictionary could not be read"),
            }
        }
    }

    /// One event that the database refuses must not fail its neighbours.
    async fn commit_singly(&mut self, batch: Vec<Pending>, deadline: Instant) {
        for pending in batch {
            Box::pin(self.commit(vec![pending], deadline)).await;
        }
    }

    /// After a connection was lost during a batch: answers what was committed and gives back what certainly was not.
    async fn settle(&mut self, batch: Vec<Pending>, deadline: Instant, reason: &str) -> Vec<Pending> {
        let Some(lost) = self.session.take() else { return batch };
        let lost = lost.into_backend();
        loop {
            let Ok(session) = self.session(deadline).await else {
                refuse(batch, &AppendError::Unsettled(reason.to_owned()));
                return Vec::new();
            };
            match session.settle(&lost, &batch).await {
                Ok(found) => return self.answer_found(batch, found),
                Err(failure) => {
                    warn!(?failure, "settling a batch failed");
                    self.session = None;
                    if Instant::now() >= deadline {
                        refuse(batch, &AppendError::Unsettled(reason.to_owned()));
                        return Vec::new();
                    }
                    sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    fn answer(&self, batch: Vec<Pending>, verdicts: Vec<Verdict>) {
        let last = verdicts.iter().filter_map(|v| v.as_ref().ok().map(|done| done.last_position)).max();
        self.counts.take(&verdicts);
        let (mut appends, mut replies) = (Vec::new(), Vec::new());
        for Pending { append, reply, .. } in batch {
            appends.push(append);
            replies.push(reply);
        }
        if let Some(tell) = &self.tell {
            tell(recorded::all(appends, &verdicts));
        }
        self.raise(last);
        for (reply, verdict) in replies.into_iter().zip(verdicts) {
            answer(reply, verdict);
        }
    }

    fn answer_found(&self, batch: Vec<Pending>, found: Vec<Option<Appended>>) -> Vec<Pending> {
        self.raise(found.iter().flatten().map(|done| done.last_position).max());
        let mut absent = Vec::new();
        for (pending, found) in batch.into_iter().zip(found) {
            match found {
                Some(done) => pending.answer(Ok(done)),
                None => absent.push(pending),
            }
        }
        absent
    }

    fn raise(&self, last_position: Option<i64>) {
        if let Some(position) = last_position {
            self.raise_head.send_if_modified(|head| std::mem::replace(head, position.max(*head)) < position);
        }
    }

    /// The connection, made again if there is none, until the deadline.
    async fn session(&mut self, deadline: Instant) -> Result<&mut Session, String> {
        while self.session.is_none() {
            match Session::open(&self.options).await {
                Ok((session, encoder)) => {
                    self.encode_with.send_replace(encoder);
                    self.session = Some(session);
                }
                Err(error) if Instant::now() >= deadline => return Err(error.to_string()),
                Err(_) => sleep(RETRY_PAUSE).await,
            }
        }
        Ok(self.session.as_mut().expect("set by the loop above"))
    }
}

fn refuse(batch: Vec<Pending>, error: &AppendError) {
    for pending in batch {
        pending.answer(Err(error.clone()));
    }
}
