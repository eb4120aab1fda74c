//! The event log as cqrs-es sees it: streams are loaded from the log and committed through the writer.

mod load;

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::{Aggregate, AggregateContext, AggregateError, DomainEvent, EventEnvelope, EventStore};
use sqlx::PgPool;

use crate::append::{Append, AppendError, Appended, Expected, NewEvent, StreamAppend};
use crate::ids::Ids;
use crate::metadata::Metadata;
use crate::writer::Writer;

pub use load::LoadError;

/// The event log: reads by its pool, appends by the writer.
#[derive(Clone)]
pub struct LogStore {
    pool: PgPool,
    writer: Writer,
    ids: Arc<dyn Ids>,
}

/// A stream as it was loaded: what its aggregate has become, and at which version.
#[derive(Clone, Debug)]
pub struct LogContext<A> {
    /// The stream's id.
    pub aggregate_id: String,
    /// The aggregate folded from the stream.
    pub aggregate: A,
    /// How many events that were.
    pub version: i64,
    /// The position of the last of them; 0 for a stream without events.
    pub position: i64,
}

impl<A: Aggregate> AggregateContext<A> for LogContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl LogStore {
    /// A store that reads with `pool` (role writer) and appends through `writer`.
    pub fn new(pool: PgPool, writer: Writer, ids: Arc<dyn Ids>) -> Self {
        Self { pool, writer, ids }
    }

    /// Folds a stream from the log.
    pub async fn load<A: Aggregate>(&self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        load::fold(&self.pool, aggregate_id).await
    }

    /// Appends to a stream at the version it was loaded at. `body` is kept beside the first event.
    pub async fn append<A: Aggregate>(
        &self,
        context: &LogContext<A>,
        events: &[A::Event],
        metadata: &Metadata,
        body: Option<Vec<u8>>,
    ) -> Result<Appended, AppendError> {
        let metadata = metadata.to_json();
        let mut events: Vec<NewEvent> = events.iter().map(|event| self.new_event(event, &metadata)).collect();
        if let Some(first) = events.first_mut() {
            first.body = body;
        }
        let stream = StreamAppend {
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: context.aggregate_id.clone(),
            expected: Expected::Version(context.version),
            events,
        };
        self.writer.append(Append { append_id: self.ids.next(), streams: vec![stream] }).await
    }

    /// True when an event of an `uplinks` stream bears the key. Reads the whole stream: for old reports only.
    pub async fn holds_key(
        &self,
        aggregate_type: &str,
        aggregate_id: &str,
        key: &str,
    ) -> Result<bool, LoadError> {
        load::holds_key(&self.pool, aggregate_type, aggregate_id, key).await
    }

    fn new_event(&self, event: &impl DomainEvent, metadata: &str) -> NewEvent {
        NewEvent {
            event_id: self.ids.next(),
            tenant_id: None,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event)
                .expect("events are plain data with text keys: they serialise"),
            metadata: metadata.to_owned(),
            body: None,
        }
    }
}

impl<A: Aggregate> EventStore<A> for LogStore {
    type AC = LogContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        Ok(load::envelopes(&self.pool, aggregate_id).await?)
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<LogContext<A>, AggregateError<A::Error>> {
        Ok(self.load(aggregate_id).await?)
    }

    /// Commits and answers with the events as stored; their metadata says `position` besides what was given.
    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: LogContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let appended = self.append(&context, &events, &Metadata::from(metadata.clone()), None).await?;
        let sequences = context.version + 1..;
        let positions = appended.first_position..;
        Ok(events
            .into_iter()
            .zip(sequences.zip(positions))
            .map(|(payload, (sequence, position))| {
                let mut metadata = metadata.clone();
                metadata.insert("position".into(), position.to_string());
                let sequence = usize::try_from(sequence).expect("sequences are positive");
                EventEnvelope { aggregate_id: context.aggregate_id.clone(), sequence, payload, metadata }
            })
            .collect())
    }
}

impl<E: std::error::Error> From<AppendError> for AggregateError<E> {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } => Self::AggregateConflict,
            AppendError::Unavailable(_) | AppendError::Unsettled(_) => {
                Self::DatabaseConnectionError(error.into())
            }
            _ => Self::UnexpectedError(error.into()),
        }
    }
}

impl<E: std::error::Error> From<LoadError> for AggregateError<E> {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Database(_) => Self::DatabaseConnectionError(error.into()),
            LoadError::Undecodable { .. } => Self::DeserializationError(error.into()),
            LoadError::Gap { .. } => Self::UnexpectedError(error.into()),
        }
    }
}
