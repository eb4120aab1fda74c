//! A space's definition by its operator.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::geo::Position;
use crate::policy::PolicyOverrides;

/// A space's definition. Its code and its site are separate because they are claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The name for operators.
    pub name: String,
    /// The name for drivers.
    pub display_name: String,
    /// A disabled space cannot be booked.
    pub enabled: bool,
    /// The time after its start after which an unconfirmed reservation is released, 1 to 1440 minutes; `None` means not
    /// before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_release_minutes: Option<u16>,
    /// The building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<String>,
    /// The floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// The zone of the floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its geographic position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Its overrides of the site's policy.
    #[serde(default, skip_serializing_if = "PolicyOverrides::is_empty")]
    pub policy: PolicyOverrides,
    /// The operator's settings; the platform does not read them.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub config: Document,
    /// The operator's data; the platform does not read them.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}

/// A state of a space set by hand.
///
/// `free` and `occupied` are like a sensor's readings and hold until its next one. `reserved` and `maintenance` hold
/// until another state is set by hand. `unknown` withdraws the state that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateByHand {
    /// No vehicle is present.
    Free,
    /// A vehicle is present.
    Occupied,
    /// Reserved for a guest.
    Reserved,
    /// Out of use.
    Maintenance,
    /// Withdraws the state set by hand.
    Unknown,
}
