//! The life cycle of a device, in the terms of existing clients.

use serde::{Deserialize, Serialize};

use super::Device;

/// The life cycle of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Owned, and never assigned by this owner.
    Provisioned,
    /// Owned, and assigned before, but not now.
    Commissioned,
    /// Owned, and assigned to a space.
    Operational,
    /// Taken out of use by its last owner.
    Decommissioned,
}

/// Whether a device is assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Owned, and not assigned to a space.
    Unassigned,
    /// Assigned to a space.
    Assigned,
    /// Taken out of use.
    Retired,
}

impl Status {
    /// The written form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned",
            Self::Assigned => "assigned",
            Self::Retired => "retired",
        }
    }
}

impl Device {
    /// Its life cycle; `None` for an orphan.
    pub fn lifecycle(&self) -> Option<Lifecycle> {
        match &self.owned {
            Some(owned) if owned.space_id.is_some() => Some(Lifecycle::Operational),
            Some(owned) if owned.commissioned => Some(Lifecycle::Commissioned),
            Some(_) => Some(Lifecycle::Provisioned),
            None => self.retired_by.map(|_| Lifecycle::Decommissioned),
        }
    }

    /// Its status; `None` for an orphan.
    pub fn status(&self) -> Option<Status> {
        self.lifecycle().map(|lifecycle| match lifecycle {
            Lifecycle::Provisioned | Lifecycle::Commissioned => Status::Unassigned,
            Lifecycle::Operational => Status::Assigned,
            Lifecycle::Decommissioned => Status::Retired,
        })
    }
}
