//! Streams out of the log and into it: loaded by snapshot and tail, appended through the writer.

mod cqrs;
mod load;
mod loader;
mod unreadable;

use std::sync::Arc;

use bytes::Bytes;
use cqrs_es::{Aggregate, DomainEvent};
use parking_domain::aggregate::Decider;
use parking_domain::stored;
use parking_domain::upcast::Upcasters;
use parking_domain::uplinks::Uplinks;
use sqlx::PgPool;
use uuid::Uuid;

use crate::append::{Append, AppendError, Appended, Expected, NewEvent, RequestKey, StreamAppend};
use crate::ids::Ids;
use crate::metadata::Metadata;
use crate::snapshots::Snapshots;
use crate::writer::Writer;
use loader::Loader;
use unreadable::{Place, Unreadable};

pub use load::LoadError;
pub(crate) use load::form;

/// The event log: reads by its pool, appends by the writer.
#[derive(Clone)]
pub struct LogStore {
    pool: PgPool,
    writer: Writer,
    loader: Loader,
    unreadable: Unreadable,
    snapshots: Snapshots,
    upcasters: &'static Upcasters,
    ids: Arc<dyn Ids>,
}

/// A stream as it was loaded: what its aggregate has become, and at which version.
#[derive(Clone, Debug, PartialEq)]
pub struct LogContext<A> {
    /// The stream's id.
    pub aggregate_id: String,
    /// The aggregate folded from the stream.
    pub aggregate: A,
    /// How many events that were.
    pub version: i64,
    /// The position of the last of them; 0 for a stream without events.
    pub position: i64,
    /// How many of them were left out because the log says that nobody can read them.
    pub left_out: usize,
}

/// What comes with a command besides its content.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Whose events they will be; `None` for events of the network.
    pub tenant_id: Option<Uuid>,
    /// Who and in which conversation.
    pub metadata: Metadata,
    /// The caller's key, if it gave one.
    pub request: Option<RequestKey>,
    /// The webhook body it came in, kept beside the first event.
    pub body: Option<Bytes>,
}

impl LogStore {
    /// A store that reads with `pool` (role writer) and appends through `writer`. Starts tasks that load streams and follow
    /// what is skipped, so it wants a runtime.
    pub fn new(pool: PgPool, writer: Writer, snapshots: Snapshots, ids: Arc<dyn Ids>) -> Self {
        let (loader, unreadable) = (Loader::start(pool.clone()), Unreadable::follow(pool.clone()));
        Self { pool, writer, loader, unreadable, snapshots, upcasters: stored::upcasters(), ids }
    }

    /// The same store, with other steps from old forms of events to today's.
    #[must_use]
    pub fn with_upcasters(self, upcasters: &'static Upcasters) -> Self {
        Self { upcasters, ..self }
    }

    /// Its own connections, for what is read beside the streams.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Folds a stream: from its snapshot if there is a good one, and the events after it. An event that the log says nobody
    /// can read is left out of a device's uplinks; any other stream that holds one is refused.
    pub async fn load<A: Decider>(&self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        match self.load_known::<A>(aggregate_id).await {
            Err(LoadError::Undecodable { .. }) => {
                // It may have been skipped a moment ago.
                self.unreadable.look(&self.pool).await?;
                self.load_known::<A>(aggregate_id).await
            }
            loaded => loaded,
        }
    }

    async fn load_known<A: Decider>(&self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        let unreadable = self.unreadable.of(A::TYPE, aggregate_id);
        if let Some(Place { position, .. }) = unreadable.first().filter(|_| A::TYPE != Uplinks::TYPE) {
            return Err(LoadError::Damaged {
                aggregate_type: A::TYPE,
                aggregate_id: aggregate_id.to_owned(),
                position: *position,
            });
        }
        let form = load::form::<A>(unreadable.len());
        if let Some(tail) = self.loader.tail(A::TYPE, aggregate_id, form).await
            && let Some(context) = load::fold_tail(self.upcasters, aggregate_id, tail, &unreadable)?
        {
            return Ok(context);
        }
        load::fold(&self.pool, self.upcasters, aggregate_id, &unreadable).await
    }

