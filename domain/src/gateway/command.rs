//! Commands to a gateway. Another tenant's gateway is not found.

use super::event::Definition;
use crate::asked::Asked;
use crate::document::Document;
use crate::geo::Position;
use crate::id::SiteId;
use crate::patch::Patch;

/// A command to a `gateway` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum GatewayCommand {
    /// Give an unregistered gateway to the tenant.
    RegisterGateway { definition: Box<Definition>, asked: Asked },
    /// Change its definition.
    UpdateGateway { patch: Box<GatewayPatch>, asked: Asked },
    /// Remove it from its tenant.
    RemoveGateway { asked: Asked },
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
