//! Read model `activity`: what people and the platform did to what a tenant owns, event by event.
//!
//! What devices report is not activity, and what a space is shown as is in `space_history`.

mod doing;
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

use crate::projection::{Decoded, Tables};
use crate::rows::insert;
use doing::Doing;

pub(crate) const TABLES: Tables =
    Tables { names: &["activity"], internal: &[], schema: include_str!("activity.sql") };

/// Sites of spaces kept between batches. Beyond that memory starts anew: it is only a cache.
const KEPT: usize = 200_000;

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// The event.
    pub position: i64,
    /// Whose thing it was done to; of an orphan, who did it.
    pub tenant_id: Uuid,
    /// When it was decided.
    pub at: Instant,
    /// Who did it.
    pub actor: Actor,
    /// What: the event's type.
    pub kind: String,
    /// To what: the stream's aggregate type.
    pub stream_type: String,
    /// To which: the stream's id.
    pub stream_id: String,
    /// The site it was on.
    pub site_id: Option<Uuid>,
    /// The space it was at.
    pub space_id: Option<Uuid>,
    /// The device it was about.
    pub dev_eui: Option<DevEui>,
    /// What else there is to say, in a few fields.
    pub summary: Value,
}

/// Makes events into rows.
#[derive(Default)]
pub(crate) struct Activities {
    /// The site of each space that was asked for.
    sites: HashMap<Uuid, Uuid>,
}

impl Activities {
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), sqlx::Error> {
        let mut rows: Vec<Activity> = events.iter().filter_map(row).collect();
        let begun = rows.iter().filter_map(|row| Some((row.space_id?, row.site_id?)));
        self.sites.extend(begun);
        self.load(connection, &rows).await?;
        for row in &mut rows {
            row.site_id = row.site_id.or_else(|| self.sites.get(&row.space_id?).copied());
        }
        if self.sites.len() > KEPT {
            self.sites.clear();
        }
        insert(connection, "activity", &rows).await
    }

    /// Makes the sites known on which spaces are or were: their beginnings are activity too.
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

/// The row of an event, if it is one that tells of a doing.
fn row(decoded: &Decoded<'_>) -> Option<Activity> {
    let recorded = decoded.recorded;
    let Doing { at, actor, summary, site_id, space_id } = Doing::of(decoded.event)?;
    let stream = decoded.stream_uuid();
    let (mut row_tenant, mut row_site, mut row_space, mut dev_eui) =
        (recorded.tenant_id, site_id, space_id, None);
    match decoded.event {
        // Whoever did it, it was done to this tenant.
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
