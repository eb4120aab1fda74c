//! A tenant's definition: its type, tier, limits and features, and its display policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::instant::Instant;
use crate::policy::Policy;

/// A tenant's definition. Its slug is separate because it is claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Display name.
    pub name: String,
    /// The type of tenant.
    #[serde(rename = "type")]
    pub tenant_type: TenantType,
    /// The subscription tier.
    pub tier: Tier,
    /// The end of its trial, if it is on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_ends_at: Option<Instant>,
    /// Its features by name.
    pub features: BTreeMap<String, bool>,
    /// Its limits by name.
    pub limits: BTreeMap<String, u32>,
    /// The platform's data about it.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}

/// The type of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantType {
    /// Runs the platform: its owners and admins are platform admins.
    Platform,
    /// A paying customer.
    #[default]
    Customer,
    /// A trial.
    Trial,
}

/// The subscription tier of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The lowest tier.
    #[default]
    Basic,
    /// Higher limits, and analytics.
    Professional,
    /// The highest limits, and custom branding.
    Enterprise,
}

/// A display policy with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPolicy {
    /// Display name.
    pub name: String,
    /// A description for operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The policy.
    pub policy: Policy,
}
