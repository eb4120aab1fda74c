//! The rules of a site: names, definition, members, and archiving.

use super::SiteState;
use super::command::{NewSite, SitePatch};
use super::definition::Definition;
use super::event::{SiteEvent, SiteMember};
use super::refusal::SiteRefusal;
use crate::asked::Asked;
use crate::geo::Position;
use crate::instant::Instant;
use crate::limits;
use crate::naming::{LONGEST_NAME, is_name, is_slug};
use crate::patch::replace;
use crate::policy::Policy;

/// The maximum number of spaces and gateways of a site.
pub const MOST_MEMBERS: usize = 10_000;

type Decision = Result<Vec<SiteEvent>, SiteRefusal>;

pub(super) fn create(site: NewSite, asked: Asked) -> Decision {
    let NewSite { name, slug, definition } = site;
    check_name_and_slug(&name, &slug)?;
    check(&definition)?;
    let definition = Box::new(definition);
    let Asked { tenant_id, at, by } = asked;
    Ok(vec![SiteEvent::SiteCreated { tenant_id, name, slug, definition, at, by }])
}

impl SiteState {
    pub(super) fn update(&self, patch: SitePatch, asked: Asked) -> Decision {
        let definition = self.definition.patched(patch)?;
        check(&definition)?;
        if definition == self.definition {
            return Ok(Vec::new());
        }
        Ok(vec![SiteEvent::SiteUpdated { definition: Box::new(definition), at: asked.at, by: asked.by }])
    }

    pub(super) fn rename(&self, name: Option<String>, slug: Option<String>, asked: Asked) -> Decision {
        let (from_name, from_slug) = (self.name.clone(), self.slug.clone());
        let (to_name, to_slug) =
            (name.unwrap_or_else(|| from_name.clone()), slug.unwrap_or_else(|| from_slug.clone()));
        check_name_and_slug(&to_name, &to_slug)?;
        if to_name == from_name && to_slug == from_slug {
            return Ok(Vec::new());
        }
        let (tenant_id, Asked { at, by, .. }) = (self.tenant_id, asked);
        Ok(vec![SiteEvent::SiteRenamed { tenant_id, from_name, to_name, from_slug, to_slug, at, by }])
    }

    pub(super) fn add(&self, member: SiteMember, at: Instant) -> Decision {
        if self.members.contains(&member) {
            return Ok(Vec::new());
        }
        if self.members.len() >= MOST_MEMBERS {
            return Err(SiteRefusal::SiteFull);
        }
        Ok(vec![SiteEvent::SiteMemberAdded { member, at }])
    }

    pub(super) fn remove(&self, member: SiteMember, at: Instant) -> Vec<SiteEvent> {
        if self.members.contains(&member) {
            vec![SiteEvent::SiteMemberRemoved { member, at }]
        } else {
            Vec::new()
        }
    }

    pub(super) fn archive(&self, asked: Asked) -> Decision {
        let spaces = self.members.iter().filter(|member| matches!(member, SiteMember::Space(_))).count();
        let gateways = self.members.len() - spaces;
        if !self.members.is_empty() {
            return Err(SiteRefusal::SiteNotEmpty { spaces, gateways });
        }
        let (tenant_id, name, slug) = (self.tenant_id, self.name.clone(), self.slug.clone());
        let Asked { at, by, .. } = asked;
        Ok(vec![SiteEvent::SiteArchived { tenant_id, name, slug, at, by }])
    }
}

impl Definition {
    /// The definition with the patch applied.
    fn patched(&self, patch: SitePatch) -> Result<Self, SiteRefusal> {
        let mut new = self.clone();
        patch.address.apply_to(&mut new.address);
        patch.city.apply_to(&mut new.city);
        patch.state.apply_to(&mut new.state);
        patch.postal_code.apply_to(&mut new.postal_code);
        patch.country.apply_to(&mut new.country);
        new.position = patch.position.applied_to(new.position)?;
        replace(&mut new.timezone, patch.timezone);
        replace(&mut new.policy, patch.policy);
        replace(&mut new.metadata, patch.metadata);
        Ok(new)
    }
}

fn check_name_and_slug(name: &str, slug: &str) -> Result<(), SiteRefusal> {
    if !is_name(name, LONGEST_NAME) {
        return Err(SiteRefusal::SiteNameInvalid);
    }
    if !is_slug(slug, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        return Err(SiteRefusal::SiteSlugInvalid);
    }
    Ok(())
}

fn check(definition: &Definition) -> Result<(), SiteRefusal> {
    // Every field is listed, so that a new one is not forgotten. The document is limited by its type.
    let Definition { address, city, state, postal_code, country, position, timezone, policy, metadata: _ } =
        definition;
    for (field, text) in [
        ("address", address),
        ("city", city),
        ("state", state),
        ("postal_code", postal_code),
        ("country", country),
    ] {
        limits::label(field, text.as_deref())?;
    }
    if !looks_like_a_timezone(timezone) {
        return Err(SiteRefusal::TimezoneInvalid);
    }
    if let Some(Position { latitude, longitude }) = *position {
        Position::new(latitude, longitude)?;
    }
    Policy::default().with(policy).checked()?;
    Ok(())
}

/// Checks only the form: the time zone table changes over time, and a decision must not depend on it.
fn looks_like_a_timezone(name: &str) -> bool {
    (1..=limits::TIMEZONE).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-'))
}
