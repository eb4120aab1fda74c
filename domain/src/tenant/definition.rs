//! What a tenant is: its type, its tier, its limits and features, and its display policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::instant::Instant;
use crate::policy::Policy;

/// A tenant's description. Its slug stands beside it, because it is claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// For people.
    pub name: String,
    /// What kind of tenant it is.
    #[serde(rename = "type")]
    pub tenant_type: TenantType,
    /// What it pays for.
    pub tier: Tier,
    /// When its trial ends, if it is on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_ends_at: Option<Instant>,
    /// What it may do, by name.
    pub features: BTreeMap<String, bool>,
    /// How much of each it may have, by name.
    pub limits: BTreeMap<String, u32>,
    /// The platform's own data about it.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}

/// What kind of tenant it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantType {
    /// Runs the platform: its owners and admins are platform admins.
    Platform,
    /// Pays.
    #[default]
    Customer,
    /// Tries it out.
    Trial,
}

/// What a tenant pays for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The least.
    #[default]
    Basic,
    /// More, and analytics.
    Professional,
    /// Most, and one's own branding.
    Enterprise,
}

/// A display policy with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPolicy {
    /// For people.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it says.
    pub policy: Policy,
}
