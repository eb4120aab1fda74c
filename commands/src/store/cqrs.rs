//! The log as an `EventStore` of cqrs-es, for its framework, tests and tools.

use std::collections::HashMap;

use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use parking_domain::aggregate::Decider;

use super::{CommandContext, LoadError, LogContext, LogStore, load};
use crate::append::AppendError;
use crate::metadata::Metadata;

impl<A: Decider> AggregateContext<A> for LogContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl<A: Decider> EventStore<A> for LogStore {
    type AC = LogContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        Ok(load::envelopes(&self.pool, self.upcasters, aggregate_id).await?)
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<LogContext<A>, AggregateError<A::Error>> {
        Ok(self.load(aggregate_id).await?)
    }

    /// Commits and returns the stored events; `position` is added to their metadata.
    async fn commit(
        &self,
        events: Vec<A::Event>,
        mut context: LogContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let command_context =
            CommandContext { metadata: Metadata::from(metadata.clone()), ..CommandContext::default() };
        let sequences = context.version + 1..;
        let appended = self.append(&mut context, &events, &command_context).await?;
        let places = sequences.zip(appended.first_position..);
        let envelope = |(payload, (sequence, position)): (A::Event, (i64, i64))| {
            let mut metadata = metadata.clone();
            metadata.insert("position".into(), position.to_string());
            let sequence = usize::try_from(sequence).expect("sequences are positive");
            EventEnvelope { aggregate_id: context.aggregate_id.clone(), sequence, payload, metadata }
        };
        Ok(events.into_iter().zip(places).map(envelope).collect())
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
            LoadError::Gap { .. } | LoadError::Damaged { .. } => Self::UnexpectedError(error.into()),
        }
    }
}
