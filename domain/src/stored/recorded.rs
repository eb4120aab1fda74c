//! An event with its position in the log, not decoded yet.

use uuid::Uuid;

use super::{DecodeError, Event, decode};
use crate::instant::Instant;

/// An event as stored in the log, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its position in the log.
    pub position: i64,
    /// The owning tenant; `None` for events of the network.
    pub tenant_id: Option<Uuid>,
    /// The stream's aggregate type.
    pub aggregate_type: String,
    /// The stream's id.
    pub aggregate_id: String,
    /// Its sequence in the stream, from 1.
    pub sequence: i64,
    /// Its type.
    pub event_type: String,
    /// The version of its payload's form.
    pub event_version: String,
    /// JSON, as stored.
    pub payload: String,
    /// JSON, as stored.
    pub metadata: String,
    /// Its id.
    pub event_id: Uuid,
    /// The append that stored it.
    pub append_id: Uuid,
    /// When the log recorded it.
    pub recorded_at: Instant,
}

impl Recorded {
    /// The decoded event.
    pub fn decode(&self) -> Result<Event, DecodeError> {
        decode(&self.aggregate_type, &self.event_type, &self.event_version, &self.payload)
    }
}
