//! Append requests to the log, and their results.

use std::fmt;

use bytes::Bytes;
use parking_domain::aggregate::{Claim, ClaimChange};
use parking_domain::instant::Instant;
use uuid::Uuid;

/// The maximum size of an event, payload and body together, in bytes.
pub const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// The stream version that an append requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Exactly this many events; 0 for a stream that does not exist.
    Version(i64),
    /// At least one event.
    Exists,
    /// Any version.
    Any,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "version {version}"),
            Self::Exists => f.write_str("an existing stream"),
            Self::Any => f.write_str("any version"),
        }
    }
}

/// An event to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its permanent id.
    pub event_id: Uuid,
    /// The owning tenant; `None` for events of the network.
    pub tenant_id: Option<Uuid>,
    /// Its type.
    pub event_type: String,
    /// The version of its payload's form.
    pub event_version: String,
    /// JSON.
    pub payload: String,
    /// JSON: a flat map of strings.
    pub metadata: String,
    /// The webhook body that contained it, byte for byte.
    pub body: Option<Bytes>,
}

impl NewEvent {
    /// Its size, in bytes.
    pub fn size(&self) -> usize {
        self.payload.len() + self.metadata.len() + self.body.as_ref().map_or(0, Bytes::len)
    }
}

/// The part of an append that concerns one stream. Without events it is only a precondition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamAppend {
    /// The stream's aggregate type.
    pub aggregate_type: String,
    /// The stream's id.
    pub aggregate_id: String,
    /// The precondition for the whole append.
    pub expected: Expected,
    /// The events to add, in order.
    pub events: Vec<NewEvent>,
    /// The claims that the stream takes or releases.
    pub claims: Vec<ClaimChange>,
}

/// A caller's idempotency key: a repeated request with the same key gets the first result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// The tenant that the key belongs to; the nil UUID for the platform itself.
    pub tenant_id: Uuid,
    /// The key.
    pub key: String,
    /// Identifies the content: the same key with other content is refused.
    pub fingerprint: Uuid,
}

/// One append to one or several streams, all or nothing. Each stream occurs once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Identifies the append, so that a lost result can be determined.
    pub append_id: Uuid,
    /// The caller's idempotency key, if given.
    pub request: Option<RequestKey>,
    /// The part of each stream.
    pub streams: Vec<StreamAppend>,
}

impl Append {
    /// The number of events.
    pub fn event_count(&self) -> usize {
        self.streams.iter().map(|stream| stream.events.len()).sum()
    }

    /// Its size, in bytes.
    pub fn size(&self) -> usize {
        self.events().map(NewEvent::size).sum()
    }

    /// Its events in the order of their positions.
    pub fn events(&self) -> impl Iterator<Item = &NewEvent> {
        self.streams.iter().flat_map(|stream| &stream.events)
    }

    /// The claims it changes.
    pub fn claims(&self) -> impl Iterator<Item = &ClaimChange> {
        self.streams.iter().flat_map(|stream| &stream.claims)
    }
}

/// The result of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of its first event. Without events, the position after the last one.
    pub first_position: i64,
    /// The position of its last event. Without events, the log's last position.
    pub last_position: i64,
    /// The time that the log assigned to its first event. Each event has a time of its own, later than the one before.
    pub recorded_at: Instant,
    /// The new version of each stream that got events, in the append's order.
    pub versions: Vec<i64>,
    /// True when the same request was appended before; this is its original result.
    pub repeated: bool,
}

/// Why an append did not happen, or its outcome is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Another append came first.
    #[error(
        "{aggregate_type} {aggregate_id} is at version {actual}, expected {expected}: load it and decide again"
    )]
    Conflict {
        /// The stream's aggregate type.
        aggregate_type: String,
        /// The stream's id.
        aggregate_id: String,
        /// The expected version.
        expected: Expected,
        /// The actual version.
        actual: i64,
    },
    /// Another stream holds a claim of this one.
    #[error("{} {} is taken by {holder}: choose another", claim.scope, claim.key)]
    ClaimHeld {
        /// The claim.
        claim: Claim,
        /// The stream that holds it, as type and id.
        holder: String,
    },
    /// The request's key was used before with other content.
    #[error("the request key {key} was used before with other content: choose a new key for a new request")]
    RequestKeyReused {
        /// The key.
        key: String,
    },
    /// An event exceeds [`MAX_EVENT_BYTES`].
    #[error("an event of {size} bytes is too large: {MAX_EVENT_BYTES} is the limit")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The event cannot be read back: it contains a value that the decision should have refused.
    #[error("the {event_type} could not be read back, so nothing was stored: {reason}")]
    Unreadable {
        /// The event's type.
        event_type: String,
        /// The parser's error.
        reason: String,
    },
    /// The append names a stream twice, takes a claim twice, changes a claim twice within a stream, changes a claim of
    /// a stream that gets no events, names no stream, or has neither events nor a request.
    #[error(
        "an append names at least one stream, each once, each stream each claim once, claims come with events of their \
         stream, and it adds an event or bears a request"
    )]
    Malformed,
    /// The database refused the content.
    #[error("the database refused the event: {0}")]
    Rejected(String),
    /// The queue is full.
    #[error("too many appends are waiting: try again in a moment")]
    Overloaded,
    /// The database is unreachable or cannot commit. Nothing was stored.
    #[error("the database is not available, nothing was stored: {0}")]
    Unavailable(String),
    /// The connection broke during the commit and could not be restored to look for the append.
    #[error("the connection broke during the commit, it is not known whether the event was stored: {0}")]
    Unsettled(String),
    /// The writer has stopped.
    #[error("the server is shutting down, nothing was stored")]
    Stopped,
}
