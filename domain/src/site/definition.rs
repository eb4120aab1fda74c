//! A site's definition by its operator.

use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::geo::Position;
use crate::policy::PolicyOverrides;

/// A site's definition. Its name and slug are separate because they are claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The state or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Its geographic position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The name of its time zone in the IANA database, such as `Europe/Paris`.
    pub timezone: String,
    /// Its overrides of the tenant's policy.
    #[serde(default, skip_serializing_if = "PolicyOverrides::is_empty")]
    pub policy: PolicyOverrides,
    /// The operator's data; the platform does not read them.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}

impl Definition {
    /// A site with a time zone and no other fields.
    pub fn in_zone(timezone: impl Into<String>) -> Self {
        Self {
            address: None,
            city: None,
            state: None,
            postal_code: None,
            country: None,
            position: None,
            timezone: timezone.into(),
            policy: PolicyOverrides::default(),
            metadata: Document::default(),
        }
    }
}
