//! What defines a projection: name, version, tables, and how a batch of events becomes rows.

use std::future::Future;

use parking_domain::stored::{DecodeError, Event};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::feed::RecordedEvent;

/// A decoded event with its record in the log.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The record.
    pub recorded: &'a RecordedEvent,
    /// The event.
    pub event: &'a Event,
}

impl<'a> Decoded<'a> {
    /// Decodes a batch, once for all read models of all projections.
    pub fn all(events: &'a [RecordedEvent]) -> Result<Vec<Self>, DecodeError> {
        let decode = |recorded: &'a RecordedEvent| Ok(Self { event: recorded.event()?, recorded });
        events.iter().map(decode).collect()
    }

    /// The id of the event's stream, where it is a UUID.
    pub fn stream_uuid(&self) -> Option<Uuid> {
        self.recorded.aggregate_id.parse().ok()
    }
}

/// What to do with an event without a tenant that a projection cannot apply, however often it tries. A tenant's event
/// holds its stream back instead, and a network report always becomes a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poison {
    /// Stop before it, so that no row is ever wrong. For what money or a barrier depends on.
    Stop,
    /// Note it as a dead letter and go on. For telemetry.
    DeadLetter,
}

/// Why a batch could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The database refused or did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// An event does not decode.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// The tables of a read model.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// The tables that queries read. Their rows do not depend on how events were batched.
    pub names: &'static [&'static str],
    /// The tables that only the projection itself reads.
    pub internal: &'static [&'static str],
    /// Creates missing tables in the first schema of the search path, with row-level security.
    pub schema: &'static str,
}

/// One or several read models that apply the log together. Each runner that takes over starts from a new value, so
/// memory always matches the runner's own checkpoint.
pub trait Projection: Default + Send + 'static {
    /// The name: what it shows, or what its read models have in common.
    const NAME: &'static str;
    /// Raise it when the same log would give other rows; tables of another version are filled again.
    const VERSION: i32;
    /// The tables of its read models.
    const TABLES: &'static [Tables];
    /// The aggregate types it reads. Other events only move its checkpoint.
    const STREAMS: &'static [&'static str];
    /// What to do with an event it cannot apply.
    const POISON: Poison;
    /// The indexes that it needs itself besides the primary keys: a rebuild creates all others at the end. None if it may
    /// need any.
    const OWN_INDEXES: Option<&'static [&'static str]> = None;

    /// Writes the rows that the events give, in sets. Runs in the transaction that moves the checkpoint.
    fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[RecordedEvent],
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;
}
