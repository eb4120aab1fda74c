//! Read model `sites`: all sites that are not archived.

pub(crate) mod names;
pub mod read;

use parking_domain::instant::Instant;
use parking_domain::site::{Definition, SiteEvent};
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::feed::RecordedEvent;
use crate::engine::projection::{Decoded, Tables};
use crate::engine::rows::{Row, Rows};
use crate::registry::sites::names::SiteName;

pub(crate) const TABLES: Tables =
    Tables { names: &["sites"], internal: &[], schema: include_str!("sites.sql") };

/// A site that is not archived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Its id.
    pub site_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// Unique in its tenant, regardless of letter case.
    pub name: String,
    /// Unique in its tenant, regardless of letter case.
    pub slug: String,
    /// The definition its operator gave it.
    pub definition: Definition,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// The position of the event that last changed it.
    pub position: i64,
}

impl Row for Site {
    const TABLE: &'static str = "sites";
    const KEY: &'static str = "site_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.site_id
    }
}

/// Applies site events to rows, and collects the names that they give.
#[derive(Default)]
pub(crate) struct Sites {
    rows: Rows<Site>,
    named: Vec<SiteName>,
}

impl Sites {
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), sqlx::Error> {
        let site_events = events.iter().filter(|decoded| matches!(decoded.event, Event::Site(_)));
        self.rows.load(connection, site_events.filter_map(Decoded::stream_uuid)).await?;
        for decoded in events {
            if let (Event::Site(event), Some(site_id)) = (&decoded.event, decoded.stream_uuid()) {
                self.take(site_id, event, decoded.recorded);
            }
        }
        self.rows.save(connection).await?;
        names::save(connection, &std::mem::take(&mut self.named)).await
    }

    fn take(&mut self, site_id: Uuid, event: &SiteEvent, recorded: &RecordedEvent) {
        let position = recorded.position;
        match event {
            SiteEvent::SiteCreated { tenant_id, name, slug, definition, at, .. } => self.rows.put(Site {
                site_id,
                tenant_id: tenant_id.uuid(),
                name: name.clone(),
                slug: slug.clone(),
                definition: (**definition).clone(),
                created_at: *at,
                updated_at: *at,
                position,
            }),
            SiteEvent::SiteUpdated { definition, at, .. } => {
                let Some(site) = self.rows.change(&site_id) else { return };
                site.definition.clone_from(definition);
                (site.updated_at, site.position) = (*at, position);
                return;
            }
            SiteEvent::SiteRenamed { to_name, to_slug, at, .. } => {
                let Some(site) = self.rows.change(&site_id) else { return };
                site.name.clone_from(to_name);
                site.slug.clone_from(to_slug);
                (site.updated_at, site.position) = (*at, position);
            }
            SiteEvent::SiteArchived { .. } => {
                let Some(site) = self.rows.get(&site_id) else { return };
                self.named.push(SiteName::ended((site_id, site.tenant_id), recorded));
                self.rows.remove(&site_id);
                return;
            }
            SiteEvent::SiteMemberAdded { .. } | SiteEvent::SiteMemberRemoved { .. } => return,
        }
        self.named.extend(self.rows.get(&site_id).map(|site| SiteName::of(site, recorded)));
    }
}
