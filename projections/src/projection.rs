//! What a projection is: a name, a version, its tables, and how a batch of events becomes rows.

use std::future::Future;

use parking_domain::stored::{DecodeError, Event};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::feed::RecordedEvent;

/// An event with its place in the log, decoded.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// As the log holds it.
    pub recorded: &'a RecordedEvent,
    /// As the domain knows it.
    pub event: &'a Event,
}

impl<'a> Decoded<'a> {
    /// Decodes a batch, once for all the read models of all projections.
    pub fn all(events: &'a [RecordedEvent]) -> Result<Vec<Self>, DecodeError> {
        let decode = |recorded: &'a RecordedEvent| Ok(Self { event: recorded.event()?, recorded });
        events.iter().map(decode).collect()
    }

    /// The id of the event's stream, where it is a UUID.
    pub fn stream_uuid(&self) -> Option<Uuid> {
        self.recorded.aggregate_id.parse().ok()
    }
}

/// What to do with an event that no tenant owns and that a projection cannot take, however often it is tried. A tenant's event
/// holds its stream back instead, and one of the network's reports is always noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poison {
    /// Stop before it, so that no row is ever wrong. For what money or a barrier depends on.
    Stop,
    /// Note it among the dead letters and go on. For telemetry.
    DeadLetter,
}

/// Why a batch could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The database refused or did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// An event cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// The tables of a read model.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// Those that are read. They are the same in whatever batches the events come.
    pub names: &'static [&'static str],
    /// Those that only the projection itself reads.
    pub internal: &'static [&'static str],
    /// Creates them where they are not there yet, in the schema that the connection looks in first, and walls them off.
    pub schema: &'static str,
}

/// One or several read models in the making, carried along the log together. A new value is made whenever a runner takes
/// over, so whatever it keeps in memory is always what its own checkpoint stands for.
pub trait Projection: Default + Send + 'static {
    /// The noun it shows, or what its read models have in common.
    const NAME: &'static str;
    /// Raised whenever the same log would give other rows; tables of another version are made anew.
    const VERSION: i32;
    /// The tables of its read models.
    const TABLES: &'static [Tables];
    /// The aggregate types it is made from. Events of others only move its checkpoint.
    const STREAMS: &'static [&'static str];
    /// What to do with an event it cannot take.
    const POISON: Poison;
    /// Whether it only ever asks its tables by their primary keys: then a rebuild makes the other indexes at the end.
    const ASKS_BY_KEY: bool = false;

    /// Writes what the events amount to, as sets. Runs in the transaction that moves the checkpoint.
    fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[RecordedEvent],
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;
}
