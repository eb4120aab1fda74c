//! From what the log stores back to events: the one place that knows every event type ever released.

use std::sync::LazyLock;

use cqrs_es::Aggregate;

use crate::upcast::Upcasters;
use crate::uplinks::{UplinkEvent, Uplinks};

/// An event of any stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Of an `uplinks` stream.
    Uplink(UplinkEvent),
}

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer release, or not by this platform.
    #[error(
        "unknown event {event_type} version {event_version} of {aggregate_type}: a newer release may know it"
    )]
    Unknown {
        /// The stream's aggregate type.
        aggregate_type: String,
        /// The event type.
        event_type: String,
        /// The event's version.
        event_version: String,
    },
    /// The payload is not what its type and version promise.
    #[error("the payload is not a valid {event_type}: {source}")]
    Payload {
        /// The event type.
        event_type: String,
        /// What the reader of the payload said.
        source: serde_json::Error,
    },
    /// The payload holds another type than the row says.
    #[error("the row says {event_type}, the payload holds {found}")]
    TypeMismatch {
        /// The event type of the row.
        event_type: String,
        /// The event type of the payload.
        found: &'static str,
    },
}

/// The steps from every released form of an event to today's: none yet.
pub fn upcasters() -> &'static Upcasters {
    static UPCASTERS: LazyLock<Upcasters> = LazyLock::new(Upcasters::default);
    &UPCASTERS
}

/// Reads a stored payload as today's event, whatever released form it has.
pub fn decode(
    aggregate_type: &str,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<Event, DecodeError> {
    if !upcasters().apply_to(event_type, event_version) {
        return decode_current(aggregate_type, event_type, event_version, payload);
    }
    let value = serde_json::from_str(payload)
        .map_err(|source| DecodeError::Payload { event_type: event_type.to_owned(), source })?;
    let raised = upcasters().raise(event_type, event_version, value);
    decode_current(aggregate_type, &raised.event_type, &raised.event_version, &raised.payload.to_string())
}

fn decode_current(
    aggregate_type: &str,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<Event, DecodeError> {
    if aggregate_type != Uplinks::TYPE || event_version != "1" || !UplinkEvent::TYPES.contains(&event_type) {
        return Err(DecodeError::Unknown {
            aggregate_type: aggregate_type.to_owned(),
            event_type: event_type.to_owned(),
            event_version: event_version.to_owned(),
        });
    }
    let event: UplinkEvent = serde_json::from_str(payload)
        .map_err(|source| DecodeError::Payload { event_type: event_type.to_owned(), source })?;
    if event.name() != event_type {
        return Err(DecodeError::TypeMismatch { event_type: event_type.to_owned(), found: event.name() });
    }
    Ok(Event::Uplink(event))
}
