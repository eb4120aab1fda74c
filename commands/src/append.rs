//! What can be asked of the log, and what it answers.

use std::fmt;

use bytes::Bytes;
use parking_domain::aggregate::{Claim, ClaimChange};
use parking_domain::instant::Instant;
use uuid::Uuid;

/// The largest event the log takes: payload and body together, in bytes.
pub const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;

/// What an append expects of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Exactly so many events; 0 for a stream that does not exist.
    Version(i64),
    /// At least one event.
    Exists,
    /// Nothing.
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

/// An event that is not in the log yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its identity for ever.
    pub event_id: Uuid,
    /// The owner; `None` for events of the network.
    pub tenant_id: Option<Uuid>,
    /// Its type.
    pub event_type: String,
    /// The version of its payload's form.
    pub event_version: String,
    /// JSON.
    pub payload: String,
    /// JSON: a flat map of texts.
    pub metadata: String,
    /// The webhook body it came in, byte for byte.
    pub body: Option<Bytes>,
}

impl NewEvent {
    /// What it weighs, in bytes.
    pub fn size(&self) -> usize {
        self.payload.len() + self.metadata.len() + self.body.as_ref().map_or(0, Bytes::len)
    }
}

/// What one append does to one stream. Without events it is a condition only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamAppend {
    /// The stream's aggregate type.
    pub aggregate_type: String,
    /// The stream's id.
    pub aggregate_id: String,
    /// What must hold for the whole append to happen.
    pub expected: Expected,
    /// The events to add, in order.
    pub events: Vec<NewEvent>,
    /// What the stream takes for itself or gives up.
    pub claims: Vec<ClaimChange>,
}

/// A key of the caller's own for what it asks: asked again, it gets the first answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// Whose key it is; the nil UUID for the platform itself.
    pub tenant_id: Uuid,
    /// The key.
    pub key: String,
    /// Names the content: the same key with another content is refused.
    pub fingerprint: Uuid,
}

/// One append, over one or several streams: all of it or nothing. A stream comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Names the append, so that a lost answer can be settled.
    pub append_id: Uuid,
    /// The caller's key, if it gave one.
    pub request: Option<RequestKey>,
    /// What it does to each stream.
    pub streams: Vec<StreamAppend>,
}

impl Append {
    /// How many events it adds.
    pub fn event_count(&self) -> usize {
        self.streams.iter().map(|stream| stream.events.len()).sum()
    }

    /// What it weighs, in bytes.
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

/// Where an append ended up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of its first event.
    pub first_position: i64,
    /// The position of its last event.
    pub last_position: i64,
    /// The time the log gave it; never runs backwards with position.
    pub recorded_at: Instant,
    /// The version each stream has reached that got events, in the append's order.
    pub versions: Vec<i64>,
    /// True when the same request had been appended before: this is what it got then.
    pub repeated: bool,
}

/// Why an append did not happen, or cannot be said to have happened.
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
        /// What was expected.
        expected: Expected,
        /// What was found.
        actual: i64,
    },
    /// Another stream has what this one claims.
    #[error("{} {} is taken by {holder}: choose another", claim.scope, claim.key)]
    ClaimHeld {
        /// What is claimed.
        claim: Claim,
        /// The stream that has it, as type and id.
        holder: String,
    },
    /// The request's key was used before for something else.
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
    /// It could not be read back: a value that no decision should have let pass.
    #[error("the {event_type} could not be read back, so nothing was stored: {reason}")]
    Unreadable {
        /// The event's type.
        event_type: String,
        /// What its reader said.
        reason: String,
    },
    /// The append names a stream twice, takes a claim twice, changes a claim twice within a stream, changes one by a stream
    /// that gets no events, or adds nothing.
    #[error(
        "an append names each stream once, each stream each claim once, claims come with events of their stream, and at \
         least one event is added"
    )]
    Malformed,
    /// The database refused the content.
    #[error("the database refused the event: {0}")]
    Rejected(String),
    /// More is waiting than the queue holds.
    #[error("too many appends are waiting: try again in a moment")]
    Overloaded,
    /// The database cannot be reached or cannot commit. Nothing was stored.
    #[error("the database is not available, nothing was stored: {0}")]
    Unavailable(String),
    /// The connection broke during the commit and could not be made again to look.
    #[error("the connection broke during the commit, it is not known whether the event was stored: {0}")]
    Unsettled(String),
    /// The writer has stopped.
    #[error("the server is shutting down, nothing was stored")]
    Stopped,
}
