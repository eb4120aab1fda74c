//! What members may do, in steps.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::tenant::TenantType;

/// What a member may do, each more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Book, and set states.
    Operator,
    /// Build: sites, spaces, devices, users.
    Admin,
    /// Everything of the tenant's: keys, secrets, settings.
    Owner,
}

impl Role {
    /// True when whoever has this role may do what needs the other.
    pub fn allows(self, needed: Self) -> bool {
        self >= needed
    }

    /// True when whoever has this role in a tenant of that type runs the platform.
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
