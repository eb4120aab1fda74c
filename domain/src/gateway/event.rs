//! Events of a gateway's ownership and definition, version 1.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::aggregate::events;
use crate::document::Document;
use crate::geo::Position;
use crate::id::{SiteId, TenantId};
use crate::instant::Instant;

/// An event of a `gateway` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum GatewayEvent {
    /// A tenant owns it.
    GatewayRegistered { tenant_id: TenantId, definition: Box<Definition>, at: Instant, by: Actor },
    /// Its definition is replaced.
    GatewayUpdated { definition: Box<Definition>, at: Instant, by: Actor },
    /// It has no owner and can be registered again.
    GatewayRemoved { at: Instant, by: Actor },
}

events!(GatewayEvent { GatewayRegistered: "1", GatewayUpdated: "1", GatewayRemoved: "1" });

/// A gateway's definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Display name.
    pub name: String,
    /// A description for operators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A description of its location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Its geographic position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Metres above the ellipsoid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub altitude: Option<f64>,
    /// The site it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_id: Option<SiteId>,
    /// The owner's data; the platform does not read them.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub metadata: Document,
}
