//! An event with its place in the log, not read yet.

use uuid::Uuid;

use super::{DecodeError, Event, decode};
use crate::instant::Instant;

/// An event as the log holds it, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the total order.
    pub position: i64,
    /// The owner; `None` for events of the network.
    pub tenant_id: Option<Uuid>,
    /// The stream's aggregate type.
    pub aggregate_type: String,
    /// The stream's id.
    pub aggregate_id: String,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// Its type.
    pub event_type: String,
    /// The version of its payload's form.
    pub event_version: String,
    /// JSON, as stored.
    pub payload: String,
    /// JSON, as stored.
    pub metadata: String,
    /// Its identity.
    pub event_id: Uuid,
    /// The append that brought it.
    pub append_id: Uuid,
    /// When the log took it.
    pub recorded_at: Instant,
}

impl Recorded {
    /// The event as the domain knows it.
    pub fn decode(&self) -> Result<Event, DecodeError> {
        decode(&self.aggregate_type, &self.event_type, &self.event_version, &self.payload)
    }
}
