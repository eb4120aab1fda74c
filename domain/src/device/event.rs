//! What happened to a device as a thing that somebody owns and puts somewhere, version 1.

use serde::{Deserialize, Serialize};

use super::definition::{Category, Definition};
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;

/// An event of a `device` stream. A device that was only heard has no such stream: it is an orphan by its uplinks alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum DeviceEvent {
    /// A tenant owns it now, with what it reported since it last became ownerless.
    DeviceClaimed {
        tenant_id: TenantId,
        category: Category,
        definition: Box<Definition>,
        at: Instant,
        by: Actor,
    },
    /// Its definition is now this.
    DeviceUpdated { definition: Box<Definition>, at: Instant, by: Actor },
    /// It stands at a space.
    DeviceAssigned {
        space_id: SpaceId,
        category: Category,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// It went from one space to another.
    DeviceReassigned {
        from: SpaceId,
        to: SpaceId,
        category: Category,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// It stands at no space any more.
    DeviceUnassigned {
        space_id: SpaceId,
        category: Category,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// Its owner gave it up: it is an orphan again, for anybody to claim.
    DeviceReleased {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// Its owner took it out of use. It belongs to nobody, and is an orphan if it is heard again.
    DeviceRetired {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// Nothing was heard of it for longer than its model stays silent.
    DeviceFellSilent {
        /// When it was last heard.
        last_heard_at: Instant,
        /// When it was too long.
        due: Instant,
        at: Instant,
    },
    /// Somebody does not want to see this orphan until it is heard again after this.
    OrphanDismissed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
}

events!(DeviceEvent {
    DeviceClaimed: "1",
    DeviceUpdated: "1",
    DeviceAssigned: "1",
    DeviceReassigned: "1",
    DeviceUnassigned: "1",
    DeviceReleased: "1",
    DeviceRetired: "1",
    DeviceFellSilent: "1",
    OrphanDismissed: "1",
});
