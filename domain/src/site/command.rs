//! Commands to a site. Another tenant's site is not found.

use super::definition::Definition;
use super::event::SiteMember;
use crate::asked::Asked;
use crate::document::Document;
use crate::geo::PositionPatch;
use crate::patch::Patch;
use crate::policy::PolicyOverrides;

/// A command to a `site` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum SiteCommand {
    /// Create it.
    CreateSite { site: Box<NewSite>, asked: Asked },
    /// Change its definition.
    UpdateSite { patch: Box<SitePatch>, asked: Asked },
    /// Rename; absent fields are unchanged.
    RenameSite { name: Option<String>, slug: Option<String>, asked: Asked },
    /// Add a space or a gateway: part of the append that assigns it to the site.
    AddSiteMember { member: SiteMember, asked: Asked },
    /// Remove a space or a gateway: part of the append that takes it from the site.
    RemoveSiteMember { member: SiteMember, asked: Asked },
    /// Archive it. It must be empty.
    ArchiveSite { asked: Asked },
}

/// A site to create.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSite {
    /// Display name: 1 to 255 characters, unique in its tenant.
    pub name: String,
    /// URL name: 1 to 100 letters, digits, `-` and `_`, unique in its tenant.
    pub slug: String,
    /// The remaining fields.
    pub definition: Definition,
}

/// A change of a site's definition; absent fields are unchanged.
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
    /// Its geographic position.
    pub position: PositionPatch,
    /// The name of its time zone in the IANA database. The caller, which has the time zone table, checks that it
    /// exists.
    pub timezone: Option<String>,
    /// Replaces its overrides of the tenant's policy.
    pub policy: Option<PolicyOverrides>,
    /// Replaces the operator's data.
    pub metadata: Option<Document>,
}
