//! How far a device has come, in the words that existing clients know.

use serde::{Deserialize, Serialize};

use super::Device;

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Owned, and never put anywhere by this owner.
    Provisioned,
    /// Owned, and put somewhere before, but not now.
    Commissioned,
    /// Owned, and at a space.
    Operational,
    /// Taken out of use by its last owner.
    Decommissioned,
}

/// Where a device stands, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Owned, and at no space.
    Unassigned,
    /// At a space.
    Assigned,
    /// Taken out of use.
    Retired,
}

impl Device {
    /// How far it has come; none for an orphan.
    pub fn lifecycle(&self) -> Option<Lifecycle> {
        match &self.owned {
            Some(owned) if owned.space_id.is_some() => Some(Lifecycle::Operational),
            Some(owned) if owned.commissioned => Some(Lifecycle::Commissioned),
            Some(_) => Some(Lifecycle::Provisioned),
            None => self.retired.then_some(Lifecycle::Decommissioned),
        }
    }

    /// Where it stands; none for an orphan.
    pub fn status(&self) -> Option<Status> {
        self.lifecycle().map(|lifecycle| match lifecycle {
            Lifecycle::Provisioned | Lifecycle::Commissioned => Status::Unassigned,
            Lifecycle::Operational => Status::Assigned,
            Lifecycle::Decommissioned => Status::Retired,
        })
    }
}
