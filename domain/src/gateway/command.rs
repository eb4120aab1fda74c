//! Commands to a gateway. Commands name the owner's tenant: another tenant's gateway is not found.

use super::event::Definition;
use crate::actor::Actor;
use crate::document::Document;
use crate::geo::Position;
use crate::id::{SiteId, TenantId};
use crate::instant::Instant;
use crate::patch::Patch;

/// A command to a `gateway` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum GatewayCommand {
    /// Give an unregistered gateway to the tenant.
    RegisterGateway { tenant_id: TenantId, definition: Box<Definition>, at: Instant, by: Actor },
    /// Change its definition.
    UpdateGateway { tenant_id: TenantId, patch: Box<GatewayPatch>, at: Instant, by: Actor },
    /// Remove it from its tenant.
    RemoveGateway { tenant_id: TenantId, at: Instant, by: Actor },
}

/// A change of a gateway's definition; absent fields are unchanged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayPatch {
    /// Display name, 1 to 255 characters.
    pub name: Option<String>,
    /// A description for operators.
    pub description: Patch<String>,
    /// A description of its location.
    pub location: Patch<String>,
    /// Its geographic position.
    pub position: Patch<Position>,
    /// Metres above the ellipsoid.
    pub altitude: Patch<f64>,
    /// The site it belongs to. The same append updates the sites' streams.
    pub site_id: Patch<SiteId>,
    /// Replaces the owner's data.
    pub metadata: Option<Document>,
}
