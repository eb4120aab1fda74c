//! The features and limits of each tier, and how they change with the tier.

use std::collections::BTreeMap;

use super::definition::Tier;

impl Tier {
    /// The tier's limits by name.
    pub fn limits(self) -> BTreeMap<String, u32> {
        let [devices, gateways, spaces, users, requests_per_minute] = match self {
            Self::Basic => [100, 10, 100, 5, 100],
            Self::Professional => [500, 50, 500, 25, 1000],
            Self::Enterprise => [10_000, 100, 5000, 100, 10_000],
        };
        named([
            ("max_devices", devices),
            ("max_gateways", gateways),
            ("max_spaces", spaces),
            ("max_users", users),
            ("api_rate_limit", requests_per_minute),
        ])
    }

    /// The tier's features by name.
    pub fn features(self) -> BTreeMap<String, bool> {
        let (analytics, custom_branding) = match self {
            Self::Basic => (false, false),
            Self::Professional => (true, false),
            Self::Enterprise => (true, true),
        };
        named([
            ("parking", true),
            ("reservations", true),
            ("api_access", true),
            ("webhooks", true),
            ("analytics", analytics),
            ("custom_branding", custom_branding),
        ])
    }
}

/// The values after a change of tier: values of the old tier are replaced by the new tier's; the tenant's own values
/// stay.
pub(super) fn carried_over<V: Clone + PartialEq>(
    values: &BTreeMap<String, V>,
    old: &BTreeMap<String, V>,
    new: BTreeMap<String, V>,
) -> BTreeMap<String, V> {
    let own = values.iter().filter(|(name, value)| old.get(*name) != Some(value));
    let own: Vec<_> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
    new.into_iter().chain(own).collect()
}

fn named<V, const N: usize>(values: [(&str, V); N]) -> BTreeMap<String, V> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
