//! What can be asked of a gateway. Commands name the tenant they come from: another's gateway is not found.

use super::event::Definition;
use crate::actor::Actor;
use crate::document::Document;
use crate::geo::Position;
use crate::id::{SiteId, TenantId};
use crate::instant::Instant;
use crate::patch::Patch;

/// A command to a `gateway` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum GatewayCommand {
    /// Let a gateway that belongs to nobody belong to the tenant.
    RegisterGateway { tenant_id: TenantId, definition: Box<Definition>, at: Instant, by: Actor },
    /// Change its definition.
    UpdateGateway { tenant_id: TenantId, patch: Box<GatewayPatch>, at: Instant, by: Actor },
    /// Let it belong to nobody.
    RemoveGateway { tenant_id: TenantId, at: Instant, by: Actor },
}

/// A change of a gateway's definition: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayPatch {
    /// For people: 1 to 255 characters.
    pub name: Option<String>,
    /// For people.
    pub description: Patch<String>,
    /// Where it is, in words.
    pub location: Patch<String>,
    /// Where on earth.
    pub position: Patch<Position>,
    /// Metres above the ellipsoid.
    pub altitude: Patch<f64>,
    /// The site it stands on. The sites' streams are told in the same append.
    pub site_id: Patch<SiteId>,
    /// Instead of the owner's own data.
    pub metadata: Option<Document>,
}
