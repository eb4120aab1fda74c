//! What a space is, as its operator describes it.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::geo::Position;
use crate::policy::PolicyOverrides;

/// A space's description. Its code and its site stand beside it, because they are claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// For people who run the site.
    pub name: String,
    /// For people who park there.
    pub display_name: String,
    /// A disabled space cannot be booked.
    pub enabled: bool,
    /// How long after its start a reservation waits for somebody to come; none means until its end. 1 to 1440.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_release_minutes: Option<u16>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub building: Option<String>,
    /// Where in the building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// Where on the floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Where on earth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// What it decides otherwise than its site.
    #[serde(default, skip_serializing_if = "PolicyOverrides::is_empty")]
    pub policy: PolicyOverrides,
    /// The operator's own settings; the platform does not read them.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub config: Document,
    /// The operator's own data; the platform does not read them.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}

/// A state that somebody gave a space by hand.
///
/// `free` and `occupied` are words like a sensor's, and hold until its next word. `reserved` and `maintenance` hold until
/// another state is set by hand. `unknown` takes back what was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateByHand {
    /// Nothing is there.
    Free,
    /// A vehicle is there.
    Occupied,
    /// Kept for somebody.
    Reserved,
    /// Not to be used.
    Maintenance,
    /// Nobody knows.
    Unknown,
}
