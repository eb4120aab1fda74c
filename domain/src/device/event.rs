//! Events of a device's ownership and assignment, version 1.

use serde::{Deserialize, Serialize};

use super::definition::{Category, Definition};
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;

/// An event of a `device` stream. A device that was only heard has no such stream: its uplinks alone make it an orphan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum DeviceEvent {
    /// A tenant owns it, including what it reported since it last had no owner.
    DeviceClaimed {
        tenant_id: TenantId,
        category: Category,
        definition: Box<Definition>,
        at: Instant,
        by: Actor,
    },
    /// Its definition is replaced.
    DeviceUpdated { definition: Box<Definition>, at: Instant, by: Actor },
    /// It is assigned to a space.
    DeviceAssigned {
        space_id: SpaceId,
        category: Category,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// It is moved from one space to another.
    DeviceReassigned {
        from: SpaceId,
        to: SpaceId,
        category: Category,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// It is no longer assigned to a space.
    DeviceUnassigned {
        space_id: SpaceId,
        category: Category,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// Its owner released it: it is an orphan again, and any tenant may claim it.
    DeviceReleased {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// Its owner took it out of use. It has no owner, and is an orphan if it is heard again.
    DeviceRetired {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// It was silent for longer than its model's limit.
    DeviceFellSilent {
        /// When it was last heard.
        last_heard_at: Instant,
        /// When the silence exceeded the limit.
        due: Instant,
        at: Instant,
    },
    /// The orphan is hidden until it is heard again after this event.
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
