//! Checks that an event reads back as decided, with the function that every reader of the log uses, before it is
//! stored.

use cqrs_es::{Aggregate, DomainEvent};
use parking_domain::aggregate::Decider;
use parking_domain::stored;
use parking_domain::upcast::Upcasters;
use parking_domain::uplinks::Uplinks;

use crate::append::AppendError;

/// True if events are checked. Uplink events are readable by construction, which a property test and a fuzz target
/// verify; they are too many to read each twice, so only test builds check them.
fn is_checked<A: Decider>() -> bool {
    A::TYPE != Uplinks::TYPE || cfg!(debug_assertions)
}

/// The payload of an event, checked to read back as the event.
pub(super) fn payload<A: Decider>(event: &A::Event, upcasters: &Upcasters) -> Result<String, AppendError> {
    let (event_type, event_version) = (event.event_type(), event.event_version());
    let unreadable = |reason: String| AppendError::Unreadable { event_type: event_type.clone(), reason };
    let payload = serde_json::to_string(event).map_err(|error| unreadable(error.to_string()))?;
    if !is_checked::<A>() {
        return Ok(payload);
    }
    let read = stored::read::<A>(upcasters, &event_type, &event_version, &payload)
        .map_err(|error| unreadable(error.to_string()))?;
    if read == *event { Ok(payload) } else { Err(unreadable("it reads back as another event".to_owned())) }
}
