//! The roles of members, ordered by their rights.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::definition::TenantType;

/// The role of a member. Each includes the rights of the previous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read.
    Viewer,
    /// Book, and set states.
    Operator,
    /// Manage sites, spaces, devices and users.
    Admin,
    /// Manage everything of the tenant: keys, secrets, settings.
    Owner,
}

impl Role {
    /// True when this role includes the needed one.
    pub fn allows(self, needed: Self) -> bool {
        self >= needed
    }

    /// True when this role in a tenant of that type is platform administration.
    pub fn is_platform_admin(self, tenant_type: TenantType) -> bool {
        tenant_type == TenantType::Platform && self.allows(Self::Admin)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        })
    }
}
