//! What can be asked of a site. Commands name the tenant they come from: another's site is not found.

use super::definition::Definition;
use super::event::SiteMember;
use crate::actor::Actor;
use crate::document::Document;
use crate::geo::Position;
use crate::id::TenantId;
use crate::instant::Instant;
use crate::patch::Patch;
use crate::policy::PolicyOverrides;

/// A command to a `site` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum SiteCommand {
    /// Let it exist.
    CreateSite { tenant_id: TenantId, site: Box<NewSite>, at: Instant, by: Actor },
    /// Change its definition.
    UpdateSite { tenant_id: TenantId, patch: Box<SitePatch>, at: Instant, by: Actor },
    /// Call it otherwise; what is absent stays.
    RenameSite { tenant_id: TenantId, name: Option<String>, slug: Option<String>, at: Instant, by: Actor },
    /// Something stands on it now: part of the append that puts it there.
    AddSiteMember { tenant_id: TenantId, member: SiteMember, at: Instant },
    /// Something stands on it no more: part of the append that takes it away.
    RemoveSiteMember { tenant_id: TenantId, member: SiteMember, at: Instant },
    /// End it. Nothing may stand on it.
    ArchiveSite { tenant_id: TenantId, at: Instant, by: Actor },
}

/// A site to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSite {
    /// For people: 1 to 255 characters, unique in its tenant.
    pub name: String,
    /// For addresses: 1 to 100 letters, digits, `-` and `_`, unique in its tenant.
    pub slug: String,
    /// The rest.
    pub definition: Definition,
}

/// A change of a site's definition: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SitePatch {
    /// Street and number.
    pub address: Patch<String>,
    /// The city.
    pub city: Patch<String>,
    /// The state or province.
    pub state: Patch<String>,
    /// The postal code.
    pub postal_code: Patch<String>,
    /// The country.
    pub country: Patch<String>,
    /// Where on earth.
    pub position: Patch<Position>,
    /// The name of its time zone in the IANA database. That there is such a zone is checked where the table is.
    pub timezone: Option<String>,
    /// Instead of all that it decides otherwise than its tenant.
    pub policy: Option<PolicyOverrides>,
    /// Instead of the operator's own data.
    pub metadata: Option<Document>,
}
