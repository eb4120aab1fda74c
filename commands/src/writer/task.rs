//! The writer's task: forms batches, commits them, and settles batches after a connection is lost.

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use parking_bodies::Encoder;
use parking_domain::log::Log;
use parking_failpoint::reach;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::batch::Batches;
use super::call::Verdict;
use super::pending::{ConfirmRequest, Pending, WriterRequest, answer, refuse};
use super::session::{Backend, Failure, Session};
use super::{Counts, QUEUE, Tell, recorded};
use crate::append::{AppendError, Appended};

/// How long a batch waits for the database before its appends are refused.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(3);

/// The pause before the next attempt to reach the database.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The task and its state.
pub(super) struct Task {
    options: PgConnectOptions,
    session: Option<Session>,
    /// Server processes of former sessions that may still work or wait for a standby; the next session terminates them.
    lost: Vec<Backend>,
    tell: Option<Tell>,
    head_sender: watch::Sender<i64>,
    encoder_sender: watch::Sender<Option<Arc<Encoder>>>,
    counts: Arc<Counts>,
}

impl Task {
    pub(super) fn new(
        options: PgConnectOptions,
        tell: Option<Tell>,
        head_sender: watch::Sender<i64>,
        encoder_sender: watch::Sender<Option<Arc<Encoder>>>,
        counts: Arc<Counts>,
    ) -> Self {
        Self { options, session: None, lost: Vec::new(), tell, head_sender, encoder_sender, counts }
    }

    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<WriterRequest>, stop: CancellationToken) {
        let (mut batches, mut confirms) = (Batches::default(), Vec::new());
        let take = |batches: &mut Batches, confirms: &mut Vec<ConfirmRequest>, request| match request {
            WriterRequest::Append(pending) => batches.push(pending),
            WriterRequest::Confirm(confirm) => confirms.push(confirm),
        };
        loop {
            if batches.is_empty() {
                tokio::select! {
                    biased;
                    () = stop.cancelled(), if !waiting.is_closed() => waiting.close(),
                    next = waiting.recv() => match next {
                        Some(request) => take(&mut batches, &mut confirms, request),
                        None => return,
                    },
                }
            }
            // Takes no more than a batch and the appends it may defer; the rest stays in the queue, whose capacity is
            // the limit.
            while batches.has_room()
                && confirms.len() < QUEUE
                && let Ok(request) = waiting.try_recv()
            {
                take(&mut batches, &mut confirms, request);
            }
            if !batches.is_empty() {
                let batch = batches.take();
                self.commit(batch, Instant::now() + COMMIT_TIMEOUT).await;
            }
            // A batch that has just committed confirms most of them.
            self.confirm(std::mem::take(&mut confirms), Instant::now() + COMMIT_TIMEOUT).await;
        }
    }

    /// Answers every append of the batch, whatever the database does.
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
                    self.update_encoder(&batch).await;
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
                    // A new connection may reach a database that can commit.
                    self.session = None;
                    return refuse(batch, &AppendError::Unavailable(reason));
                }
                Err(Failure::Lost(reason)) => {
                    warn!(reason, appends = batch.len(), "the connection broke during a batch: settling it");
                    batch = self.settle(batch, deadline, &reason).await;
                    if Instant::now() >= deadline {
                        // The remaining appends were certainly not stored. A request without events leaves no append
                        // id to look for: only sending it again tells.
                        let (absent, in_doubt) = batch.into_iter().partition(Pending::has_events);
                        refuse(in_doubt, &AppendError::Unsettled(reason.clone()));
                        return refuse(absent, &AppendError::Unavailable(reason));
                    }
                }
            }
        }
    }

    /// After an event of the log's own stream: reads the newest dictionary, for the bodies that follow.
    async fn update_encoder(&mut self, batch: &[Pending]) {
        let is_log_event =
            |pending: &Pending| pending.append.streams.iter().any(|s| s.aggregate_type == Log::TYPE);
        if let Some(session) = &mut self.session
            && batch.iter().any(is_log_event)
        {
            match session.encoder().await {
                Ok(encoder) => drop(self.encoder_sender.send_replace(encoder)),
                // The dictionary is read again with the next connection; the older one is used until then.
                Err(error) => warn!(%error, "the newest dictionary could not be read"),
            }
        }
    }

    /// Commits each append separately, so that one refused event does not fail the others.
    async fn commit_singly(&mut self, batch: Vec<Pending>, deadline: Instant) {
        for pending in batch {
            Box::pin(self.commit(vec![pending], deadline)).await;
        }
    }

    /// After a lost connection: answers the appends that were committed and returns those that certainly were not. All that
    /// are still in doubt at the deadline are answered `Unsettled`.
    async fn settle(&mut self, batch: Vec<Pending>, deadline: Instant, reason: &str) -> Vec<Pending> {
        self.drop_session();
        loop {
            let Ok(session) = self.session(deadline).await else {
                refuse(batch, &AppendError::Unsettled(reason.to_owned()));
                return Vec::new();
            };
            match session.settle(&batch).await {
                // While a lost server process is running, an absent append may still commit.
                Ok(found) if self.lost.is_empty() => return self.answer_found(batch, found),
                settled => {
                    warn!(failure = ?settled.err(), "a batch is not settled");
                    self.drop_session();
                    if Instant::now() >= deadline {
                        refuse(batch, &AppendError::Unsettled(reason.to_owned()));
                        return Vec::new();
                    }
                    sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    /// Answers confirmations; one commit covers all of them.
    async fn confirm(&mut self, confirms: Vec<ConfirmRequest>, deadline: Instant) {
        let certain = |task: &Self| {
            let head = *task.head_sender.borrow();
            confirms.iter().all(|confirm| confirm.position.is_some_and(|position| position <= head))
        };
        let (mut reason, mut committed) = ("the head is before the position".to_owned(), false);
        while !certain(self) {
            match self.session(deadline).await {
                Err(error) => reason = error,
                Ok(session) => match session.confirm().await {
                    Ok(head) => {
                        self.publish_head(Some(head));
                        committed = true;
                        break;
                    }
                    Err(error) => {
                        warn!(%error, "the head could not be confirmed");
                        reason = error.to_string();
                        self.drop_session();
                    }
                },
            }
            if Instant::now() >= deadline {
                break;
            }
            sleep(RETRY_PAUSE).await;
        }
        let head = *self.head_sender.borrow();
        for ConfirmRequest { position, reply } in confirms {
            let unsettled = || AppendError::Unsettled(reason.clone());
            let is_certain = position.map_or(committed, |position| position <= head);
            answer(reply, if is_certain { Ok(()) } else { Err(unsettled()) });
        }
    }

    fn answer(&self, batch: Vec<Pending>, verdicts: Vec<Verdict>) {
        let last = verdicts.iter().filter_map(|v| v.as_ref().ok().map(|done| done.last_position)).max();
        self.counts.add(&verdicts);
        let (mut appends, mut replies) = (Vec::new(), Vec::new());
        for Pending { append, reply, .. } in batch {
            appends.push(append);
            replies.push(reply);
        }
        if let Some(tell) = &self.tell {
            tell(recorded::all(appends, &verdicts));
        }
        self.publish_head(last);
        for (reply, verdict) in replies.into_iter().zip(verdicts) {
            answer(reply, verdict);
        }
    }

    fn answer_found(&self, batch: Vec<Pending>, found: Vec<Option<Appended>>) -> Vec<Pending> {
        self.publish_head(found.iter().flatten().map(|done| done.last_position).max());
        let mut absent = Vec::new();
        for (pending, found) in batch.into_iter().zip(found) {
            match found {
                Some(done) => answer(pending.reply, Ok(done)),
                None => absent.push(pending),
            }
        }
        absent
    }

    fn publish_head(&self, last_position: Option<i64>) {
        if let Some(position) = last_position {
            self.head_sender.send_if_modified(|head| std::mem::replace(head, position.max(*head)) < position);
        }
    }

    /// Drops the connection and remembers its server process, because closing a connection does not end one that waits
    /// for a standby.
    fn drop_session(&mut self) {
        self.lost.extend(self.session.take().map(Session::into_backend));
    }

    /// The session, or a new one; tries until the deadline. A new one ends the server processes of lost ones.
    async fn session(&mut self, deadline: Instant) -> Result<&mut Session, String> {
        while self.session.is_none() {
            match Session::open(&self.options, &mut self.lost).await {
                Ok((session, encoder)) => {
                    self.encoder_sender.send_replace(encoder);
                    self.session = Some(session);
                }
                Err(error) if Instant::now() >= deadline => return Err(error.to_string()),
                Err(_) => sleep(RETRY_PAUSE).await,
            }
        }
        Ok(self.session.as_mut().expect("set by the loop above"))
    }
}
