//! Read model `spaces`: all spaces that are not deleted, as their operators describe them.

pub(crate) mod descriptions;
pub mod read;

use parking_domain::instant::Instant;
use parking_domain::space::{Definition, SpaceEvent};
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::feed::RecordedEvent;
use crate::engine::projection::{Decoded, Tables};
use crate::engine::rows::{Row, Rows};
use crate::registry::spaces::descriptions::SpaceDescription;

pub(crate) const TABLES: Tables =
    Tables { names: &["spaces"], internal: &[], schema: include_str!("spaces.sql") };

/// A space that is not deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Space {
    /// Its id.
    pub space_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// Unique on its site.
    pub code: String,
    /// The definition its operator gave it.
    pub definition: Definition,
    /// When it was created.
    pub created_at: Instant,
    /// When its code or its definition last changed.
    pub updated_at: Instant,
    /// The event that last changed them.
    pub position: i64,
}

impl Row for Space {
    const TABLE: &'static str = "spaces";
    const KEY: &'static str = "space_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.space_id
    }
}

/// Applies space events to rows, and collects the descriptions that they give.
#[derive(Default)]
pub(crate) struct Spaces {
    rows: Rows<Space>,
    described: Vec<SpaceDescription>,
}

impl Spaces {
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), sqlx::Error> {
        let space_events = events.iter().filter(|decoded| matches!(decoded.event, Event::Space(_)));
        self.rows.load(connection, space_events.filter_map(Decoded::stream_uuid)).await?;
        for decoded in events {
            if let (Event::Space(event), Some(space_id)) = (&decoded.event, decoded.stream_uuid()) {
                self.take(space_id, event, decoded.recorded);
            }
        }
        self.rows.save(connection).await?;
        descriptions::save(connection, &std::mem::take(&mut self.described)).await
    }

    fn take(&mut self, space_id: Uuid, event: &SpaceEvent, recorded: &RecordedEvent) {
        let position = recorded.position;
        match event {
            SpaceEvent::SpaceCreated { tenant_id, site_id, code, definition, at, .. } => {
                self.rows.put(Space {
                    space_id,
                    tenant_id: tenant_id.uuid(),
                    site_id: site_id.uuid(),
                    code: code.clone(),
                    definition: (**definition).clone(),
                    created_at: *at,
                    updated_at: *at,
                    position,
                });
            }
            SpaceEvent::SpaceUpdated { definition, at, .. } => {
                let Some(space) = self.rows.change(&space_id) else { return };
                space.definition.clone_from(definition);
                (space.updated_at, space.position) = (*at, position);
            }
            SpaceEvent::SpaceCodeChanged { to, at, .. } => {
                let Some(space) = self.rows.change(&space_id) else { return };
                space.code.clone_from(to);
                (space.updated_at, space.position) = (*at, position);
            }
            SpaceEvent::SpaceDeleted { .. } => {
                let Some(space) = self.rows.get(&space_id) else { return };
                let place = (space_id, space.tenant_id, space.site_id);
                self.described.push(SpaceDescription::ended(place, recorded));
                self.rows.remove(&space_id);
                return;
            }
            // Other events do not change the space's description.
            _ => return,
        }
        self.described.extend(self.rows.get(&space_id).map(|space| SpaceDescription::of(space, recorded)));
    }
}
