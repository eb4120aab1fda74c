//! Poison: an event that a projection cannot apply, however often it tries. What happens then depends on the event's
//! tenant.
//!
//! A tenant's event affects only that tenant: its stream is held back, and reads of the tenant from this projection are
//! refused. A network event has no tenant and is passed over. Where the event is not the cause, or too many streams are
//! held back, the projection stops.

use parking_domain::stored::DecodeError;
use uuid::Uuid;

use crate::engine::feed::RecordedEvent;
use crate::engine::projection::{ApplyError, Poison, Projection};

/// The most streams that a projection holds back. With more of them, the projection is broken and not the events.
pub(crate) const MOST_HELD: usize = 100;

/// The aggregate type of network reports.
const NETWORK: &str = "uplinks";

/// What the runner does with a poison event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PoisonAction {
    /// Holds its stream back from here on, and refuses reads of this tenant.
    HoldBack(Uuid),
    /// Notes it and passes it over.
    DeadLetter,
    /// Stop before it.
    Stop,
}

/// What to do with an event that failed with this error while `held` streams are held back.
pub(crate) fn action_for<P: Projection>(
    event: &RecordedEvent,
    error: &ApplyError,
    held: usize,
) -> PoisonAction {
    // A newer release wrote it; a rebuild by that release applies it.
    if is_unknown(error) {
        return PoisonAction::DeadLetter;
    }
    if !is_to_blame(error) {
        return PoisonAction::Stop;
    }
    match event.tenant_id {
        Some(tenant_id) if held < MOST_HELD => PoisonAction::HoldBack(tenant_id),
        None if P::POISON == Poison::DeadLetter || event.aggregate_type == NETWORK => {
            PoisonAction::DeadLetter
        }
        _ => PoisonAction::Stop,
    }
}

/// True for an event of a type or a version that this release does not know.
pub(crate) fn is_unknown(error: &ApplyError) -> bool {
    matches!(error, ApplyError::Decode(DecodeError::Unknown { .. }))
}

/// True when the event itself can be the cause: it does not decode, or its result cannot be stored. A missing table or
/// a missing right would fail with any event.
fn is_to_blame(error: &ApplyError) -> bool {
    let classes = ["22", "23", "P0"];
    match error {
        ApplyError::Database(sqlx::Error::Database(refusal)) => {
            refusal.code().is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
        }
        ApplyError::Database(_) | ApplyError::Decode(_) => true,
    }
}