    /// True while the log says nothing new of the events of a stream that was loaded.
    pub(crate) fn is_current<A: Decider>(&self, context: &LogContext<A>) -> bool {
        self.unreadable.of(A::TYPE, &context.aggregate_id).len() == context.left_out
    }

    /// How many events a stream has by now.
    pub async fn version<A: Decider>(&self, aggregate_id: &str) -> Result<i64, LoadError> {
        load::version::<A>(&self.pool, aggregate_id).await
    }

    /// Appends to a stream at the version it was loaded at. `context` must already have taken the events in, except for
    /// its version and position: these follow from the append.
    pub async fn append<A: Decider>(
        &self,
        context: &mut LogContext<A>,
        events: &[A::Event],
        circumstances: &Circumstances,
    ) -> Result<Appended, AppendError> {
        let appended = self.writer.append(self.new_append(context, events, circumstances)).await?;
        if !appended.repeated {
            let before = context.version;
            context.version = appended.versions.last().copied().unwrap_or(before);
            context.position = appended.last_position;
            self.snapshots.offer(context, before);
        }
        Ok(appended)
    }

    fn new_append<A: Decider>(
        &self,
        context: &LogContext<A>,
        events: &[A::Event],
        circumstances: &Circumstances,
    ) -> Append {
        let stream = self.stream_append(context, events, circumstances);
        Append { append_id: self.ids.next(), request: circumstances.request.clone(), streams: vec![stream] }
    }

    /// What the append of a decision on one stream does to it: nothing, where nothing was decided, but the stream must
    /// be as it was loaded.
    pub(crate) fn stream_append<A: Decider>(
        &self,
        context: &LogContext<A>,
        events: &[A::Event],
        circumstances: &Circumstances,
    ) -> StreamAppend {
        let metadata = circumstances.metadata.to_json();
        let new_event = |(n, event): (usize, &A::Event)| NewEvent {
            event_id: self.ids.next(),
            tenant_id: circumstances.tenant_id,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event)
                .expect("events are plain data with text keys: they serialise"),
            metadata: metadata.clone(),
            body: circumstances.body.clone().filter(|_| n == 0),
        };
        StreamAppend {
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: context.aggregate_id.clone(),
            expected: Expected::Version(context.version),
            events: events.iter().enumerate().map(new_event).collect(),
            claims: events.iter().flat_map(A::claims).collect(),
        }
    }

    /// Appends to several streams, all or nothing.
    pub(crate) async fn append_all(
        &self,
        streams: Vec<StreamAppend>,
        circumstances: &Circumstances,
    ) -> Result<Appended, AppendError> {
        let request = circumstances.request.clone();
        self.writer.append(Append { append_id: self.ids.next(), request, streams }).await
    }

    /// The stream that has a claim, as aggregate type and id.
    pub async fn holder(&self, scope: &str, key: &str) -> Result<Option<(String, String)>, LoadError> {
        load::holder(&self.pool, scope, key).await
    }

    /// What a request got when it was made before; refused if its key was used for something else.
    pub async fn find_request<A: Decider>(
        &self,
        request: &RequestKey,
    ) -> Result<Option<Earlier<A>>, FindRequestError> {
        load::request(&self.pool, self.upcasters, request).await
    }

    /// True when an event of the stream bears the key. Reads the whole stream: for old reports only.
    pub async fn holds_key(
        &self,
        aggregate_type: &str,
        aggregate_id: &str,
        key: &str,
    ) -> Result<bool, LoadError> {
        load::holds_key(&self.pool, aggregate_type, aggregate_id, key).await
    }
}

/// What a request did when it was first made.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier<A: Decider> {
    /// The position of its last event.
    pub position: i64,
    /// The version its stream reached.
    pub version: i64,
    /// Its events.
    pub events: Vec<A::Event>,
}

/// Why an earlier request cannot be answered again.
#[derive(Debug, thiserror::Error)]
pub enum FindRequestError {
    /// It could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The key was used for something else.
    #[error(transparent)]
    Reused(#[from] AppendError),
}
