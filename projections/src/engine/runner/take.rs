//! Applies a page: whole if possible, else in ever smaller parts down to the poison event.

use std::slice;
use std::time::Duration;

use parking_failpoint::reach;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, warn};

use super::RunError;
use super::checkpoint::Checkpoint;
use crate::engine::exceptions::{Exceptions, HeldStream, Sifted};
use crate::engine::feed::{Page, RecordedEvent};
use crate::engine::outage::is_outage;
use crate::engine::poison::{self, PoisonAction, is_unknown};
use crate::engine::projection::{ApplyError, Projection};
use crate::engine::skips::Skip;

/// How often an event is tried before it counts as poison, and the pause between tries.
const ATTEMPTS: u32 = 3;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(100);

/// Connection options of a taker. A crash loses rows and checkpoint together and the log provides them again, so
/// commits do not wait for the disk. Its memory suffices for a large batch, which would otherwise go through a file.
pub(crate) fn options(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("synchronous_commit", "off"), ("work_mem", "64MB")])
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
    /// The connection or the lock is lost: unrelated to the events.
    Fatal(RunError),
    /// These events cannot be applied.
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

    /// Applies the page's events and moves the checkpoint to its end.
    pub(crate) async fn take(&mut self, page: &Page) -> Result<(), RunError> {
        let (mut rest, mut size, mut attempts) = (&page.events[..], page.events.len(), 1);
        while self.position < page.through {
            // The last event taken, or the end of the page when none of it is left.
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
                    self.handle_poison(&rest[0], &error).await?;
                    rest = &rest[1..];
                    (size, attempts) = (rest.len(), 1);
                }
            }
        }
        Ok(())
    }

    /// Applies consecutive events and moves the checkpoint, in one transaction.
    async fn apply(&mut self, events: &[RecordedEvent], through: i64) -> Result<(), Failure> {
        let result = self.try_apply(events, through).await;
        match &result {
            Ok(()) => self.reach(through),
            // Its memory contains changes that were not written.
            Err(_) => self.projection = P::default(),
        }
        result
    }

    async fn try_apply(&mut self, events: &[RecordedEvent], through: i64) -> Result<(), Failure> {
        reach("projection.read");
        let Sifted { events, skipped, held } = self.exceptions.sift(P::NAME, events);
        if events.is_empty() && skipped.is_empty() && held.is_empty() {
            // A single statement needs no explicit transaction.
            let moved = self.checkpoint.advance(&mut self.connection, self.position, through).await?;
            return if moved { Ok(()) } else { Err(Failure::Fatal(RunError::Deposed)) };
        }
        let mut transaction = self.checkpoint.begin(&mut self.connection).await?;
        // Stored first: what the projection reads again while it applies must leave these out.
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

    /// Stops before an event that the projection cannot apply, or stores the exception and goes on after it.
    async fn handle_poison(&mut self, event: &RecordedEvent, error: &ApplyError) -> Result<(), RunError> {
        let (position, failure) = (event.position, error.to_string());
        let held = match poison::action_for::<P>(event, error, self.exceptions.held()) {
            PoisonAction::Stop => {
                return Err(self.stop(Some(position), format!("position {position}: {failure}")).await?);
            }
            PoisonAction::DeadLetter => {
                error!(projection = P::NAME, position, failure, "an event became a dead letter");
                None
            }
            PoisonAction::HoldBack(tenant_id) => {
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

    /// Marks the projection as stopped, with the poison event and the cause.
    pub(crate) async fn stop(&mut self, before: Option<i64>, failure: String) -> Result<RunError, RunError> {
        self.checkpoint.stop(&mut self.connection, self.position, before, &failure).await?;
        Ok(RunError::Stopped { position: self.position, failure })
    }

    fn reach(&mut self, position: i64) {
        self.position = position;
        self.reached.send_replace(position);
    }
}
