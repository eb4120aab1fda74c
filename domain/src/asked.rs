//! Who sends a command, for which tenant, and when.

use crate::actor::Actor;
use crate::id::TenantId;
use crate::instant::Instant;

/// The sender of a command, its tenant, and the time. What belongs to another tenant is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The tenant in whose name the command is sent.
    pub tenant_id: TenantId,
    /// The actor that sends it.
    pub by: Actor,
    /// The time of the command.
    pub at: Instant,
}
