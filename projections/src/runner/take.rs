//! Takes a page in: whole if it goes, else in ever smaller parts down to the event that is to blame.

use std::slice;
use std::time::Duration;

use parking_failpoint::reach;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, warn};

use super::RunError;
use super::checkpoint::Checkpoint;
use crate::exceptions::{Exceptions, HeldStream, Sifted};
use crate::feed::{Page, RecordedEvent};
use crate::outage::is_outage;
use crate::poison::{self, Fate, is_unknown};
use crate::projection::{ApplyError, Projection};
use crate::skips::Skip;

/// How often an event is tried before it counts as poison, and the pause between.
const ATTEMPTS: u32 = 3;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(100);

/// How a taker connects. Rows and checkpoint are lost and kept together and the log brings them again, so nothing waits until
/// they are on disk.
pub(crate) fn options(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("synchronous_commit", "off")])
}

/// A projection at its checkpoint.
pub(crate) struct Taker<P> {
    connection: PgConnection,
    checkpoint: Checkpoint,
    exceptions: Exceptions,
    projection: P,
    position: i64,
    reached: watch::Sender<i64>,
}

enum Failure {
    /// The connection or the lock is gone: nothing to do with the events.
    Fatal(RunError),
    /// These events do not go in.
    Events(ApplyError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Fatal(error.into())
    }
}

impl<P: Projection> Taker<P> {
    pub(crate) fn new(
        connection: PgConnection,
        checkpoint: Checkpoint,
        exceptions: Exceptions,
        position: i64,
        reached: watch::Sender<i64>,
    ) -> Self {
        Self { connection, checkpoint, exceptions, projection: P::default(), position, reached }
    }

    /// Takes the page's events and moves the checkpoint to its end.
    pub(crate) async fn take(&mut self, page: &Page) -> Result<(), RunError> {
        let (mut rest, mut size, mut attempts) = (&page.events[..], page.events.len(), 1);
        while self.position < page.through {
            // Behind the last event taken, or behind the page when nothing of it is left.
            let through = if size == rest.len() { page.through } else { rest[size - 1].position };
            match self.apply(&rest[..size], through).await {
                Ok(()) => {
                    rest = &rest[size..];
                    (size, attempts) = (rest.len(), 1);
                }
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Events(_)) if size > 1 => size /= 2,
                Err(Failure::Events(error)) if attempts < ATTEMPTS && !is_unknown(&error) => {
                    attempts += 1;
                    sleep(ATTEMPT_PAUSE).await;
                }
                Err(Failure::Events(error)) => {
                    self.bury(&rest[0], &error).await?;
                    rest = &rest[1..];
                    (size, attempts) = (rest.len(), 1);
                }
            }
        }
        Ok(())
    }

    /// Applies events that follow each other and moves the checkpoint, in one transaction.
    async fn apply(&mut self, events: &[RecordedEvent], through: i64) -> Result<(), Failure> {
        let result = self.try_apply(events, through).await;
        match &result {
            Ok(()) => self.reach(through),
            // What it took in memory was not written.
            Err(_) => self.projection = P::default(),
        }
        result
    }

    async fn try_apply(&mut self, events: &[RecordedEvent], through: i64) -> Result<(), Failure> {
        reach("projection.read");
        let Sifted { events, skipped, held } = self.exceptions.sift(P::NAME, events);
        if events.is_empty() && skipped.is_empty() && held.is_empty() {
            // One statement is a transaction of its own.
            let moved = self.checkpoint.advance(&mut self.connection, self.position, through).await?;
            return if moved { Ok(()) } else { Err(Failure::Fatal(RunError::Deposed)) };
        }
        let mut transaction = self.checkpoint.begin(&mut self.connection).await?;
        // Noted first: what the projection reads again while it applies leaves these out.
        self.checkpoint.note_exceptions(&mut transaction, &skipped, &held).await?;
        let applied = match &*events {
            [] => Ok(()),
            events => self.projection.apply(&mut transaction, events).await,
        };
        match applied {
            Err(ApplyError::Database(error)) if is_outage(&error) => return Err(error.into()),
            Err(error) => {
                transaction.rollback().await?;
                return Err(Failure::Events(error));
            }
            Ok(()) => {}
        }
        reach("projection.applied");
        if !self.checkpoint.advance(&mut transaction, self.position, through).await? {
            return Err(Failure::Fatal(RunError::Deposed));
        }
        reach("projection.moved");
        transaction.commit().await?;
        reach("projection.committed");
        for Skip { position, reason, .. } in &skipped {
            warn!(projection = P::NAME, position, reason, "an event was skipped");
        }
        for stream in &held {
            self.exceptions.hold(stream);
        }
        Ok(())
    }

    /// Stops before an event that the projection cannot take, or notes it and goes on behind it.
    async fn bury(&mut self, event: &RecordedEvent, error: &ApplyError) -> Result<(), RunError> {
        let (position, failure) = (event.position, error.to_string());
        let held = match poison::fate::<P>(event, error, self.exceptions.held()) {
            Fate::Stops => {
                return Err(self.stop(Some(position), format!("position {position}: {failure}")).await?);
            }
            Fate::DeadLetter => {
                error!(projection = P::NAME, position, failure, "an event became a dead letter");
                None
            }
            Fate::HeldBack(tenant_id) => {
                let (stream, id) = (&event.aggregate_type, &event.aggregate_id);
                error!(projection = P::NAME, position, stream, id, failure, "a stream is held back");
                Some(HeldStream::from(P::NAME, event, tenant_id, &failure))
            }
        };
        let mut transaction = self.checkpoint.begin(&mut self.connection).await?;
        match &held {
            None => self.checkpoint.note_dead_letter(&mut transaction, position, &failure).await?,
            Some(held) => {
                self.checkpoint.note_exceptions(&mut transaction, &[], slice::from_ref(held)).await?;
            }
        }
        if !self.checkpoint.advance(&mut transaction, self.position, position).await? {
            return Err(RunError::Deposed);
        }
        transaction.commit().await?;
        if let Some(stream) = &held {
            self.exceptions.hold(stream);
        }
        self.reach(position);
        Ok(())
    }

    /// Says for all to see that the projection stands still, before which event and why.
    pub(crate) async fn stop(&mut self, before: Option<i64>, failure: String) -> Result<RunError, RunError> {
        self.checkpoint.stop(&mut self.connection, self.position, before, &failure).await?;
        Ok(RunError::Stopped { position: self.position, failure })
    }

    fn reach(&mut self, position: i64) {
        self.position = position;
        self.reached.send_replace(position);
    }
}
