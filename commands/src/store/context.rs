//! What a command works with: its own context, and the stream that was loaded for it.

use bytes::Bytes;
use uuid::Uuid;

use crate::append::RequestKey;
use crate::metadata::Metadata;

/// A loaded stream: its folded aggregate and version. Contexts of the same stream at the same version are equal,
/// regardless of how they were loaded.
#[derive(Clone, Debug)]
pub struct LogContext<A> {
    /// The stream's id.
    pub aggregate_id: String,
    /// The aggregate folded from the stream.
    pub aggregate: A,
    /// The number of events.
    pub version: i64,
    /// The position of the last event; 0 for a stream without events.
    pub position: i64,
    /// The id of the last event; nil for a stream without events.
    pub(crate) event_id: Uuid,
    /// The version of the last snapshot that is saved or queued; 0 for none.
    pub(crate) saved: i64,
    /// The sequences of events that are skipped, because the log marks them as undecodable.
    pub(crate) skipped: Vec<i64>,
}

impl<A: Default> LogContext<A> {
    /// A stream without events.
    pub(crate) fn empty(aggregate_id: &str) -> Self {
        let aggregate_id = aggregate_id.to_owned();
        Self {
            aggregate_id,
            aggregate: A::default(),
            version: 0,
            position: 0,
            event_id: Uuid::nil(),
            saved: 0,
            skipped: Vec::new(),
        }
    }

    /// The stream with the state of a snapshot.
    pub(crate) fn at(self, aggregate: A, version: i64, position: i64, event_id: Uuid) -> Self {
        Self { aggregate, version, position, event_id, saved: version, ..self }
    }
}

impl<A: PartialEq> PartialEq for LogContext<A> {
    fn eq(&self, other: &Self) -> bool {
        (self.version, self.position, self.event_id) == (other.version, other.position, other.event_id)
            && self.aggregate_id == other.aggregate_id
            && self.aggregate == other.aggregate
    }
}

/// The context of a command, besides its content.
#[derive(Clone, Debug, Default)]
pub struct CommandContext {
    /// The tenant that owns the events; `None` for events of the network.
    pub tenant_id: Option<Uuid>,
    /// The actor and the correlation ids.
    pub metadata: Metadata,
    /// The caller's idempotency key, if given.
    pub request: Option<RequestKey>,
    /// The webhook body that contained the command, stored beside the first event.
    pub body: Option<Bytes>,
}
