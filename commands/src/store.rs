//! Access to streams in the log: loaded from a snapshot and the events after it, appended through the writer.

mod context;
mod cqrs;
mod find;
mod folding;
mod last_events;
mod load;
mod loader;
mod readable;
mod stream;
mod unreadable;

use std::sync::Arc;

use cqrs_es::DomainEvent;
use parking_domain::aggregate::Decider;
use parking_domain::id::SpaceId;
use parking_domain::space::SpaceEvent;
use parking_domain::stored;
use parking_domain::upcast::Upcasters;
use sqlx::PgPool;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::append::{Append, AppendError, Appended, Expected, NewEvent, RequestKey, StreamAppend};
use crate::ids::Ids;
use crate::lanes::Lanes;
use crate::memory::{DEFAULT_BUDGET, Memory};
use crate::snapshots::Snapshots;
use crate::writer::Writer;
use loader::Loader;
use unreadable::Unreadable;

pub use context::{CommandContext, LogContext};
pub(crate) use folding::Loaded;
pub(crate) use last_events::LastEvents;
pub use load::LoadError;
pub(crate) use load::{Stored, snapshot_form};
pub(crate) use stream::Stream;

/// The maximum number of concurrent loads of streams without a recent snapshot; more would only delay each other.
const LONG_LOADS: usize = 4;

/// The event log: read through the pool, appended through the writer.
#[derive(Clone)]
pub struct LogStore {
    pub(crate) pool: PgPool,
    pub(crate) writer: Writer,
    loader: Loader,
    unreadable: Unreadable,
    pub(crate) snapshots: Snapshots,
    pub(crate) upcasters: &'static Upcasters,
    ids: Arc<dyn Ids>,
    pub(crate) long_loads: Arc<Semaphore>,
    memory: Arc<Memory>,
    lanes: Arc<Lanes>,
}

impl LogStore {
    /// A store that reads with `pool` (role writer) and appends through `writer`. It spawns tasks that load streams and
    /// track skipped events, so it needs a runtime.
    pub fn new(pool: PgPool, writer: Writer, snapshots: Snapshots, ids: Arc<dyn Ids>) -> Self {
        let (loader, unreadable) = (Loader::start(pool.clone()), Unreadable::follow(pool.clone()));
        let long_loads = Arc::new(Semaphore::new(LONG_LOADS));
        let memory = Arc::new(Memory::new(DEFAULT_BUDGET, snapshots.clone()));
        let (upcasters, lanes) = (stored::upcasters(), Arc::default());
        Self { pool, writer, loader, unreadable, snapshots, upcasters, ids, long_loads, memory, lanes }
    }

    /// The store with another budget for streams in memory, in bytes.
    #[must_use]
    pub fn with_memory(self, budget: usize) -> Self {
        Self { memory: Arc::new(Memory::new(budget, self.snapshots.clone())), ..self }
    }

    /// The store with other upcasters.
    #[must_use]
    pub fn with_upcasters(self, upcasters: &'static Upcasters) -> Self {
        Self { upcasters, ..self }
    }

    /// The lanes in which commands on one stream queue.
    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// The streams in memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Saves the streams in memory that are ahead of their snapshots, before the process ends; returns how many. It may
    /// be cancelled at any time.
    pub async fn save_snapshots(&self) -> Result<usize, LoadError> {
        Ok(self.memory.save_all().await?)
    }

    /// The streams with undecodable events, by aggregate type and id.
    pub(crate) async fn streams_with_unreadable(&self) -> Result<Vec<(String, String)>, sqlx::Error> {
        self.unreadable.refresh(&self.pool).await?;
        Ok(self.unreadable.streams())
    }

    /// True while no more events of a loaded stream are marked as undecodable.
    pub(crate) fn is_current<A: Decider>(&self, context: &LogContext<A>) -> bool {
        self.unreadable.of(A::TYPE, &context.aggregate_id).len() == context.skipped.len()
    }

    /// The current number of events of a stream.
    pub async fn version<A: Decider>(&self, aggregate_id: &str) -> Result<i64, LoadError> {
        find::version::<A>(&self.pool, aggregate_id).await
    }

    /// Appends to a stream at the version at which it was loaded. The events must already be applied to `context`,
    /// except for its version and position, which follow from the append.
    pub async fn append<A: Decider>(
        &self,
        context: &mut LogContext<A>,
        events: &[A::Event],
        command_context: &CommandContext,
    ) -> Result<Appended, AppendError> {
        let stream =
            self.stream_append::<A>(&context.aggregate_id, context.version, events, command_context)?;
        let last = stream.events.last().map(|event| event.event_id);
        let appended = self.append_all(vec![stream], command_context).await?;
        if !appended.repeated {
            context.version = appended.versions.last().copied().unwrap_or(context.version);
            context.position = appended.last_position;
            context.event_id = last.unwrap_or(context.event_id);
            self.snapshots.offer(context);
        }
        Ok(appended)
    }

