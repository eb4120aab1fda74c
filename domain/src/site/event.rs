//! Events of a site, version 1.

use serde::{Deserialize, Serialize};

use super::definition::Definition;
use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::{SpaceId, TenantId};
use crate::instant::Instant;
use crate::lorawan::GatewayEui;

/// An event of a `site` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum SiteEvent {
    /// The site is created, with a name and a slug unique in its tenant.
    SiteCreated {
        tenant_id: TenantId,
        name: String,
        slug: String,
        definition: Box<Definition>,
        at: Instant,
        by: Actor,
    },
    /// Its definition is replaced.
    SiteUpdated { definition: Box<Definition>, at: Instant, by: Actor },
    /// Its name or its slug changed.
    SiteRenamed {
        tenant_id: TenantId,
        from_name: String,
        to_name: String,
        from_slug: String,
        to_slug: String,
        at: Instant,
        by: Actor,
    },
    /// A space or a gateway is added; the site cannot be archived while it has members.
    SiteMemberAdded { member: SiteMember, at: Instant },
    /// A space or a gateway is removed.
    SiteMemberRemoved { member: SiteMember, at: Instant },
    /// It is archived. Its name and slug can be used again.
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

/// A member of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteMember {
    /// A space.
    Space(SpaceId),
    /// A gateway.
    Gateway(GatewayEui),
}
