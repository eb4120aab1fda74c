//! What can be asked of the log, and what it answers.

use std::fmt;

use chrono::{DateTime, Utc};
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
    pub body: Option<Vec<u8>>,
}

impl NewEvent {
    /// What it weighs, in bytes.
    pub fn size(&self) -> usize {
        self.payload.len() + self.metadata.len() + self.body.as_ref().map_or(0, Vec::len)
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
}

/// One append, over one or several streams: all of it or nothing. A stream comes once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Names the append, so that a lost answer can be settled.
    pub append_id: Uuid,
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
}

/// Where an append ended up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of its first event.
    pub first_position: i64,
    /// The position of its last event.
    pub last_position: i64,
    /// The time the log gave it; never runs backwards with position.
    pub recorded_at: DateTime<Utc>,
    /// The version each stream has reached that got events, in the append's order.
    pub versions: Vec<i64>,
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
    /// An event exceeds [`MAX_EVENT_BYTES`].
    #[error("an event of {size} bytes is too large: {MAX_EVENT_BYTES} is the limit")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// A stream comes twice in one append, or an append adds nothing.
    #[error("an append names each stream once and adds at least one event")]
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
