//! What happened to a site, version 1.

use serde::{Deserialize, Serialize};

use super::definition::Definition;
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;
use crate::lorawan::GatewayEui;

/// An event of a `site` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum SiteEvent {
    /// The site exists from now on, its name and its slug unique in its tenant.
    SiteCreated {
        tenant_id: TenantId,
        name: String,
        slug: String,
        definition: Box<Definition>,
        at: Instant,
        by: Actor,
    },
    /// Its definition is now this.
    SiteUpdated { definition: Box<Definition>, at: Instant, by: Actor },
    /// It is called otherwise.
    SiteRenamed {
        tenant_id: TenantId,
        from_name: String,
        to_name: String,
        from_slug: String,
        to_slug: String,
        at: Instant,
        by: Actor,
    },
    /// Something stands on it now, and keeps it from being archived.
    SiteMemberAdded { member: SiteMember, at: Instant },
    /// Something stands on it no more.
    SiteMemberRemoved { member: SiteMember, at: Instant },
    /// It is no more. Its name and slug are free again.
    SiteArchived { tenant_id: TenantId, name: String, slug: String, at: Instant, by: Actor },
}

events!(SiteEvent {
    SiteCreated: "1",
    SiteUpdated: "1",
    SiteRenamed: "1",
    SiteMemberAdded: "1",
    SiteMemberRemoved: "1",
    SiteArchived: "1",
});

/// What can stand on a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteMember {
    /// A space.
    Space(SpaceId),
    /// A gateway.
    Gateway(GatewayEui),
}
