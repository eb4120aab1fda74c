//! A site: a location with parking spaces and a time zone.

mod command;
mod definition;
mod event;
mod refusal;
mod rules;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::aggregate::{Claim, ClaimChange, Decider, aggregate};
use crate::asked::Asked;
use crate::id::TenantId;
use crate::naming::moved;

pub use command::{NewSite, SiteCommand, SitePatch};
pub use definition::Definition;
pub use event::{SiteEvent, SiteMember};
pub use refusal::SiteRefusal;
pub use rules::MOST_MEMBERS;

/// The state for decisions about a site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Site {
    #[serde(rename = "place")]
    existing: Option<SiteState>,
    archived: bool,
}

/// The state of an existing site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SiteState {
    tenant_id: TenantId,
    name: String,
    slug: String,
    definition: Definition,
    members: BTreeSet<SiteMember>,
}

impl Site {
    /// The tenant that owns it, while it exists.
    pub fn tenant_id(&self) -> Option<TenantId> {
        self.existing.as_ref().map(|site| site.tenant_id)
    }

    /// Its definition, while it exists.
    pub fn definition(&self) -> Option<&Definition> {
        self.existing.as_ref().map(|site| &site.definition)
    }

    /// Its name and its slug, while it exists.
    pub fn name_and_slug(&self) -> Option<(&str, &str)> {
        self.existing.as_ref().map(|site| (site.name.as_str(), site.slug.as_str()))
    }

    /// The site, if it is the tenant's; otherwise it is not found, so that its existence is not disclosed.
    fn owned_by(&self, asked: Asked) -> Result<&SiteState, SiteRefusal> {
        let site = self.existing.as_ref().filter(|site| site.tenant_id == asked.tenant_id);
        site.ok_or(SiteRefusal::SiteNotFound)
    }
}

impl Decider for Site {
    const STATE_VERSION: i32 = 1;

    const EVENTS: &'static [(&'static str, &'static str)] = SiteEvent::CATALOGUE;

    fn decide(&self, command: &SiteCommand) -> Result<Vec<SiteEvent>, SiteRefusal> {
        use SiteCommand::{AddSiteMember, ArchiveSite, CreateSite, RemoveSiteMember, RenameSite, UpdateSite};
        match command.clone() {
            CreateSite { .. } if self.existing.is_some() || self.archived => {
                Err(SiteRefusal::SiteAlreadyExists)
            }
            CreateSite { site, asked } => rules::create(*site, asked),
            UpdateSite { patch, asked } => self.owned_by(asked)?.update(*patch, asked),
            RenameSite { name, slug, asked } => self.owned_by(asked)?.rename(name, slug, asked),
            AddSiteMember { member, asked } => self.owned_by(asked)?.add(member, asked.at),
            RemoveSiteMember { member, asked } => Ok(self.owned_by(asked)?.remove(member, asked.at)),
            ArchiveSite { asked } => self.owned_by(asked)?.archive(asked),
        }
    }

    fn evolve(&mut self, event: &SiteEvent) {
        match event {
            SiteEvent::SiteCreated { tenant_id, name, slug, definition, .. } => {
                self.existing = Some(SiteState {
                    tenant_id: *tenant_id,
                    name: name.clone(),
                    slug: slug.clone(),
                    definition: Definition::clone(definition),
                    members: BTreeSet::new(),
                });
            }
            SiteEvent::SiteArchived { .. } => *self = Self { existing: None, archived: true },
            event => {
                if let Some(site) = &mut self.existing {
                    site.evolve(event);
                }
            }
        }
    }

    fn claims(event: &SiteEvent) -> Vec<ClaimChange> {
        match event {
            SiteEvent::SiteCreated { tenant_id, name, slug, .. } => {
                [name_claim(*tenant_id, name), slug_claim(*tenant_id, slug)].map(ClaimChange::Take).into()
            }
            SiteEvent::SiteRenamed { tenant_id, from_name, to_name, from_slug, to_slug, .. } => [
                moved(name_claim(*tenant_id, from_name), name_claim(*tenant_id, to_name)),
                moved(slug_claim(*tenant_id, from_slug), slug_claim(*tenant_id, to_slug)),
            ]
            .concat(),
            SiteEvent::SiteArchived { tenant_id, name, slug, .. } => {
                [name_claim(*tenant_id, name), slug_claim(*tenant_id, slug)].map(ClaimChange::Release).into()
            }
            _ => Vec::new(),
        }
    }
}

impl SiteState {
    fn evolve(&mut self, event: &SiteEvent) {
        match event {
            SiteEvent::SiteUpdated { definition, .. } => self.definition = Definition::clone(definition),
            SiteEvent::SiteRenamed { to_name, to_slug, .. } => {
                self.name.clone_from(to_name);
                self.slug.clone_from(to_slug);
            }
            SiteEvent::SiteMemberAdded { member, .. } => {
                self.members.insert(*member);
            }
            SiteEvent::SiteMemberRemoved { member, .. } => {
                self.members.remove(member);
            }
            SiteEvent::SiteCreated { .. } | SiteEvent::SiteArchived { .. } => {}
        }
    }
}

/// A site's name is unique in its tenant, ignoring letter case and surrounding blanks.
fn name_claim(tenant_id: TenantId, name: &str) -> Claim {
    Claim { scope: name_scope(tenant_id), key: name.trim().to_lowercase() }
}

/// The scope of the claims of which each site of a tenant holds exactly one.
pub fn name_scope(tenant_id: TenantId) -> String {
    format!("site_name/{tenant_id}")
}

/// A site's slug is unique in its tenant, ignoring letter case.
fn slug_claim(tenant_id: TenantId, slug: &str) -> Claim {
    Claim { scope: format!("site_slug/{tenant_id}"), key: slug.to_lowercase() }
}

aggregate!(Site, "site", SiteCommand, SiteEvent, SiteRefusal);
