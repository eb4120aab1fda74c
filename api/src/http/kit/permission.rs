//! The permissions of callers. Every handler names the one permission that it needs in its signature.

/// A permission.
pub(crate) trait Permission: Send + Sync + 'static {
    /// The name in tokens, API keys and the documentation: `resource:action`.
    const NAME: &'static str;
}

macro_rules! permissions {
    ($($permission:ident $name:literal)*) => {$(
        #[doc = concat!("`", $name, "`")]
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum $permission {}

        impl Permission for $permission {
            const NAME: &'static str = $name;
        }
    )*};
}

permissions! {
    ReadActivity "activity:read"
    ReadDashboard "dashboard:read"
    ReadDevices "devices:read"
    ManageDevices "devices:manage"
    ReadDisplayPolicies "display_policies:read"
    ManageDisplayPolicies "display_policies:manage"
    ReadJobs "jobs:read"
    RunJobs "jobs:run"
    ReadOrphans "orphans:read"
    ClaimOrphans "orphans:claim"
    ReadOverrides "overrides:read"
    ManageOverrides "overrides:manage"
    ReadReservations "reservations:read"
    ManageReservations "reservations:manage"
    ReadSites "sites:read"
    ManageSites "sites:manage"
    ReadSpaces "spaces:read"
    ManageSpaces "spaces:manage"
    SetSpaceState "spaces:set_state"
}
