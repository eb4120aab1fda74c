//! Poison: an event that a projection cannot take, however often it is tried. What becomes of it depends on whose it is.
//!
//! An event of a tenant harms that tenant alone: its stream is held back, and what the projection shows of the tenant is
//! refused. One of the network belongs to nobody and is passed over. Where the event is not to blame, or too much is, the
//! projection stops.

use parking_domain::stored::DecodeError;
use uuid::Uuid;

use crate::feed::RecordedEvent;
use crate::projection::{ApplyError, Poison, Projection};

/// Streams that a projection holds back at most. More say that the projection is broken and not the events.
pub(crate) const MOST_HELD: usize = 100;

/// The streams of what the network reports.
const NETWORK: &str = "uplinks";

/// What becomes of a poison event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its stream is held back from here on, and so is what is shown of this tenant.
    HeldBack(Uuid),
    /// It is noted and passed over.
    DeadLetter,
    /// The projection stops before it.
    Stops,
}

/// What becomes of an event that failed for this reason, when so many streams are held back already.
pub(crate) fn fate<P: Projection>(event: &RecordedEvent, error: &ApplyError, held: usize) -> Fate {
    // A newer release wrote it, and a rebuild by that release will take it.
    if is_unknown(error) {
        return Fate::DeadLetter;
    }
    if !is_to_blame(error) {
        return Fate::Stops;
    }
    match event.tenant_id {
        Some(tenant_id) if held < MOST_HELD => Fate::HeldBack(tenant_id),
        None if P::POISON == Poison::DeadLetter || event.aggregate_type == NETWORK => Fate::DeadLetter,
        _ => Fate::Stops,
    }
}

/// True for an event of a type or a version that this release does not know.
pub(crate) fn is_unknown(error: &ApplyError) -> bool {
    matches!(error, ApplyError::Decode(DecodeError::Unknown { .. }))
}

/// True when the event itself can be the cause: it cannot be read, or what it amounts to cannot be stored. A missing table
/// or a missing right would fail with any event.
fn is_to_blame(error: &ApplyError) -> bool {
    let classes = ["22", "23", "P0"];
    match error {
        ApplyError::Database(sqlx::Error::Database(refusal)) => {
            refusal.code().is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
        }
        ApplyError::Database(_) | ApplyError::Decode(_) => true,
    }
}
