//! Read model `site_names`: every name that a site has had, with the event from which on it holds.

use parking_domain::instant::Instant;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::feed::RecordedEvent;
use crate::engine::projection::Tables;
use crate::engine::rows::insert;
use crate::registry::sites::Site;

pub(crate) const TABLES: Tables =
    Tables { names: &["site_names"], internal: &[], schema: include_str!("names.sql") };

/// A site's name and slug, from an event on; none once the site is archived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SiteName {
    pub(crate) site_id: Uuid,
    pub(crate) position: i64,
    pub(crate) recorded_at: Instant,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: Option<String>,
    pub(crate) slug: Option<String>,
}

impl SiteName {
    /// A site that an event created or renamed.
    pub(crate) fn of(site: &Site, recorded: &RecordedEvent) -> Self {
        let (name, slug) = (Some(site.name.clone()), Some(site.slug.clone()));
        Self { name, slug, ..Self::ended((site.site_id, site.tenant_id), recorded) }
    }

    /// A site, with its tenant, that an event archived.
    pub(crate) fn ended((site_id, tenant_id): (Uuid, Uuid), recorded: &RecordedEvent) -> Self {
        let (position, recorded_at) = (recorded.position, recorded.recorded_at);
        Self { site_id, position, recorded_at, tenant_id, name: None, slug: None }
    }
}

pub(crate) async fn save(connection: &mut PgConnection, names: &[SiteName]) -> Result<(), sqlx::Error> {
    insert(connection, "site_names", names).await
}