    /// Appends to a stream of which only the version is known.
    pub(crate) async fn append_at<A: Decider>(
        &self,
        aggregate_id: &str,
        version: i64,
        events: &[A::Event],
        command_context: &CommandContext,
    ) -> Result<Appended, AppendError> {
        let stream = self.stream_append::<A>(aggregate_id, version, events, command_context)?;
        self.append_all(vec![stream], command_context).await
    }

    /// The append for a decision on one stream. Without events it is the precondition that the stream is unchanged.
    /// Every event of the log passes through here; an event that cannot be read back is refused, except in `uplinks`, where
    /// tests show that all can.
    pub(crate) fn stream_append<A: Decider>(
        &self,
        aggregate_id: &str,
        version: i64,
        events: &[A::Event],
        command_context: &CommandContext,
    ) -> Result<StreamAppend, AppendError> {
        let metadata = command_context.metadata.to_json();
        let new_event = |(n, event): (usize, &A::Event)| {
            Ok(NewEvent {
                event_id: self.ids.next(),
                tenant_id: command_context.tenant_id,
                event_type: event.event_type(),
                event_version: event.event_version(),
                payload: readable::payload::<A>(event, self.upcasters)?,
                metadata: metadata.clone(),
                body: command_context.body.clone().filter(|_| n == 0),
            })
        };
        Ok(StreamAppend {
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: aggregate_id.to_owned(),
            expected: Expected::Version(version),
            events: events.iter().enumerate().map(new_event).collect::<Result<_, AppendError>>()?,
            claims: events.iter().flat_map(A::claims).collect(),
        })
    }

    /// Appends to several streams, all or nothing.
    pub(crate) async fn append_all(
        &self,
        streams: Vec<StreamAppend>,
        command_context: &CommandContext,
    ) -> Result<Appended, AppendError> {
        let request = command_context.request.clone();
        self.writer.append(Append { append_id: self.ids.next(), request, streams }).await
    }

    /// The stream that holds a claim, as aggregate type and id.
    pub async fn holder(&self, scope: &str, key: &str) -> Result<Option<(String, String)>, LoadError> {
        find::holder(&self.pool, scope, key).await
    }

    /// Whether a request was made before; refused if the key was used with other content.
    pub async fn is_recorded(&self, request: &RequestKey) -> Result<bool, FindRequestError> {
        Ok(find::positions_of(&self.pool, request).await?.is_some())
    }

    /// The original result of a request, once it is confirmed as durable; refused if the key was used with other
    /// content.
    pub async fn find_request<A: Decider>(
        &self,
        request: &RequestKey,
    ) -> Result<Option<Earlier<A>>, FindRequestError> {
        let earlier = find::request(&self.pool, self.upcasters, request).await?;
        match &earlier {
            // Of a request without events the head says nothing: it was decided after its position.
            Some(earlier) if earlier.events.is_empty() => self.writer.confirm_visible().await?,
            Some(earlier) => self.confirm(earlier.position).await?,
            None => {}
        }
        Ok(earlier)
    }

    /// The events of one reservation or override of a space, however long it has been over.
    pub async fn events_of_part(&self, space_id: SpaceId, part: Uuid) -> Result<Vec<SpaceEvent>, LoadError> {
        find::space_part(&self.pool, self.upcasters, space_id, part).await
    }

    /// Some of the streams that hold the claims of a scope, by id.
    pub(crate) async fn holders(&self, scope: &str, limit: i64) -> Result<Vec<String>, LoadError> {
        find::holders(&self.pool, scope, limit).await
    }

    /// Confirms the result of an earlier command at this position: returns once a synchronous standby has it. A visible
    /// append may stem from a server process that was terminated while it waited for the standby.
    pub(crate) async fn confirm(&self, position: i64) -> Result<(), AppendError> {
        self.writer.confirm(position).await
    }

    /// As [`Self::confirm`], for a result that depends on the whole log up to now; returns the last position.
    pub(crate) async fn confirm_all(&self) -> Result<i64, FindRequestError> {
        let head = sqlx::query_scalar("select position from log_head").fetch_one(&self.pool).await;
        let head = head.map_err(LoadError::from)?;
        self.confirm(head).await?;
        Ok(head)
    }

    /// True when the `uplinks` stream contains a report with this key.
    pub async fn holds_report(&self, aggregate_id: &str, key: Uuid) -> Result<bool, LoadError> {
        find::holds_report(&self.pool, aggregate_id, key).await
    }
}

/// The original result of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier<A: Decider> {
    /// The position of its last event.
    pub position: i64,
    /// The stream's version afterwards; 0 if the request has no events of it.
    pub version: i64,
    /// Its events.
    pub events: Vec<A::Event>,
}

/// Why the original result cannot be returned.
#[derive(Debug, thiserror::Error)]
pub enum FindRequestError {
    /// The events could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The key was used with other content, or it cannot be confirmed that a standby has the result.
    #[error(transparent)]
    Append(#[from] AppendError),
}
