//! The permissions of callers, and who has each of them. Every handler names the one permission that it needs in its signature.

use std::fmt;

use parking_commands::accounts::Principal;
use parking_domain::tenant::Role;

/// A permission.
pub(crate) trait Permission: Send + Sync + 'static {
    /// The name in the documentation: `resource:action`.
    const NAME: &'static str;
    /// Who has it.
    const NEEDS: Needs;
}

/// What a caller needs for a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: also without a login.
    Nothing,
    /// A token, which the handler checks itself: also of a user or a tenant that is locked out.
    Token,
    /// A login, also with a password that must be changed first.
    Session,
    /// A login.
    Login,
    /// This role in the tenant, or a higher one.
    Role(Role),
    /// A login as an admin or owner of the platform's tenant.
    PlatformAdmin,
    /// The same, or the token of a program that collects the metrics.
    Metrics,
}

use Needs::{Login, Nothing, PlatformAdmin, Session, Token};

const VIEWER: Needs = Needs::Role(Role::Viewer);
const OPERATOR: Needs = Needs::Role(Role::Operator);
const ADMIN: Needs = Needs::Role(Role::Admin);

impl Needs {
    /// Whether a caller has what is needed. The password that must be changed is not looked at.
    pub(crate) fn has(self, principal: &Principal) -> bool {
        match self {
            Nothing | Token | Session | Login => true,
            Self::Role(needed) => principal.role.allows(needed),
            PlatformAdmin | Self::Metrics => principal.is_platform_admin,
        }
    }

    /// Whether it needs a user, even where the server asks nobody for a login.
    pub(crate) fn is_personal(self) -> bool {
        matches!(self, Token | Session | Login)
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Nothing => f.write_str("nothing"),
            Token | Session | Login => f.write_str("login"),
            Self::Role(role) => role.fmt(f),
            PlatformAdmin | Self::Metrics => f.write_str("platform_admin"),
        }
    }
}

macro_rules! permissions {
    ($($permission:ident $name:literal $needs:expr,)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            #[derive(Clone, Copy, Debug)]
            pub(crate) enum $permission {}

            impl Permission for $permission {
                const NAME: &'static str = $name;
                const NEEDS: Needs = $needs;
            }
        )*

        /// All permissions by name.
        const TABLE: &[(&str, Needs)] = &[$(($name, $needs)),*];
    };
}

permissions! {
    Anyone "anyone" Nothing,
    EndSession "session:end" Token,
    UseSession "session:use" Session,
    ManageAccount "account:manage" Login,
    ReadActivity "activity:read" VIEWER,
    ReadDashboard "dashboard:read" VIEWER,
    ReadDevices "devices:read" VIEWER,
    ManageDevices "devices:manage" ADMIN,
    ReadDisplayPolicies "display_policies:read" VIEWER,
    ManageDisplayPolicies "display_policies:manage" ADMIN,
    ReadJobs "jobs:read" PlatformAdmin,
    RunJobs "jobs:run" PlatformAdmin,
    ReadLimits "limits:read" VIEWER,
    ReadMetrics "metrics:read" Needs::Metrics,
    ReadOrphans "orphans:read" ADMIN,
    ClaimOrphans "orphans:claim" ADMIN,
    ReadOverrides "overrides:read" VIEWER,
    ManageOverrides "overrides:manage" ADMIN,
    ReadReservations "reservations:read" VIEWER,
    ManageReservations "reservations:manage" OPERATOR,
    ExpireReservations "reservations:expire" PlatformAdmin,
    ReadSites "sites:read" VIEWER,
    ManageSites "sites:manage" ADMIN,
    ReadSpaces "spaces:read" VIEWER,
    ManageSpaces "spaces:manage" ADMIN,
    SetSpaceState "spaces:set_state" OPERATOR,
    ReadUsers "users:read" ADMIN,
    ManageUsers "users:manage" ADMIN,
    DisableUsers "users:disable" PlatformAdmin,
}

/// What a permission needs, by its name.
pub(in crate::http) fn needs(name: &str) -> Option<Needs> {
    TABLE.iter().find(|(known, _)| *known == name).map(|(_, needs)| *needs)
}
