//! An event is written only when it reads back as it was decided, by the function by which every reader of the log reads.

use cqrs_es::{Aggregate, DomainEvent};
use parking_domain::aggregate::Decider;
use parking_domain::stored;
use parking_domain::upcast::Upcasters;
use parking_domain::uplinks::Uplinks;

use crate::append::AppendError;

/// True where readers are asked. What is recorded of a report is readable by construction, which a property test and a fuzz
/// target say; there are too many of them to read each twice, so only builds for tests do.
fn is_asked<A: Decider>() -> bool {
    A::TYPE != Uplinks::TYPE || cfg!(debug_assertions)
}

/// The payload of an event, which reads back as the event.
pub(super) fn payload<A: Decider>(event: &A::Event, upcasters: &Upcasters) -> Result<String, AppendError> {
    let (event_type, event_version) = (event.event_type(), event.event_version());
    let unreadable = |reason: String| AppendError::Unreadable { event_type: event_type.clone(), reason };
    let payload = serde_json::to_string(event).map_err(|error| unreadable(error.to_string()))?;
    if !is_asked::<A>() {
        return Ok(payload);
    }
    let read = stored::read::<A>(upcasters, &event_type, &event_version, &payload)
        .map_err(|error| unreadable(error.to_string()))?;
    if read == *event { Ok(payload) } else { Err(unreadable("it reads back as another event".to_owned())) }
}
