//! The rules of a tenant: creation, changes, suspension and archiving.

use chrono::TimeDelta;

use super::Account;
use super::command::{NewTenant, TenantPatch};
use super::definition::{Definition, TenantType};
use super::event::TenantEvent;
use super::refusal::TenantRefusal;
use super::tier::carried_over;
use crate::asked::Asked;
use crate::id::TenantId;
use crate::instant::Instant;
use crate::limits;
use crate::naming::{LONGEST_NAME, is_name, is_slug};
use crate::patch::replace;

/// The longest trial, in days.
pub const LONGEST_TRIAL_DAYS: u32 = 3650;

/// The maximum number of features of a tenant, and of limits.
pub const MOST_ENTITLEMENTS: usize = 100;

type Decision = Result<Vec<TenantEvent>, TenantRefusal>;

/// A new tenant has its tier's features and limits, with the given ones replacing them.
pub(super) fn create(tenant: NewTenant, asked: Asked) -> Decision {
    let NewTenant { name, slug, tenant_type, tier, trial_days, features, limits, metadata } = tenant;
    checked_slug(&slug, asked.tenant_id)?;
    if (tenant_type == TenantType::Platform) != (asked.tenant_id == TenantId::PLATFORM) {
        return Err(TenantRefusal::TenantTypeFixed);
    }
    let trial_ends_at = match (tenant_type, trial_days) {
        (TenantType::Trial, Some(days)) => Some(trial_end(asked.at, days)?),
        _ => None,
    };
    let features = tier.features().into_iter().chain(features).collect();
    let limits = tier.limits().into_iter().chain(limits).collect();
    let definition = Definition { name, tenant_type, tier, trial_ends_at, features, limits, metadata };
    let definition = Box::new(checked(definition)?);
    Ok(vec![TenantEvent::TenantCreated { slug, definition, at: asked.at, by: asked.by }])
}

impl Account {
    pub(super) fn update(&self, patch: TenantPatch, asked: Asked) -> Decision {
        let definition = checked(self.definition.patched(patch)?)?;
        if definition == self.definition {
            return Ok(Vec::new());
        }
        Ok(vec![TenantEvent::TenantUpdated { definition: Box::new(definition), at: asked.at, by: asked.by }])
    }

    pub(super) fn change_slug(&self, to: String, asked: Asked) -> Decision {
        checked_slug(&to, asked.tenant_id)?;
        if to == self.slug {
            return Ok(Vec::new());
        }
        Ok(vec![TenantEvent::TenantSlugChanged { from: self.slug.clone(), to, at: asked.at, by: asked.by }])
    }

    pub(super) fn suspend(&self, reason: String, asked: Asked) -> Decision {
        self.refuse_platform()?;
        limits::text("reason", &reason, limits::REASON)?;
        match (reason.trim(), self.suspended) {
            ("", _) => Err(TenantRefusal::SuspensionWithoutReason),
            (_, true) => Ok(Vec::new()),
            (_, false) => Ok(vec![TenantEvent::TenantSuspended { reason, at: asked.at, by: asked.by }]),
        }
    }

    pub(super) fn activate(&self, asked: Asked) -> Vec<TenantEvent> {
        if self.suspended {
            vec![TenantEvent::TenantActivated { at: asked.at, by: asked.by }]
        } else {
            Vec::new()
        }
    }

    pub(super) fn archive(&self, asked: Asked) -> Decision {
        self.refuse_platform()?;
        Ok(vec![TenantEvent::TenantArchived { slug: self.slug.clone(), at: asked.at, by: asked.by }])
    }

    fn refuse_platform(&self) -> Result<(), TenantRefusal> {
        match self.definition.tenant_type {
            TenantType::Platform => Err(TenantRefusal::TenantIsPlatform),
            TenantType::Customer | TenantType::Trial => Ok(()),
        }
    }
}

impl Definition {
    /// The definition with the patch applied. Only a trial has a trial end.
    fn patched(&self, patch: TenantPatch) -> Result<Self, TenantRefusal> {
        let TenantPatch { name, tenant_type, tier, trial_ends_at, features, limits, metadata } = patch;
        let mut new = self.clone();
        replace(&mut new.name, name);
        replace(&mut new.tenant_type, tenant_type);
        if (new.tenant_type == TenantType::Platform) != (self.tenant_type == TenantType::Platform) {
            return Err(TenantRefusal::TenantTypeFixed);
        }
        replace(&mut new.tier, tier);
        if new.tier != self.tier {
            new.features = carried_over(&self.features, &self.tier.features(), new.tier.features());
            new.limits = carried_over(&self.limits, &self.tier.limits(), new.tier.limits());
        }
        new.features.extend(features);
        new.limits.extend(limits);
        trial_ends_at.apply_to(&mut new.trial_ends_at);
        new.trial_ends_at = new.trial_ends_at.filter(|_| new.tenant_type == TenantType::Trial);
        replace(&mut new.metadata, metadata);
        Ok(new)
    }
}

fn trial_end(at: Instant, days: u32) -> Result<Instant, TenantRefusal> {
    let end = at.checked_add(TimeDelta::days(days.into()));
    end.filter(|_| (1..=LONGEST_TRIAL_DAYS).contains(&days)).ok_or(TenantRefusal::TrialDaysInvalid)
}

fn checked(definition: Definition) -> Result<Definition, TenantRefusal> {
    // Every field is listed, so that a new one is not forgotten. The document is limited by its type.
    let Definition { name, tenant_type: _, tier: _, trial_ends_at: _, features, limits, metadata: _ } =
        &definition;
    if !is_name(name, LONGEST_NAME) {
        return Err(TenantRefusal::TenantNameInvalid);
    }
    let counts = [features.len(), limits.len()];
    let mut names = features.keys().chain(limits.keys());
    if counts.into_iter().any(|count| count > MOST_ENTITLEMENTS)
        || !names.all(|name| is_name(name, limits::ENTITLEMENT))
    {
        return Err(TenantRefusal::EntitlementsInvalid);
    }
    Ok(definition)
}

/// The slugs of the tenants that every installation has. In a request `null` and `undefined` count as absent.
const RESERVED: [(&str, Option<TenantId>); 4] = [
    ("platform", Some(TenantId::PLATFORM)),
    ("default", Some(TenantId::DEFAULT)),
    ("null", None),
    ("undefined", None),
];

fn checked_slug(slug: &str, tenant_id: TenantId) -> Result<(), TenantRefusal> {
    if RESERVED.iter().any(|(reserved, of)| *reserved == slug && *of != Some(tenant_id)) {
        return Err(TenantRefusal::TenantSlugReserved);
    }
    if is_slug(slug, |c| matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        Ok(())
    } else {
        Err(TenantRefusal::TenantSlugInvalid)
    }
}
