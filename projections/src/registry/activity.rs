//! Read model `activity`: one row for each event in which a person or the platform changed something of a tenant.
//!
//! Device reports are not activity; changes of a space's shown state are in `space_history`.

mod entry;
pub mod read;

use std::collections::{BTreeSet, HashMap};

use parking_domain::actor::Actor;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::projection::{Decoded, Tables};
use crate::engine::rows::insert;
use entry::ActivityEntry;

pub(crate) const TABLES: Tables =
    Tables { names: &["activity"], internal: &[], schema: include_str!("activity.sql") };

/// Upper limit of cached space sites; beyond it the cache is cleared.
const KEPT: usize = 200_000;

/// One entry of the activity list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The event's position.
    pub position: i64,
    /// The owner of the changed thing; for an orphan, the tenant that acted.
    pub tenant_id: Uuid,
    /// When the command was decided.
    pub at: Instant,
    /// The actor.
    pub actor: Actor,
    /// The event type.
    pub kind: String,
    /// The stream's aggregate type.
    pub stream_type: String,
    /// The stream's id.
    pub stream_id: String,
    /// The site concerned.
    pub site_id: Option<Uuid>,
    /// The space concerned.
    pub space_id: Option<Uuid>,
    /// The device concerned.
    pub dev_eui: Option<DevEui>,
    /// Details in a few fields.
    pub summary: Value,
}

/// Turns events into rows.
#[derive(Default)]
pub(crate) struct Activities {
    /// The sites of the spaces looked up so far.
    sites: HashMap<Uuid, Uuid>,
}

impl Activities {
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), sqlx::Error> {
        let mut rows: Vec<Activity> = events.iter().filter_map(row).collect();
        let created = rows.iter().filter_map(|row| Some((row.space_id?, row.site_id?)));
        self.sites.extend(created);
        self.load(connection, &rows).await?;
        for row in &mut rows {
            row.site_id = row.site_id.or_else(|| self.sites.get(&row.space_id?).copied());
        }
        if self.sites.len() > KEPT {
            self.sites.clear();
        }
        insert(connection, "activity", &rows).await
    }

    /// Loads the sites of spaces that are not cached, from the activity rows of their creation.
    async fn load(&mut self, connection: &mut PgConnection, rows: &[Activity]) -> Result<(), sqlx::Error> {
        let missing: BTreeSet<Uuid> =
            rows.iter().filter_map(|row| row.space_id).filter(|id| !self.sites.contains_key(id)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let found: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "select space_id, site_id from activity \
              where space_id = any($1) and kind = 'SpaceCreated' and site_id is not null",
        )
        .bind(missing.into_iter().collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
        self.sites.extend(found);
        Ok(())
    }
}

/// The row of an event; none if the event is not activity.
fn row(decoded: &Decoded<'_>) -> Option<Activity> {
    let recorded = decoded.recorded;
    let ActivityEntry { at, actor, summary, site_id, space_id } = ActivityEntry::of(decoded.event)?;
    let stream = decoded.stream_uuid();
    let (mut row_tenant, mut row_site, mut row_space, mut dev_eui) =
        (recorded.tenant_id, site_id, space_id, None);
    match decoded.event {
        // The tenant itself was changed, whoever the actor is.
        Event::Tenant(_) => row_tenant = stream,
        Event::Site(_) => row_site = stream,
        Event::Space(_) => row_space = stream,
        Event::Device(_) => dev_eui = recorded.aggregate_id.parse().ok(),
        _ => {}
    }
    Some(Activity {
        position: recorded.position,
        tenant_id: row_tenant?,
        at,
        actor,
        kind: recorded.event_type.clone(),
        stream_type: recorded.aggregate_type.clone(),
        stream_id: recorded.aggregate_id.clone(),
        site_id: row_site,
        space_id: row_space,
        dev_eui,
        summary,
    })
}
